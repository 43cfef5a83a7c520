/**
 * Limits the polls of a primary for one zone that NOTIFYs cause, however many come and from any source. Pure: the caller passes the time.
 */

/** Milliseconds per poll in the long run. */
const EVERY_MS = 1_000
/** Polls at once: changes come in bursts, and the first of them must not wait for the poll before it. */
const BURST = 4

export class PollPace {
  /** The time until which the polls so far are paid for. */
  #paidUntil = Number.NEGATIVE_INFINITY

  notePoll(now: number): void {
    this.#paidUntil = Math.max(this.#paidUntil, now) + EVERY_MS
  }

  /** Nothing limits the next polls. */
  isFresh(now: number): boolean {
    return this.#paidUntil <= now
  }

  /** The time of the next allowed poll, milliseconds like `now`. */
  get earliest(): number {
    return this.#paidUntil - (BURST - 1) * EVERY_MS
  }
}
