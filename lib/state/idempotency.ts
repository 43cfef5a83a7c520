/** Keeps answers to mutations by key, so that a repeated request acts once. They are in Redis, for all processes of all hubs. */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { parseJson } from './cell-door.js'

/** Time to remember an answer, and time limit of one request. Seconds. */
const KEEP_SECONDS = 86_400
const PENDING_SECONDS = 60
/** Keys that one caller may use in a day; each uses some hundred octets of Redis. */
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
   * `request`: the complete request. Returns `pending` while the first request with this key is under way, `other` when that was
   * a different request, `full` when the caller has used too many keys today. Without Redis it runs the work without a record.
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
      // No hub of this installation wrote it: treated as absent.
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
      // A failed request may be tried again under the same key.
      await this.#redis.del(id).catch(() => undefined)
      throw error
    }
    // The work is done, even when it cannot be remembered.
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
