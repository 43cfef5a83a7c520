/** How often a primary is asked for the SOA of a zone, however many NOTIFYs come and in whose name. Pure: the caller brings the time. */

/** In the long run; milliseconds. */
const EVERY_MS = 1_000
/** So many at once: changes come in bursts, and the first of them is not to wait for the look before it. */
const BURST = 4

export class PollPace {
  /** The looks so far are paid for until then. */
  #paidUntil = Number.NEGATIVE_INFINITY

  notePoll(now: number): void {
    this.#paidUntil = Math.max(this.#paidUntil, now) + EVERY_MS
  }

  /** When the next look may be, milliseconds as `now`. */
  get earliest(): number {
    return this.#paidUntil - (BURST - 1) * EVERY_MS
  }
}
