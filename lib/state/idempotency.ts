/**
 * Keeps answers to mutations by key, so that a repeated request acts once. They are in Redis, for all processes of all hubs, and those
 * of this process in memory (own-answers.ts): they count while Redis is away, and are written to it when it is back.
 */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { guard } from '../runtime/guard.js'
import { pause } from '../runtime/turns.js'
import { parseJson } from './cell-door.js'
import { type OwnAnswer, OwnAnswers } from './own-answers.js'

/** Time to remember an answer, and time limit of one request. Seconds. */
const KEEP_SECONDS = 86_400
const PENDING_SECONDS = 60
/** After Redis refused an answer; it may be full, or read-only, and connected all the time. */
const RETRY_MS = 5_000
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
  readonly #own = new OwnAnswers<unknown>()
  readonly #retryMs: number
  #isWriting = false
  #retry: NodeJS.Timeout | undefined

  constructor(redis: Redis, keysPerDay = KEYS_PER_DAY, retryMs = RETRY_MS) {
    this.#redis = redis
    this.#keysPerDay = keysPerDay
    this.#retryMs = retryMs
    redis.on(
      'ready',
      guard('idempotency keys', () => void this.#writeLate()),
    )
  }

  /**
   * `request`: the complete request. Returns `pending` while the first request with this key is under way, `other` when that was
   * a different request, `full` when the caller has used too many keys today, or while Redis is away. Rejects with the error of the
   * work, which may be tried again under the same key then.
   */
  async once<T>(caller: string, key: string, request: string, work: () => Promise<T>): Promise<Once<T>> {
    const asked = createHash('sha256').update(request).digest('hex')
    const id = `zonecast:once:${createHash('sha256').update(`${caller} ${key}`).digest('hex')}`
    const own = this.#own.get(id) as OwnAnswer<T> | undefined
    if (own !== undefined) return verdictOn(own, asked)
    const begun = this.#own.begin(id, caller, asked) as OwnAnswer<T> | undefined
    if (begun === undefined) return { kind: 'full' }
    try {
      const known = await this.#knownTo(id, begun, caller)
      if (known !== undefined) {
        this.#own.forget(id)
        return known
      }
      begun.answer = await work()
    } catch (error) {
      this.#own.forget(id)
      if (begun.isInRedis) await this.#redis.del(id).catch(() => undefined)
      throw error
    }
    // The work is done, even when Redis cannot remember it.
    if (this.#redis.status === 'ready') await this.#write(id, begun)
    return { kind: 'answer', answer: begun.answer }
  }

  /** Claims the key in Redis. Undefined: the work is to be done now; so it is without Redis. */
  async #knownTo<T>(id: string, begun: OwnAnswer<T>, caller: string): Promise<Once<T> | undefined> {
    if (this.#redis.status !== 'ready') return undefined
    const { asked } = begun
    let held: string | null
    try {
      const first = await this.#redis.set(id, JSON.stringify({ asked } satisfies Remembered<T>), 'EX', PENDING_SECONDS, 'NX')
      begun.isInRedis = first === 'OK'
      if (begun.isInRedis) return (await this.#isFull(caller)) ? await this.#refuse(id) : undefined
      held = await this.#redis.get(id)
    } catch {
      return undefined
    }
    if (held === null) return { kind: 'pending' }
    const remembered = read<T>(held)
    // No hub of this installation wrote it: treated as absent.
    begun.isInRedis = remembered === undefined
    return remembered && verdictOn(remembered, asked)
  }

  async #refuse(id: string): Promise<{ kind: 'full' }> {
    await this.#redis.del(id).catch(() => undefined)
    return { kind: 'full' }
  }

  /** Answers that Redis lacks, when it is back. Never rejects. */
  async #writeLate(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    for (const [id, own] of this.#own.unwritten()) {
      if (this.#redis.status !== 'ready') break
      if (own.answer !== undefined && !(await this.#write(id, own))) break
      await pause()
    }
    this.#isWriting = false
    this.#retryLater()
  }

  #retryLater(): void {
    // Redis that comes back later is followed by `ready`.
    if (this.#retry !== undefined || this.#isWriting || this.#redis.status !== 'ready') return
    if (this.#own.unwritten().length === 0) return
    this.#retry = setTimeout(
      guard('idempotency keys', () => {
        this.#retry = undefined
        return this.#writeLate()
      }),
      this.#retryMs,
    ).unref()
  }

  /** The answer of another hub to the same key stays. Returns whether Redis has one. Never rejects. */
  async #write(id: string, own: OwnAnswer<unknown>): Promise<boolean> {
    const { asked, answer, isInRedis } = own
    const remembered = JSON.stringify({ asked, answer } satisfies Remembered<unknown>)
    const written = isInRedis ? this.#redis.set(id, remembered, 'EX', KEEP_SECONDS) : this.#setFirst(id, remembered, asked)
    return await written.then(
      () => {
        this.#own.noteWritten(id)
        return true
      },
      () => {
        this.#retryLater()
        return false
      },
    )
  }

  /** Redis may have carried out a claim of this process without an answer in time: that one is replaced. */
  async #setFirst(id: string, remembered: string, asked: string): Promise<void> {
    if ((await this.#redis.set(id, remembered, 'EX', KEEP_SECONDS, 'NX')) === 'OK') return
    const held = read((await this.#redis.get(id)) ?? '')
    if (held !== undefined && (held.asked !== asked || held.answer !== undefined)) return
    await this.#redis.set(id, remembered, 'EX', KEEP_SECONDS)
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

function verdictOn<T>(remembered: Remembered<T>, asked: string): Once<T> {
  if (remembered.asked !== asked) return { kind: 'other' }
  return remembered.answer === undefined ? { kind: 'pending' } : { kind: 'answer', answer: remembered.answer }
}

/** Undefined for what is not a remembered answer. */
function read<T>(json: string): Remembered<T> | undefined {
  const value = parseJson(json)
  const isOurs = typeof value === 'object' && value !== null && typeof (value as { asked?: unknown }).asked === 'string'
  return isOurs ? (value as Remembered<T>) : undefined
}
