/**
 * Divides work that comes in callbacks, such as messages on many connections, into turns of the event loop: all callers together get a
 * few milliseconds of each. Beside `pause` (turns.ts), which divides the long work of one caller.
 */

/** Milliseconds of one turn. */
const TURN_MS = 5

export class SharedTurn {
  readonly #now: () => number
  /** Begin of the turn; undefined in a turn without work so far. */
  #since: number | undefined
  /** Callers that go on in a later turn. */
  #waiting: (() => void)[] = []

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** A caller may work in this turn; a caller that may not calls `later`. */
  get hasTime(): boolean {
    if (this.#since === undefined) this.#begin()
    return this.#now() - this.#since! < TURN_MS
  }

  #begin(): void {
    this.#since = this.#now()
    setImmediate(() => this.#end())
  }

  /** Calls `go` in a later turn, in the order of the calls. `go` never throws. */
  later(go: () => void): void {
    this.#waiting.push(go)
    if (this.#since === undefined) this.#begin()
  }

  #end(): void {
    this.#since = undefined
    if (this.#waiting.length === 0) return
    this.#begin()
    const waiting = this.#waiting
    this.#waiting = []
    let next = 0
    while (next < waiting.length && this.hasTime) waiting[next++]!()
    // Callers that could not begin stay in front of callers that came meanwhile.
    if (next < waiting.length) this.#waiting = [...waiting.slice(next), ...this.#waiting]
  }
}

/** The turn of all connections of the process. */
export const connectionsTurn = new SharedTurn()
