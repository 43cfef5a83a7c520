/**
 * Divides work that comes in callbacks, such as messages on many connections, into turns of the event loop: all callers together get a
 * few milliseconds of each. Beside `pause` (turns.ts), which divides the long work of one caller.
 */

/** Milliseconds of one turn. */
const TURN_MS = 5
/** Messages of one connection at a time. Their promises run after the last of them, and the time of these counts only then. */
export const MESSAGES_AT_ONCE = 16

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
    this.#callFrom(waiting, 0)
  }

  /** One caller after the other. The promises that a call sets off run before the next one, and count as its time. */
  #callFrom(waiting: (() => void)[], from: number): void {
    if (from < waiting.length && this.hasTime) {
      waiting[from]!()
      queueMicrotask(() => this.#callFrom(waiting, from + 1))
      return
    }
    // Callers that could not begin stay in front of callers that came meanwhile.
    if (from < waiting.length) this.#waiting = [...waiting.slice(from), ...this.#waiting]
  }
}

/** The turn of all connections of the process. */
export const connectionsTurn = new SharedTurn()
