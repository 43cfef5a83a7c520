/**
 * The records at chosen names of one zone. A result is remembered, including that a name does not exist. Records are found by the
 * zone's index when it exists or is quickly made, otherwise in as few passes over the zone as possible: a caller that commits
 * large zones makes the index while no request waits. The SOA, which a view leaves out, is among the records of the apex.
 */
import { TYPE } from '../dns/rrtype.js'
import type { ZoneView } from '../zone/contents-view.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { collectIndexed, type Figured } from './collect-indexed.js'
import { type Collected, collectNames, type Wanted } from './collect-names.js'
import { type NameChange, NO_RECORDS, type StoredAt } from './name-changes.js'
import { nameKey, namesBetween } from './name-key.js'

const NO_NAMES: ReadonlySet<string> = new Set()

export class NameStore {
  readonly #contents: ZoneContents
  readonly #view: ZoneView
  readonly #figured: Figured
  readonly #pause: () => Promise<void>
  readonly #usesIndex: boolean
  readonly #apex: string
  readonly #knownBelow = new Set<string>()
  /** Known names that are not touched by the change; some have no records. */
  readonly #records = new Map<string, readonly StoredAt[]>()
  /** Names of a change, which have their records themselves. */
  readonly #touched: ReadonlyMap<string, NameChange>

  constructor(
    contents: ZoneContents,
    view: ZoneView,
    figured: Figured,
    pause: () => Promise<void>,
    touched: ReadonlyMap<string, NameChange> = new Map(),
  ) {
    this.#touched = touched
    this.#contents = contents
    this.#view = view
    this.#figured = figured
    this.#pause = pause
    this.#usesIndex = contents.isIndexed
    this.#apex = nameKey(contents.apex, 0, contents.apex.length)
  }

  /** Records of a name that was loaded. */
  readonly at = (key: string): readonly StoredAt[] => this.#known(key) ?? NO_RECORDS

  #known(key: string): readonly StoredAt[] | undefined {
    return this.#records.get(key) ?? this.#touched.get(key)?.now
  }

  /** Loads the names even if they are known. */
  async load(names: ReadonlySet<string>, below = NO_NAMES, targets = NO_NAMES): Promise<Collected> {
    return await this.#collect({ names, below, targets, touched: [] }, this.#figured)
  }

  /** The same, with the records at each name of the change. The apex is among `names`. */
  async loadTouched(names: ReadonlySet<string>, below: ReadonlySet<string>, targets: ReadonlySet<string>): Promise<Collected> {
    const touched: NameChange[] = []
    for (const change of this.#touched.values()) if (change.key !== this.#apex) touched.push(change)
    return await this.#collect({ names, below, targets, touched }, this.#figured)
  }

  async #collect(wanted: Wanted, figured: Figured | undefined): Promise<Collected> {
    const { names, below } = wanted
    const collected = (await this.#indexed(wanted, figured)) ?? (await this.#passOver(wanted))
    const { byName } = collected
    for (const [key, records] of byName) this.#records.set(key, records)
    if (byName.size < names.size || below.size > 0)
      for (const key of names) if (!byName.has(key)) this.#records.set(key, NO_RECORDS)
    for (const key of below) this.#knownBelow.add(key)
    if (names.has(this.#apex)) {
      const { stored } = this.#contents.soa
      this.#records.set(this.#apex, [{ data: stored, at: 0, type: TYPE.SOA }, ...(collected.byName.get(this.#apex) ?? [])])
    }
    return collected
  }

  /** Undefined when there is no index, or when it cannot answer. */
  async #indexed(wanted: Wanted, figured: Figured | undefined): Promise<Collected | undefined> {
    if (!this.#usesIndex) return undefined
    const index = await this.#contents.indexOwners(this.#pause)
    return await collectIndexed(index, this.#view, this.#apex, wanted, figured, this.#pause)
  }

  async #passOver(wanted: Wanted): Promise<Collected> {
    const { touched } = wanted
    const names = new Set(wanted.names)
    for (const { key } of touched) names.add(key)
    const all = { ...wanted, names }
    const collected = await collectNames(this.#view, this.#contents.apex, all, this.#figured.nowSeconds, this.#pause)
    for (const change of touched) {
      change.now = collected.byName.get(change.key) ?? NO_RECORDS
      collected.byName.delete(change.key)
    }
    return collected
  }

  /** Loads only unknown names. */
  readonly lookup = async (names: ReadonlySet<string>): Promise<(key: string) => readonly StoredAt[]> => {
    const missing = new Set([...names].filter((key) => this.#known(key) === undefined))
    if (missing.size > 0) await this.#collect({ names: missing, below: NO_NAMES, targets: NO_NAMES, touched: [] }, undefined)
    return this.at
  }

  /** Names with records below these. */
  async lookupBelow(tops: ReadonlySet<string>): Promise<string[]> {
    const missing = new Set([...tops].filter((key) => !this.#knownBelow.has(key)))
    if (missing.size > 0) await this.#collect({ names: NO_NAMES, below: missing, targets: NO_NAMES, touched: [] }, undefined)
    if (tops.size === 0) return []
    const isBelow = (key: string): boolean => {
      for (const above of namesBetween(key, this.#apex)) if (tops.has(above)) return true
      return false
    }
    const keys: string[] = []
    for (const [key, records] of this.#records) if (records.length > 0 && isBelow(key)) keys.push(key)
    for (const { key, now } of this.#touched.values()) if (now !== undefined && now.length > 0 && isBelow(key)) keys.push(key)
    return keys
  }
}
