/** Answers to mutations kept by key, so that a request sent twice acts once. Kept in Redis, for all processes of all hubs. */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { parseJson } from './cell-door.js'

/** How long an answer is remembered, and how long one may take. Seconds. */
const KEEP_SECONDS = 86_400
const PENDING_SECONDS = 60
/** Keys that one caller may use in a day; each takes some hundred octets of Redis. */
const KEYS_PER_DAY = 10_000

interface Remembered<T> {
  /** Hash of the request. */
  asked: string
  answer?: T
}

export type Once<T> = { kind: 'answer'; answer: T } | { kind: 'pending' } | { kind: 'other' } | { kind: 'full' }

export class Idempotency {
  readonly #redis: Redis
  readonly #keysPerDay: number

  constructor(redis: Redis, keysPerDay = KEYS_PER_DAY) {
    this.#redis = redis
    this.#keysPerDay = keysPerDay
  }

  /**
   * `request` is what is asked for, in full. `pending` while the first request with this key is under way, `other` when it asked
   * for something else, `full` when the caller has used too many keys today. Without Redis the work is simply done.
   */
  async once<T>(caller: string, key: string, request: string, work: () => Promise<T>): Promise<Once<T>> {
    if (this.#redis.status !== 'ready') return { kind: 'answer', answer: await work() }
    const asked = createHash('sha256').update(request).digest('hex')
    const id = `zonecast:once:${createHash('sha256').update(`${caller} ${key}`).digest('hex')}`
    let first: 'OK' | null
    try {
      first = await this.#redis.set(id, JSON.stringify({ asked } satisfies Remembered<T>), 'EX', PENDING_SECONDS, 'NX')
    } catch {
      return { kind: 'answer', answer: await work() }
    }
    if (first !== 'OK') {
      const held = await this.#redis.get(id)
      if (held === null) return { kind: 'pending' }
      const remembered = read<T>(held)
      // Written by no hub of ours: as if it were not there.
      if (remembered === undefined) return { kind: 'answer', answer: await work() }
      if (remembered.asked !== asked) return { kind: 'other' }
      return remembered.answer === undefined ? { kind: 'pending' } : { kind: 'answer', answer: remembered.answer }
    }
    if (await this.#isFull(caller)) {
      await this.#redis.del(id).catch(() => undefined)
      return { kind: 'full' }
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

  /** Counts one more key of the caller. */
  async #isFull(caller: string): Promise<boolean> {
    const day = new Date().toISOString().slice(0, 10)
    const id = `zonecast:once-count:${day}:${createHash('sha256').update(caller).digest('hex')}`
    try {
      const count = await this.#redis.incr(id)
      if (count === 1) await this.#redis.expire(id, KEEP_SECONDS)
      return count > this.#keysPerDay
    } catch {
      return false
    }
  }
}

/** Undefined for what is not a remembered answer. */
function read<T>(json: string): Remembered<T> | undefined {
  const value = parseJson(json)
  const isOurs = typeof value === 'object' && value !== null && typeof (value as { asked?: unknown }).asked === 'string'
  return isOurs ? (value as Remembered<T>) : undefined
}
