/**
 * One pass over a zone that collects all data for judging a change: the records at the names that it touches, names below an
 * added or removed delegation, NS records that point at a name without addresses; and facts that need a pass over every record.
 * Some 60 ns for a record, in slices.
 */
import { rdataStart, STORED_HEAD, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { ZoneView } from '../zone/contents-view.js'
import { ownerKey } from './name-key.js'
import type { NameChange, StoredAt } from './name-changes.js'
import { EndingFilter, NameFilter } from './name-filter.js'
import { Expirations } from './expirations.js'

/** Some 1 ms of work. */
const RECORDS_PER_SLICE = 10_000

export interface Wanted {
  /** All records at these names. */
  names: ReadonlySet<string>
  /** All records strictly below these names. */
  below: ReadonlySet<string>
  /** NS records that point at these names or below them. */
  targets: ReadonlySet<string>
  /** Names of a change, none of which is among `names`: the pass adds the records of each. */
  touched: readonly NameChange[]
}

export interface Collected {
  byName: Map<string, StoredAt[]>
  pointing: StoredAt[]
  expirations: Expirations
  nsec3: { count: number; optOut: number }
}

export async function collectNames(
  view: ZoneView,
  apex: Buffer,
  wanted: Omit<Wanted, 'touched'>,
  nowSeconds: number,
  pause: () => Promise<void>,
): Promise<Collected> {
  const names = new NameFilter(wanted.names, apex.length)
  const below = new NameFilter(wanted.below, apex.length)
  const targets = new TargetFilter(wanted.targets, apex)
  const owners = new EndingFilter(apex.length)
  for (const name of wanted.names) owners.add(name, false)
  for (const name of wanted.below) owners.add(name, true)
  const byName = new Map<string, StoredAt[]>()
  const pointing: StoredAt[] = []
  const expirations = new Expirations(nowSeconds)
  const nsec3 = { count: 0, optOut: 0 }
  const looksBelow = !below.isEmpty
  const looksAtTargets = wanted.targets.size > 0
  const keep = (key: string, record: StoredAt): void => {
    const records = byName.get(key)
    if (records === undefined) byName.set(key, [record])
    else records.push(record)
  }
  const visit = (data: Buffer, at: number): void => {
    const length = data[at]!
    const type = storedType(data, at)
    if (type === TYPE.RRSIG) expirations.note(data, at)
    else if (type === TYPE.NSEC3) {
      nsec3.count += 1
      // RFC 5155 §3.1.2.1: the lowest bit of the flags.
      nsec3.optOut += data[rdataStart(data, at) + 1]! & 1
    }
    if (owners.mayMatch(data, at + STORED_HEAD, length)) {
      let key = names.match(data, at + STORED_HEAD, length)
      if (key === undefined && looksBelow && below.matchAbove(data, at + STORED_HEAD, length) !== undefined)
        key = ownerKey(data, at)
      if (key !== undefined) keep(key, { data, at, type })
    }
    if (looksAtTargets && type === TYPE.NS && targets.match(data, at)) pointing.push({ data, at, type })
  }
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = view.walk(from, RECORDS_PER_SLICE, visit)
    if (from !== undefined) await pause()
  }
  return { byName, pointing, expirations, nsec3 }
}

/** NS records by their target, which is their RDATA. Most targets are outside the zone, and end differently. */
class TargetFilter {
  readonly #apex: Buffer
  readonly #endings: EndingFilter
  readonly #names: NameFilter

  constructor(names: ReadonlySet<string>, apex: Buffer) {
    this.#apex = apex
    this.#endings = new EndingFilter(apex.length)
    for (const name of names) this.#endings.add(name, true)
    this.#names = new NameFilter(names, apex.length)
  }

  match(data: Buffer, at: number): boolean {
    const apex = this.#apex
    const from = rdataStart(data, at)
    const length = (data[from - 2]! << 8) | data[from - 1]!
    if (length < apex.length || !this.#endings.mayMatch(data, from, length)) return false
    const end = from + length
    for (let i = 1; i <= apex.length; i++) if ((data[end - i]! | 0x20) !== (apex[apex.length - i]! | 0x20)) return false
    return this.#names.match(data, from, length) !== undefined || this.#names.matchAbove(data, from, length) !== undefined
  }
}
