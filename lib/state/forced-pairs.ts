/** The table `forces`: the last forced transfer of each pair that was forced lately, and the pairs that need an operator. */
import type { ZoneName } from '../dns/name.js'
import { pause } from '../runtime/turns.js'
import type { ForceCell } from './force-cell.js'
import { splitPair } from './tables.js'

const DAY_MS = 86_400_000
/** An order to force nodes is valid for as long; when it goes on after a restart, it does not force these pairs again. */
const KEEP_CONFIRMED_MS = 7 * DAY_MS
/** As long as the claim by which a hub forces a node once for each version (force-permits.ts). */
const KEEP_FAILED_MS = 30 * DAY_MS

export class ForcedPairs {
  readonly #cells = new Map<string, ForceCell>()
  /** Zones that need an operator, by node. */
  readonly #needing = new Map<string, Set<ZoneName>>()

  get(key: string): ForceCell | undefined {
    return this.#cells.get(key)
  }

  set(key: string, cell: ForceCell): void {
    this.#cells.set(key, cell)
    this.#note(key, cell.needsOperator === true)
  }

  entries(): IterableIterator<[string, ForceCell]> {
    return this.#cells.entries()
  }

  /** Zones with a fault on the node that a forced transfer did not end, as far as it was not cured since. */
  needing(node: string): ReadonlySet<ZoneName> {
    return this.#needing.get(node) ?? NONE
  }

  #note(key: string, needsOperator: boolean): void {
    const [zone, node] = splitPair(key)
    const zones = this.#needing.get(node)
    if (needsOperator) this.#needing.set(node, (zones ?? new Set()).add(zone as ZoneName))
    else if (zones?.delete(zone as ZoneName) === true && zones.size === 0) this.#needing.delete(node)
  }

  #delete(key: string): void {
    this.#cells.delete(key)
    this.#note(key, false)
  }

  /** After a reload. */
  forget(zones: readonly { name: ZoneName }[], { nodes }: { nodes: { has: (id: string) => boolean } }): void {
    const gone = new Set<string>(zones.map(({ name }) => name))
    for (const key of this.#cells.keys()) {
      const [zone, node] = splitPair(key)
      if (gone.has(zone) || !nodes.has(node)) this.#delete(key)
    }
  }

  /** Forgets old cells, in slices. Returns their keys. */
  async forgetOld(now: number): Promise<string[]> {
    const old: string[] = []
    for (const [key, { at, outcome }] of this.#cells) {
      if (now - at > (outcome === 'confirmed' ? KEEP_CONFIRMED_MS : KEEP_FAILED_MS)) {
        old.push(key)
        this.#delete(key)
      }
      await pause()
    }
    return old
  }
}

const NONE: ReadonlySet<ZoneName> = new Set()
