/** Batches that are being computed: their number of octets, their answers in order, and the first failure. */

/** Octets of one check's pending batches: some 100 ms of work. */
const MOST_OCTETS = 1 << 20

export class InFlight {
  #octets = 0
  #failure: { error: unknown } | undefined
  #wake: (() => void) | undefined
  #leastForWaking = 0
  /** Resolves when the answers of all batches added so far were passed on. */
  #last: Promise<void> = Promise.resolve()

  /**
   * Calls `take` with the answer, after the answers of all earlier batches, and not after a failure. An error thrown by `take` is
   * a failure.
   */
  add<T>(octets: number, answer: Promise<T>, take: (answer: T) => void): void {
    this.#octets += octets
    const before = this.#last
    // The answer is awaited later and must not count as unhandled until then.
    answer.catch(() => undefined)
    this.#last = this.#settle(before, octets, answer, take)
  }

  async #settle<T>(before: Promise<void>, octets: number, answer: Promise<T>, take: (answer: T) => void): Promise<void> {
    await before
    try {
      const got = await answer
      if (this.#failure === undefined) take(got)
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#octets -= octets
    if (this.#failure !== undefined || this.#octets <= this.#leastForWaking) this.#wake?.()
  }

  /** Undefined when there is room; else resolves when half of it is free. Rejects after a failure. */
  room(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    return this.#octets < MOST_OCTETS ? undefined : this.#untilLeft(MOST_OCTETS / 2)
  }

  async drain(): Promise<void> {
    if (this.#octets > 0) await this.#untilLeft(0)
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #untilLeft(octets: number): Promise<void> {
    this.#leastForWaking = octets
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
