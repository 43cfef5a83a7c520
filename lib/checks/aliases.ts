/** Aliases: the types allowed beside a CNAME or DNAME record, and how many aliases a name may have. */
import { TYPE } from '../dns/rrtype.js'
import type { Findings } from './findings.js'
import type { StoredAt } from '../names/name-changes.js'

/** Types allowed beside a CNAME (RFC 4035 §2.5; KEY for secure updates, RFC 3007 §3.1.1). */
const BESIDE_CNAME: ReadonlySet<number> = new Set([TYPE.CNAME, TYPE.RRSIG, TYPE.NSEC, TYPE.KEY])

/** Judges the records at a name that has an alias. */
export function judgeAliases(records: readonly StoredAt[], findings: Findings): void {
  const cnames = records.filter(({ type }) => type === TYPE.CNAME)
  const dnames = records.filter(({ type }) => type === TYPE.DNAME)
  const { data, at } = cnames[0] ?? dnames[0]!
  if (cnames.length > 1) findings.addRecord('hold', 'A name has more than one CNAME record (RFC 2181 §10.1)', data, at)
  if (dnames.length > 1) findings.addRecord('hold', 'A name has more than one DNAME record (RFC 6672 §2.4)', data, at)
  if (cnames.length > 0 && records.some(({ type }) => !BESIDE_CNAME.has(type)))
    findings.addRecord('hold', 'A name with a CNAME record has other records as well (RFC 1034 §3.6.2)', data, at)
}
