/**
 * The DNSKEY records of a zone (RFC 4034 §2) as keys that verify. A key tag does not identify a key: several keys may share one
 * (.ru 2024, .de 2026), and a signature is good when any of them verifies it (RFC 4035 §5.3.1).
 */
import { rdataLength, rdataStart } from '../../dns/record.js'
import { TYPE } from '../../dns/rrtype.js'
import type { Findings } from '../findings.js'
import type { StoredAt } from '../../names/name-changes.js'
import { algorithmName, excessOf, importKey } from './import-key.js'
import { MOST_KEYS } from './limits.js'

export const isKnownAlgorithm = (algorithm: number): boolean => algorithmName(algorithm) !== undefined

export interface ZoneKey {
  record: StoredAt
  rdata: Buffer
  /** Index in `keys`. */
  index: number
  tag: number
  algorithm: number
  /** RFC 5011 §2.1: a revoked key signs only the DNSKEY RRset. */
  isRevoked: boolean
}

/** RFC 4034 Appendix B. */
function keyTag(rdata: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < rdata.length; i++) sum += i & 1 ? rdata[i]! : rdata[i]! << 8
  return (sum + ((sum >>> 16) & 0xffff)) & 0xffff
}

const ZONE_KEY = 0x0100
const REVOKED = 0x0080

export class ZoneKeys {
  readonly keys: ZoneKey[] = []
  /** Keys above the limits: reported and never used. */
  readonly #refused: { tag: number; algorithm: number }[] = []
  /** Algorithms of the keys that sign the zone, known here or not. */
  readonly algorithms = new Set<number>()
  readonly isSigned: boolean

  constructor(apexRecords: readonly StoredAt[], findings: Findings) {
    const records = apexRecords.filter(({ type }) => type === TYPE.DNSKEY)
    this.isSigned = records.length > 0
    const [beyond] = records.splice(MOST_KEYS)
    if (beyond !== undefined)
      findings.addRecord(
        'hold',
        `The apex has more than ${MOST_KEYS} DNSKEY records; this one and those after it were not read (CVE-2023-50387)`,
        beyond.data,
        beyond.at,
      )
    for (const record of records) this.#read(record, findings)
  }

  #read(record: StoredAt, findings: Findings): void {
    const { data, at } = record
    const start = rdataStart(data, at)
    const rdata = data.subarray(start, start + rdataLength(data, at))
    const flags = rdata.readUInt16BE(0)
    const algorithm = rdata[3]!
    // RFC 4034 §2.1.1, §2.1.2: other keys verify nothing.
    if ((flags & ZONE_KEY) === 0 || rdata[2] !== 3) return
    const isRevoked = (flags & REVOKED) !== 0
    if (!isRevoked) this.algorithms.add(algorithm)
    const name = algorithmName(algorithm)
    if (name === undefined) {
      findings.addRecord('warn', 'A DNSKEY has an algorithm that is not verified here', data, at)
      return
    }
    const tag = keyTag(rdata)
    try {
      const excess = excessOf(rdata)
      if (excess !== undefined) {
        this.#refused.push({ tag, algorithm })
        findings.addRecord('hold', `A DNSKEY has ${excess}; it verifies nothing here (CVE-2023-50387)`, data, at)
        return
      }
      importKey(rdata)
      this.keys.push({ record, rdata, index: this.keys.length, tag, algorithm, isRevoked })
    } catch {
      findings.addRecord('hold', `A DNSKEY record holds no ${name} key`, data, at)
    }
  }

  /** A refused key has the tag and algorithm. */
  isRefused(tag: number, algorithm: number): boolean {
    return this.#refused.some((key) => key.tag === tag && key.algorithm === algorithm)
  }

  /** All keys that may have made the signature. */
  candidates(tag: number, algorithm: number, covered: number): readonly ZoneKey[] {
    return this.keys.filter(
      (key) => key.tag === tag && key.algorithm === algorithm && (!key.isRevoked || covered === TYPE.DNSKEY),
    )
  }
}
