/** Decides if a node was heard lately, by a steady clock: a step of the wall clock neither mutes a node nor keeps it audible. */

/** The clocks of two processes that follow the same time differ by no more. */
const SKEW_MS = 1_000

export class Hearing {
  readonly #heard = new Map<string, { answeredAt: number; steadyAt: number }>()

  /**
   * All times in milliseconds. `answeredAt`: time of the last answer, on the clock of `now`. `steady`: a clock that is never set. An
   * answer from the future counts as none.
   */
  isHeard(node: string, answeredAt: number, now: number, steady: number, limitMs: number): boolean {
    const age = now - answeredAt
    if (age < -SKEW_MS) return false
    let heard = this.#heard.get(node)
    if (heard?.answeredAt !== answeredAt && age < limitMs) {
      heard = { answeredAt, steadyAt: steady - Math.max(0, age) }
      this.#heard.set(node, heard)
    }
    return heard !== undefined && steady - heard.steadyAt < limitMs
  }

  forget(node: string): void {
    this.#heard.delete(node)
  }
}
