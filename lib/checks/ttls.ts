/** RRsets whose records have several TTLs: resolvers treat them differently (RFC 2181 §5.2). */
import { storedTtl } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { Findings } from './findings.js'

/** For the current name, by type: the TTL of its first record, and the name that set it. Nothing is cleared between names. */
const TTLS = new Uint32Array(1 << 16)
const NAMES = new Uint32Array(1 << 16)
let name = 0

/** A name with its records, one type for each; `count` of them. */
interface NamedRecords {
  readonly types: readonly number[]
  readonly count: number
  dataOf(i: number): Buffer
  atOf(i: number): number
}

/** Reports one finding for each RRset. RRSIGs have the TTL of the type covered (RFC 4034 §3), so they are not an RRset. */
export function judgeTtls(records: NamedRecords, findings: Findings): void {
  if (!haveOneTtl(records)) judgeEach(records, findings)
}

/** True for nearly all names: then types are not read. */
function haveOneTtl(records: NamedRecords): boolean {
  const ttl = storedTtl(records.dataOf(0), records.atOf(0))
  for (let i = 1; i < records.count; i++) if (storedTtl(records.dataOf(i), records.atOf(i)) !== ttl) return false
  return true
}

function judgeEach(records: NamedRecords, findings: Findings): void {
  name = (name + 1) >>> 0
  if (name === 0) {
    NAMES.fill(0)
    name = 1
  }
  let reported = -1
  for (let i = 0; i < records.count; i++) {
    const type = records.types[i]!
    if (type === TYPE.RRSIG) continue
    const data = records.dataOf(i)
    const at = records.atOf(i)
    const ttl = storedTtl(data, at)
    if (NAMES[type] !== name) {
      NAMES[type] = name
      TTLS[type] = ttl
    } else if (TTLS[type] !== ttl && type !== reported) {
      reported = type
      findings.addRecord('warn', 'An RRset has several TTLs (RFC 2181 §5.2)', data, at)
    }
  }
}
