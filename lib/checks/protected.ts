/** The check `protected`: records that an operator declared indispensable are present. */
import { sameWireName } from '../dns/name.js'
import { rdataLength, rdataStart } from '../dns/record.js'
import { parseRecord, type WrittenRecord } from '../dns/record-words.js'
import { typeName } from '../dns/rrtype.js'
import { foldedRange } from '../zone/record-hash.js'
import type { CheckReport, CheckSettings } from './check.js'
import { counted, Findings } from './findings.js'
import type { StoredAt } from '../names/name-changes.js'
import { isWithin, keyText, nameKey } from '../names/name-key.js'

interface Protected extends WrittenRecord {
  key: string
  text: string
}

/** Records of the settings that are at the apex or below it. Throws WireError for a text that is not a record. */
export function protectedIn(records: readonly string[], apex: string): Protected[] {
  return records.flatMap((text) => {
    const written = parseRecord(text)
    const key = nameKey(written.owner, 0, written.owner.length)
    return isWithin(key, apex) ? [{ ...written, key, text }] : []
  })
}

export function checkProtected(
  list: readonly Protected[],
  recordsAt: (key: string) => readonly StoredAt[],
  settings: CheckSettings['protected'],
): CheckReport {
  const findings = new Findings()
  for (const wanted of list) {
    const rrset = recordsAt(wanted.key).filter(({ type }) => type === wanted.type)
    if (rrset.length === 0)
      findings.add('hold', 'A protected record is missing', `${keyText(wanted.key)} has no ${typeName(wanted.type)} record`)
    else if (wanted.rdata !== undefined && !rrset.some((record) => hasRdata(record, wanted.rdata!)))
      findings.add('hold', 'A protected record is missing, and others are in its place', wanted.text)
  }
  const said =
    list.length === 0 ? 'No record of this zone is protected.' : `${counted(list.length, 'protected record')}, all of them there.`
  return findings.toReport('protected', settings.mode, said)
}

/** Names inside RDATA compare without regard to case (RFC 4034 §6.2). */
function hasRdata({ data, at, type }: StoredAt, wanted: Buffer): boolean {
  const start = rdataStart(data, at)
  const rdata = data.subarray(start, start + rdataLength(data, at))
  if (rdata.equals(wanted)) return true
  const range = rdata.length === wanted.length ? foldedRange(data, type, start, start + rdata.length) : undefined
  if (range === undefined) return false
  const [from, to] = [range.from - start, range.to - start]
  return (
    rdata.subarray(0, from).equals(wanted.subarray(0, from)) &&
    rdata.subarray(to).equals(wanted.subarray(to)) &&
    sameWireName(rdata.subarray(from, to), wanted.subarray(from, to))
  )
}
