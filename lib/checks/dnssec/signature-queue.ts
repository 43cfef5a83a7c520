/**
 * Signatures on their way through Node's thread pool, many at a time: the arithmetic takes all cores, and this thread only prepares it.
 * Whoever asks waits for room now and then, so that neither memory nor the pool, which files are read by as well, is flooded.
 */
import { verify } from 'node:crypto'
import type { ZoneKey } from './zone-keys.js'

/** Some 10 ms of work for two cores. */
const MOST_RUNNING = 128

export class SignatureQueue {
  #running = 0
  #waiting: (() => void) | undefined
  #leastForWaiting = 0
  verified = 0

  /** `done` is told the key that verified the signature. `data` may be reused at once: Node copies it. */
  start(data: Buffer, signature: Buffer, keys: readonly ZoneKey[], done: (key: ZoneKey | undefined) => void): void {
    this.#running += 1
    // Only for a second key with the same tag are the octets needed again.
    this.#try(keys.length > 1 ? Buffer.from(data) : data, signature, keys, 0, done)
  }

  #try(data: Buffer, signature: Buffer, keys: readonly ZoneKey[], i: number, done: (key: ZoneKey | undefined) => void): void {
    const key = keys[i]!
    const answer = (error: Error | null, isGood: boolean): void => {
      this.verified += 1
      if (error !== null || !isGood) {
        if (i + 1 < keys.length) {
          this.#try(data, signature, keys, i + 1, done)
          return
        }
      }
      this.#running -= 1
      done(error === null && isGood ? key : undefined)
      if (this.#waiting !== undefined && this.#running <= this.#leastForWaiting) {
        const go = this.#waiting
        this.#waiting = undefined
        go()
      }
    }
    verify(key.digest, data, key.verifier, signature, answer)
  }

  /** Undefined when there is room; else resolves when half of what runs is done. */
  room(): Promise<void> | undefined {
    return this.#running < MOST_RUNNING ? undefined : this.#untilLeft(MOST_RUNNING / 2)
  }

  async drain(): Promise<void> {
    if (this.#running > 0) await this.#untilLeft(0)
  }

  #untilLeft(running: number): Promise<void> {
    this.#leastForWaiting = running
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}
