/**
 * The time at which each zone of one node must be judged again, in one octet: times are kept in a ring of buckets. The pairs of a
 * bucket are due together, when the first of them is.
 */
import { withLength } from './columns.js'

/** Buckets of the ring; a pair without a time has 0. */
const BUCKETS = 255
/** Buckets that cover the longest time for which an answer is valid: the others are room for clocks that differ. */
const USED = 200

export class DuePairs {
  #buckets = new Uint8Array(0)
  readonly #counts = new Uint32Array(BUCKETS + 1)
  /** No time in the bucket is earlier. */
  readonly #leasts = new Float64Array(BUCKETS + 1).fill(Infinity)
  #width = 1
  #next = Number.POSITIVE_INFINITY

  /** Removes all times. `staleMs`: the longest time ahead for which pairs are exact. */
  reset(staleMs: number): void {
    this.#width = Math.max(1, Math.ceil(staleMs / USED))
    this.#buckets.fill(0)
    this.#counts.fill(0)
    this.#leasts.fill(Infinity)
    this.#next = Number.POSITIVE_INFINITY
  }

  /** A time that is farther away than the ring is long is brought forward. Infinity removes it. */
  set(n: number, time: number, now: number): void {
    const old = this.#buckets[n] ?? 0
    if (old > 0) this.#counts[old]! -= 1
    if (time === Number.POSITIVE_INFINITY) {
      if (old > 0) this.#buckets[n] = 0
      return
    }
    const near = Math.max(now, Math.min(time, now + (BUCKETS - 1) * this.#width))
    const bucket = 1 + (Math.floor(near / this.#width) % BUCKETS)
    this.#buckets = withLength(this.#buckets, n + 1)
    this.#buckets[n] = bucket
    if (this.#counts[bucket] === 0) this.#leasts[bucket] = near
    else this.#leasts[bucket] = Math.min(this.#leasts[bucket]!, near)
    this.#counts[bucket]! += 1
    this.#next = Math.min(this.#next, near)
  }

  has(n: number): boolean {
    return (this.#buckets[n] ?? 0) > 0
  }

  /** No pair is due earlier; Infinity when there is none. */
  get next(): number {
    return this.#next
  }

  #isDue(bucket: number, now: number): boolean {
    return this.#counts[bucket]! > 0 && this.#leasts[bucket]! <= now
  }

  /** Number of pairs that `take` would yield. */
  count(now: number): number {
    let count = 0
    if (this.#next <= now) for (let b = 1; b <= BUCKETS; b++) if (this.#isDue(b, now)) count += this.#counts[b]!
    return count
  }

  /** Removes the times of the buckets that are due, and returns their pairs. */
  take(now: number): number[] {
    const due: number[] = []
    if (this.#next > now) return due
    this.#next = Number.POSITIVE_INFINITY
    for (let b = 1; b <= BUCKETS; b++) {
      if (this.#counts[b] === 0) continue
      if (this.#leasts[b]! > now) {
        this.#next = Math.min(this.#next, this.#leasts[b]!)
        continue
      }
      for (let n = this.#buckets.indexOf(b); n >= 0; n = this.#buckets.indexOf(b, n + 1)) {
        this.#buckets[n] = 0
        due.push(n)
      }
      this.#counts[b] = 0
    }
    return due
  }
}
