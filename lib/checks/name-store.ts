/**
 * The records at chosen names of one zone, read in as few passes as possible: what was looked for once is known from then on, also
 * that it is not there. The SOA, which a view leaves out, is among the records of the apex.
 */
import { TYPE } from '../dns/rrtype.js'
import type { ZoneView } from '../zone/contents-view.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { type Collected, collectNames } from './collect-names.js'
import type { StoredAt } from './name-changes.js'
import { nameKey, namesBetween } from './name-key.js'

const NONE: readonly StoredAt[] = []
const NO_NAMES: ReadonlySet<string> = new Set()

export class NameStore {
  readonly #contents: ZoneContents
  readonly #view: ZoneView
  readonly #nowSeconds: number
  readonly #pause: () => Promise<void>
  readonly #apex: string
  readonly #known = new Set<string>()
  readonly #knownBelow = new Set<string>()
  readonly #records = new Map<string, StoredAt[]>()

  constructor(contents: ZoneContents, view: ZoneView, nowSeconds: number, pause: () => Promise<void>) {
    this.#contents = contents
    this.#view = view
    this.#nowSeconds = nowSeconds
    this.#pause = pause
    this.#apex = nameKey(contents.apex, 0, contents.apex.length)
  }

  /** Of a name that was loaded. */
  readonly at = (key: string): readonly StoredAt[] => this.#records.get(key) ?? NONE

  /** One pass, whatever is known already. */
  async load(names: ReadonlySet<string>, below = NO_NAMES, targets = NO_NAMES): Promise<Collected> {
    const collected = await collectNames(
      this.#view,
      this.#contents.apex,
      { names, below, targets },
      this.#nowSeconds,
      this.#pause,
    )
    for (const [key, records] of collected.byName) {
      this.#records.set(key, records)
      this.#known.add(key)
    }
    for (const key of names) this.#known.add(key)
    for (const key of below) this.#knownBelow.add(key)
    if (names.has(this.#apex)) {
      const { stored } = this.#contents.soa
      this.#records.set(this.#apex, [{ data: stored, at: 0, type: TYPE.SOA }, ...(collected.byName.get(this.#apex) ?? [])])
    }
    return collected
  }

  /** A pass only for what is not known yet. */
  readonly lookup = async (names: ReadonlySet<string>): Promise<(key: string) => readonly StoredAt[]> => {
    const missing = new Set([...names].filter((key) => !this.#known.has(key)))
    if (missing.size > 0) await this.load(missing)
    return this.at
  }

  /** Names with records below these. */
  async lookupBelow(tops: ReadonlySet<string>): Promise<string[]> {
    const missing = new Set([...tops].filter((key) => !this.#knownBelow.has(key)))
    if (missing.size > 0) await this.load(NO_NAMES, missing)
    if (tops.size === 0) return []
    return [...this.#records.keys()].filter((key) => {
      for (const above of namesBetween(key, this.#apex)) if (tops.has(above)) return true
      return false
    })
  }
}
