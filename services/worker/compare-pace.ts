/**
 * Decides when comparisons may begin that no version waits for: a few per primary, so that a slow primary delays only its own,
 * and one per zone and primary, with a pause after it. Pure: the caller passes the time, milliseconds since 1970.
 */

/** Comparisons with one primary at a time. */
const PER_PRIMARY = 2
/** Least time from the start of a comparison to the next one of the same zone and primary. */
const EVERY_MS = 5_000
/** The pause after a comparison, in multiples of its duration: a large zone is not transferred all the time. */
const PAUSE_FACTOR = 10

export class ComparePace {
  /** By primary. */
  readonly #running = new Map<string, number>()
  /** By zone and primary: the earliest time of the next comparison; infinity while one runs. */
  readonly #until = new Map<string, number>()

  mayBegin(pair: string, primary: string, now: number): boolean {
    return (this.#running.get(primary) ?? 0) < PER_PRIMARY && now >= (this.#until.get(pair) ?? 0)
  }

  /** Undefined when it must wait; else a function to call after the comparison. */
  begin(pair: string, primary: string, now: number): ((now: number) => void) | undefined {
    if (!this.mayBegin(pair, primary, now)) return undefined
    this.#running.set(primary, (this.#running.get(primary) ?? 0) + 1)
    this.#until.set(pair, Number.POSITIVE_INFINITY)
    return (endedAt) => {
      const left = this.#running.get(primary)! - 1
      if (left > 0) this.#running.set(primary, left)
      else this.#running.delete(primary)
      this.#until.set(pair, Math.max(now + EVERY_MS, endedAt + (endedAt - now) * PAUSE_FACTOR))
    }
  }
}
