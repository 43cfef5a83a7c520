/**
 * Some names of a zone with all their records, and which of them exist: enough to know a name server's answers about them. One pass
 * over the zone, in slices.
 */
import { STORED_HEAD, storedLength, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { EndingFilter, NameFilter } from '../names/name-filter.js'
import { nameKey, namesBetween, ownerKey } from '../names/name-key.js'
import type { ZoneView } from '../zone/contents-view.js'
import { sameOwner } from '../zone/name-chains.js'

/** Some 1 ms of work. */
const RECORDS_PER_SLICE = 5_000
/** Records of one name; a larger name is not asked about. */
const MOST_AT_NAME = 256

export const wildcardOf = (key: string): string => `\x01*${key}`

export interface ZoneSlice {
  /** Key of the apex. */
  apex: string
  /** The records at the name, in stored form. */
  at: (key: string) => readonly Buffer[]
  /** The name has records, or names below it that have some. Only for names of the slice. */
  exists: (key: string) => boolean
  /** The name has more records than were collected. */
  isCut: (key: string) => boolean
  /** The apex has signatures. */
  isSigned: boolean
}

/** The names that decide on the answer about each of the names: those above it, and the wildcards there. */
export function decidingNames(names: Iterable<string>, apex: string): Set<string> {
  const all = new Set([apex])
  for (const name of names) {
    all.add(name)
    for (const above of [...namesBetween(name, apex), apex]) all.add(above).add(wildcardOf(above))
  }
  return all
}

/** `soa`: the SOA in stored form, which a view leaves out. The records are copies. */
export async function sliceOf(
  view: ZoneView,
  apexWire: Buffer,
  soa: Buffer,
  names: Iterable<string>,
  pause: () => Promise<void>,
): Promise<ZoneSlice> {
  const apex = nameKey(apexWire, 0, apexWire.length)
  const wanted = decidingNames(names, apex)
  const filter = new NameFilter(wanted, apexWire.length)
  const endings = new EndingFilter(apexWire.length)
  for (const name of wanted) if (name !== apex) endings.add(name, true)
  const byName = new Map<string, Buffer[]>([[apex, [Buffer.from(soa)]]])
  const existing = new Set<string>([apex])
  const cut = new Set<string>()
  let last: { data: Buffer; at: number; key: string | undefined } | undefined
  const visit = (data: Buffer, at: number): void => {
    if (last === undefined || !sameOwner(last.data, last.at, data, at)) last = { data, at, key: newOwner(data, at) }
    const { key } = last
    if (key === undefined) return
    const records = byName.get(key) ?? []
    byName.set(key, records)
    if (records.length >= MOST_AT_NAME) cut.add(key)
    else records.push(Buffer.from(data.subarray(at, at + storedLength(data, at))))
  }
  /** The key of an owner that is wanted; wanted names above it exist. */
  const newOwner = (data: Buffer, at: number): string | undefined => {
    const [from, length] = [at + STORED_HEAD, data[at]!]
    // NSEC3 owners are no names of the zone (RFC 5155 §7.2.8).
    if (storedType(data, at) !== TYPE.NSEC3 && endings.mayMatch(data, from, length))
      for (const above of namesBetween(ownerKey(data, at), apex)) if (wanted.has(above)) existing.add(above)
    const key = filter.match(data, from, length)
    if (key !== undefined) existing.add(key)
    return key
  }
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = view.walk(from, RECORDS_PER_SLICE, visit)
    if (from !== undefined) await pause()
  }
  const at = (key: string): readonly Buffer[] => byName.get(key) ?? []
  return {
    apex,
    at,
    exists: (key) => existing.has(key),
    isCut: (key) => cut.has(key),
    isSigned: at(apex).some((record) => storedType(record, 0) === TYPE.RRSIG),
  }
}
