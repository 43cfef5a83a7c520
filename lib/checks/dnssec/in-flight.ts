/** Batches that are being computed: how many octets they have, their answers in order, and the first failure. */

/** Octets of batches on their way for one check: some 100 ms of work. */
const MOST_OCTETS = 1 << 20

export class InFlight {
  #octets = 0
  #failure: { error: unknown } | undefined
  #wake: (() => void) | undefined
  #leastForWaking = 0
  /** Resolves when everything added so far has been taken. */
  #last: Promise<void> = Promise.resolve()

  /** `take` is called with the answer, after those of all batches before; not after a failure. What it throws is a failure. */
  add<T>(octets: number, answer: Promise<T>, take: (answer: T) => void): void {
    this.#octets += octets
    const before = this.#last
    // What is awaited second must not count as unhandled meanwhile.
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
