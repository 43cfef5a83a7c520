/**
 * The records at chosen names of one zone: what was looked for once is known from then on, also that it is not there. They are found
 * through the zone's index where it is there or soon made, else in as few passes over the zone as possible: whoever commits large zones
 * has the index made while nobody waits. The SOA, which a view leaves out, is among the records of the apex.
 */
import { TYPE } from '../dns/rrtype.js'
import type { ZoneView } from '../zone/contents-view.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { collectIndexed, type Figured } from './collect-indexed.js'
import { type Collected, collectNames, type Wanted } from './collect-names.js'
import type { StoredAt } from './name-changes.js'
import { nameKey, namesBetween } from './name-key.js'

const NONE: readonly StoredAt[] = []
const NO_NAMES: ReadonlySet<string> = new Set()

export class NameStore {
  readonly #contents: ZoneContents
  readonly #view: ZoneView
  readonly #figured: Figured
  readonly #pause: () => Promise<void>
  readonly #usesIndex: boolean
  readonly #apex: string
  readonly #knownBelow = new Set<string>()
  /** Of names that are known; some have none. */
  readonly #records = new Map<string, readonly StoredAt[]>()

  constructor(contents: ZoneContents, view: ZoneView, figured: Figured, pause: () => Promise<void>) {
    this.#contents = contents
    this.#view = view
    this.#figured = figured
    this.#pause = pause
    this.#usesIndex = contents.isIndexed
    this.#apex = nameKey(contents.apex, 0, contents.apex.length)
  }

  /** Of a name that was loaded. */
  readonly at = (key: string): readonly StoredAt[] => this.#records.get(key) ?? NONE

  /** Whatever is known already. */
  async load(names: ReadonlySet<string>, below = NO_NAMES, targets = NO_NAMES): Promise<Collected> {
    return await this.#collect({ names, below, targets }, this.#figured)
  }

  async #collect(wanted: Wanted, figured: Figured | undefined): Promise<Collected> {
    const { names, below } = wanted
    const collected = (await this.#indexed(wanted, figured)) ?? (await this.#passOver(wanted))
    const { byName } = collected
    for (const [key, records] of byName) this.#records.set(key, records)
    if (byName.size < names.size || below.size > 0) for (const key of names) if (!byName.has(key)) this.#records.set(key, NONE)
    for (const key of below) this.#knownBelow.add(key)
    if (names.has(this.#apex)) {
      const { stored } = this.#contents.soa
      this.#records.set(this.#apex, [{ data: stored, at: 0, type: TYPE.SOA }, ...(collected.byName.get(this.#apex) ?? [])])
    }
    return collected
  }

  /** Undefined when there is no index, or when it cannot tell. */
  async #indexed(wanted: Wanted, figured: Figured | undefined): Promise<Collected | undefined> {
    if (!this.#usesIndex) return undefined
    const index = await this.#contents.indexOwners(this.#pause)
    return await collectIndexed(index, this.#view, this.#apex, wanted, figured, this.#pause)
  }

  async #passOver(wanted: Wanted): Promise<Collected> {
    const contents = this.#contents
    return await collectNames(this.#view, contents.apex, wanted, this.#figured.nowSeconds, this.#pause)
  }

  /** Only what is not known yet. */
  readonly lookup = async (names: ReadonlySet<string>): Promise<(key: string) => readonly StoredAt[]> => {
    const missing = new Set([...names].filter((key) => !this.#records.has(key)))
    if (missing.size > 0) await this.#collect({ names: missing, below: NO_NAMES, targets: NO_NAMES }, undefined)
    return this.at
  }

  /** Names with records below these. */
  async lookupBelow(tops: ReadonlySet<string>): Promise<string[]> {
    const missing = new Set([...tops].filter((key) => !this.#knownBelow.has(key)))
    if (missing.size > 0) await this.#collect({ names: NO_NAMES, below: missing, targets: NO_NAMES }, undefined)
    if (tops.size === 0) return []
    const isBelow = (key: string): boolean => {
      for (const above of namesBetween(key, this.#apex)) if (tops.has(above)) return true
      return false
    }
    return [...this.#records].filter(([key, records]) => records.length > 0 && isBelow(key)).map(([key]) => key)
  }
}
