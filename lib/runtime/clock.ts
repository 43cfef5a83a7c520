/**
 * The one door time comes in by. Timers, soaks and expiry go by `now`, which runs steadily: somebody who sets the machine's clock
 * neither stops a timer nor ends a soak. Signatures and what people are shown to the second go by the wall.
 */

export interface Clock {
  /** Milliseconds since 1970, at the machine's own steady pace. */
  now(): number
  /** What the machine's clock shows, milliseconds since 1970; as `now` when left out. */
  wall?(): number
}

/** `now` is brought back to the wall at this share of its pace: it is never more than so much too fast or too slow. */
const SLEW = 0.05

/** A clock that starts at the wall's time and follows it without ever jumping or going back. */
export class SteadyClock implements Clock {
  readonly #wall: () => number
  readonly #steady: () => number
  /** What was last told, and when that was by the steady source. */
  #told: number
  #toldAt: number

  /** `steady`: milliseconds from any moment, never set by anybody. */
  constructor(wall: () => number = () => Date.now(), steady: () => number = () => performance.now()) {
    this.#wall = wall
    this.#steady = steady
    this.#told = wall()
    this.#toldAt = steady()
  }

  now(): number {
    const at = this.#steady()
    const elapsed = Math.max(0, at - this.#toldAt)
    const straight = this.#told + elapsed
    const off = this.#wall() - straight
    this.#told = straight + Math.max(-elapsed * SLEW, Math.min(elapsed * SLEW, off))
    this.#toldAt = at
    return Math.floor(this.#told)
  }

  wall(): number {
    return this.#wall()
  }
}

export const systemClock: Clock = new SteadyClock()

/** Whole seconds since 1970 by the wall, as TSIG wants them. */
export const seconds = (clock: Clock): number => Math.floor((clock.wall?.() ?? clock.now()) / 1000)

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
