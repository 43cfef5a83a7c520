/**
 * The connections of one process to Redis, and their faults. The hub runs without Redis: it logs that Redis is away, and the
 * connections come up when Redis does.
 */
import type { Redis } from 'ioredis'
import { guard } from '../runtime/guard.js'
import type { Logger } from '../runtime/logger.js'
import { StateError } from './errors.js'
import { connectRedis, type RedisTarget } from './redis.js'
import { isRefusal } from './refusals.js'

/** Interval of the pings. */
const PING_MS = 3_000
/** A start waits so long for Redis, which may be starting too. */
const FIRST_WORD_MS = 2_000

/** `refusal`: the answer of Redis. */
type Trouble = 'silent' | { refusal: string }

export class RedisLink {
  /** For shared state. Refuses commands while Redis is away. */
  readonly data: Redis
  readonly subscriber: Redis
  /** For queues. Commands wait while Redis is away. */
  readonly queueing: Redis
  readonly #log: Logger
  #lastError: string | undefined
  #policy: string | undefined
  /** Redis is connected, and does not do its work. */
  #trouble: Trouble | undefined
  #prove: () => Promise<unknown> = () => this.data.ping()
  #ping: NodeJS.Timeout | undefined

  private constructor(target: RedisTarget, log: Logger) {
    this.#log = log
    this.data = connectRedis(target, { queueing: false })
    this.subscriber = connectRedis(target, { queueing: false })
    this.queueing = connectRedis(target, { queueing: true })
    this.data.on('error', (error: Error) => {
      this.#lastError = error.message || (error as { code?: string }).code
    })
  }

  /** Throws RedisPolicyError when Redis answers and may drop keys. */
  static async open(target: RedisTarget, log: Logger): Promise<RedisLink> {
    const link = new RedisLink(target, log)
    try {
      if (await isReadyWithin(link.data, FIRST_WORD_MS)) {
        await link.#readPolicy()
        if (link.#policy !== undefined) throw new StateError({ code: 'STATE_REDIS_POLICY' }, link.#policy)
        await Promise.all([link.subscriber, link.queueing].map((redis) => isReadyWithin(redis, FIRST_WORD_MS)))
      } else link.#log.error({ op: 'redis', err: link.#lastError }, 'redis is away; released versions are served without it')
    } catch (error) {
      link.close()
      throw error
    }
    link.data.on(
      'ready',
      guard('redis ready', () => link.#onBack()),
    )
    link.#ping = setInterval(
      guard('redis timer', () => link.#askForLife()),
      PING_MS,
    )
    link.#ping.unref()
    return link
  }

  /** A connection may stay up while no answers come: a stopped server, a path that drops packets. */
  async #askForLife(): Promise<void> {
    const before = this.#trouble
    this.#trouble = this.isReady ? await this.#findTrouble() : undefined
    if (this.#trouble !== undefined && before === undefined) this.#log.error({ op: 'redis', err: this.lack }, 'redis unusable')
    if (this.#trouble === undefined && before !== undefined) this.#log.info({ op: 'redis' }, 'redis usable again')
  }

  /** A server that answers PING may still be full, read-only, or have withdrawn rights: so the needed operations are tried. */
  async #findTrouble(): Promise<Trouble | undefined> {
    try {
      await this.#prove()
      return undefined
    } catch (error) {
      if (!this.isReady) return undefined
      return isRefusal(error) ? { refusal: error.message } : 'silent'
    }
  }

  /** `prove` performs the operations that need Redis, and throws its refusal. Without it only PING is tried. */
  proveBy(prove: () => Promise<unknown>): void {
    this.#prove = prove
  }

  async #onBack(): Promise<void> {
    await this.#readPolicy()
    if (this.#policy === undefined) this.#log.info({ op: 'redis' }, 'redis connected')
    else this.#log.error({ op: 'redis' }, this.#policy)
  }

  /** A server that does not report its settings is trusted. */
  async #readPolicy(): Promise<void> {
    const answer = (await this.data.config('GET', 'maxmemory-policy').catch(() => undefined)) as string[] | undefined
    const policy = answer?.[1]
    this.#policy =
      policy === undefined || policy === 'noeviction'
        ? undefined
        : `redis has maxmemory-policy ${policy} and may drop jobs; set it to noeviction`
  }

  get isReady(): boolean {
    return this.data.status === 'ready'
  }

  /** The fault of Redis for the operator; undefined without one. */
  get lack(): string | undefined {
    if (this.isReady && this.#trouble !== undefined) {
      const what = this.#trouble === 'silent' ? 'does not answer' : `refuses what the hub needs (${this.#trouble.refusal})`
      return `redis ${what}: no new job can be queued, released versions are still served`
    }
    if (this.isReady) return this.#policy
    const reason = this.#lastError === undefined ? '' : ` (${this.#lastError})`
    return `redis is away${reason}: no new job can be queued, released versions are still served`
  }

  close(): void {
    clearInterval(this.#ping)
    for (const redis of [this.data, this.subscriber, this.queueing]) redis.disconnect()
  }
}

/** False when it is not ready in time. */
export function isReadyWithin(redis: Redis, ms: number): Promise<boolean> {
  if (redis.status === 'ready') return Promise.resolve(true)
  return new Promise((resolve) => {
    const settle = (isReady: boolean): void => {
      clearTimeout(timer)
      redis.off('ready', onReady)
      resolve(isReady)
    }
    const onReady = (): void => settle(true)
    const timer = setTimeout(() => settle(false), ms)
    redis.on('ready', onReady)
  })
}
