/**
 * The only source of time. Timers, soaks and expiry use `now`, which runs steadily: a change of the machine's clock neither stops
 * a timer nor ends a soak. Signatures and displayed times use the wall clock.
 */

export interface Clock {
  /** Milliseconds since 1970, at the machine's own steady pace. */
  now(): number
  /** The machine's clock, milliseconds since 1970; equals `now` when left out. */
  wall?(): number
}

/** `now` approaches the wall clock at this share of its pace: it is never faster or slower by more than that. */
const SLEW = 0.05

/** Starts at the wall clock's time and follows it without ever jumping or going back. */
export class SteadyClock implements Clock {
  readonly #wall: () => number
  readonly #steady: () => number
  /** The last returned time, and its time in the steady source. */
  #last: number
  #lastAt: number

  /** `steady`: milliseconds from any moment, never set by a user. */
  constructor(wall: () => number = () => Date.now(), steady: () => number = () => performance.now()) {
    this.#wall = wall
    this.#steady = steady
    this.#last = wall()
    this.#lastAt = steady()
  }

  now(): number {
    const at = this.#steady()
    const elapsed = Math.max(0, at - this.#lastAt)
    const straight = this.#last + elapsed
    const off = this.#wall() - straight
    this.#last = straight + Math.max(-elapsed * SLEW, Math.min(elapsed * SLEW, off))
    this.#lastAt = at
    return Math.floor(this.#last)
  }

  wall(): number {
    return this.#wall()
  }
}

export const systemClock: Clock = new SteadyClock()

/** Whole seconds since 1970 by the wall clock, for TSIG. */
export const seconds = (clock: Clock): number => Math.floor((clock.wall?.() ?? clock.now()) / 1000)

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
