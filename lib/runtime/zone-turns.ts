/** Turns of zones, or of nodes: changes to one run one after the other, in the order of their calls; no other one waits. */
import type { ZoneName } from '../dns/name.js'

/** Runs work on a zone while no other work on it is under way. */
export type InTurn<K = ZoneName> = <T>(zone: K, work: () => Promise<T>) => Promise<T>

export class ZoneTurns<K = ZoneName> {
  readonly #last = new Map<K, Promise<unknown>>()

  /** Work on the zone is under way or waits. */
  has(zone: K): boolean {
    return this.#last.has(zone)
  }

  /** Work is under way. */
  get isBusy(): boolean {
    return this.#last.size > 0
  }

  /** Resolves when the work on these zones that is known now has ended, with or without success. */
  async endedOf(zones: ReadonlySet<K>): Promise<void> {
    await Promise.allSettled([...this.#last].filter(([zone]) => zones.has(zone)).map(([, turn]) => turn))
  }

  /** Resolves when all work that is known now has ended, with or without success. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#last.values())
  }

  readonly run: InTurn<K> = async (zone, work) => {
    const before = this.#last.get(zone) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(work)
    this.#last.set(zone, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(zone) === turn) this.#last.delete(zone)
    }
  }
}
