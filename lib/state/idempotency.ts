/** Answers to mutations kept by key, so that a request sent twice acts once. Kept in Redis, for all processes of all hubs. */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** How long an answer is remembered, and how long one may take. Seconds. */
const KEEP_SECONDS = 86_400
const PENDING_SECONDS = 60
const PENDING = 'pending'

export class Idempotency {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Undefined while the first request with this key is still under way. Without Redis the work is simply done. */
  async once<T>(key: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#redis.status !== 'ready') return await work()
    const id = `zonecast:once:${createHash('sha256').update(key).digest('hex')}`
    const first = await this.#redis.set(id, PENDING, 'EX', PENDING_SECONDS, 'NX')
    if (first !== 'OK') {
      const held = await this.#redis.get(id)
      return held === null || held === PENDING ? undefined : (JSON.parse(held) as T)
    }
    try {
      const answer = await work()
      await this.#redis.set(id, JSON.stringify(answer), 'EX', KEEP_SECONDS)
      return answer
    } catch (error) {
      // What failed may be tried again under the same key.
      await this.#redis.del(id)
      throw error
    }
  }
}
