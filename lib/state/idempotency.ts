/** Answers to mutations kept by key, so that a request sent twice acts once. Kept in Redis, for all processes of all hubs. */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** How long an answer is remembered, and how long one may take. Seconds. */
const KEEP_SECONDS = 86_400
const PENDING_SECONDS = 60

interface Remembered<T> {
  /** Hash of the request. */
  asked: string
  answer?: T
}

export type Once<T> = { kind: 'answer'; answer: T } | { kind: 'pending' } | { kind: 'other' }

export class Idempotency {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /**
   * `request` is what is asked for, in full. `pending` while the first request with this key is under way, `other` when it asked
   * for something else. Without Redis the work is simply done.
   */
  async once<T>(key: string, request: string, work: () => Promise<T>): Promise<Once<T>> {
    if (this.#redis.status !== 'ready') return { kind: 'answer', answer: await work() }
    const asked = createHash('sha256').update(request).digest('hex')
    const id = `zonecast:once:${createHash('sha256').update(key).digest('hex')}`
    let first: 'OK' | null
    try {
      first = await this.#redis.set(id, JSON.stringify({ asked } satisfies Remembered<T>), 'EX', PENDING_SECONDS, 'NX')
    } catch {
      return { kind: 'answer', answer: await work() }
    }
    if (first !== 'OK') {
      const held = await this.#redis.get(id)
      if (held === null) return { kind: 'pending' }
      const remembered = JSON.parse(held) as Remembered<T>
      if (remembered.asked !== asked) return { kind: 'other' }
      return remembered.answer === undefined ? { kind: 'pending' } : { kind: 'answer', answer: remembered.answer }
    }
    let answer: T
    try {
      answer = await work()
    } catch (error) {
      // What failed may be tried again under the same key.
      await this.#redis.del(id).catch(() => undefined)
      throw error
    }
    // Done is done, also when it cannot be remembered.
    const remembered = JSON.stringify({ asked, answer } satisfies Remembered<T>)
    await this.#redis.set(id, remembered, 'EX', KEEP_SECONDS).catch(() => undefined)
    return { kind: 'answer', answer }
  }
}
