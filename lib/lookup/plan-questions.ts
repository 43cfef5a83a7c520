/** Chooses the questions about a version, and knows the answer to each. Pure. */
import { storedType } from '../dns/record.js'
import { isMetaType, TYPE } from '../dns/rrtype.js'
import { expectedAnswer } from './expected-answer.js'
import type { Asked } from './judge-answer.js'
import type { ZoneSlice } from './zone-slice.js'

/** Questions about one name. */
const MOST_TYPES = 12
/** Servers answer larger RRsets over TCP, and none over 64 KiB. */
const MOST_OCTETS = 30_000
const MOST_RECORDS = 100

/**
 * Types that servers make themselves, answer in their own way (RFC 4035 §3.1, RFC 8482), or that are obsolete and have a special
 * meaning in some.
 */
// biome-ignore format: a list
const NOT_ASKED: ReadonlySet<number> = new Set([
  TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.SIG, TYPE.NXT, TYPE.MD, TYPE.MF, TYPE.A6, TYPE.NULL,
])
/** Asked where the name does not have them. */
const ABSENT_TYPES = [TYPE.TXT, TYPE.A, TYPE.MX, TYPE.HINFO]

export interface SampleNames {
  /** Keys of names whose records are asked for, without the apex. */
  names: readonly string[]
  /** Types that names had in an earlier version: they may be gone. */
  earlier: ReadonlyMap<string, ReadonlySet<number>>
  /** Keys of names made up for this comparison. */
  invented: readonly string[]
}

export const keysOf = ({ names, invented }: SampleNames): string[] => [...names, ...invented]

export function planQuestions(zone: ZoneSlice, sample: SampleNames): Asked[] {
  const asked: Asked[] = []
  const ask = (name: string, type: number): void => {
    const expected = expectedAnswer(zone, name, type)
    if (expected.is === 'unknown' || ('records' in expected && isLarge(expected.records))) return
    asked.push({ name, type, expected, dnssec: zone.isSigned })
  }
  for (const name of [zone.apex, ...sample.names]) {
    const own = typesAt(zone, name)
    const types = new Set([...own, ...(sample.earlier.get(name) ?? [])].filter((type) => mayAsk(zone, name, type)))
    for (const type of [...types].slice(0, MOST_TYPES)) ask(name, type)
    const absent = ABSENT_TYPES.find((type) => !types.has(type))
    if (absent !== undefined) ask(name, absent)
  }
  for (const name of sample.invented) ask(name, TYPE.TXT)
  return asked
}

const typesAt = (zone: ZoneSlice, name: string): number[] => zone.at(name).map((record) => storedType(record, 0))

/** The DS RRset of the apex belongs to the parent zone, and servers look for it there (RFC 4035 §3.1.4.1). */
const mayAsk = (zone: ZoneSlice, name: string, type: number): boolean =>
  !NOT_ASKED.has(type) && !isMetaType(type) && !(type === TYPE.DS && name === zone.apex)

const isLarge = (records: readonly Buffer[]): boolean =>
  records.length > MOST_RECORDS || records.reduce((octets, { length }) => octets + length, 0) > MOST_OCTETS
