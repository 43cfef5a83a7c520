/**
 * Sealed orders that began and ended on other machines of the hub, by Redis: a copy of an order of one machine is not carried out by
 * another. The end of an order is noted on each disk too (used-orders.ts), so that a writer to Redis cannot make it unknown later.
 *
 *   zonecast:HUB:used-orders     sorted set: `SEAL ID STEP WORKER` by the time of Redis, of the last two hours
 */
import type { Redis } from 'ioredis'
import type { TextSeals } from './text-seals.js'

/** A machine begins an order within an hour: copies of older ones are refused without this. */
const KEEP_MS = 7_200_000
/** Lines in one answer of Redis. */
const BATCH = 1_000
/** Orders in memory; a hub gives some hundred in two hours. */
const MOST = 100_000

const NOTE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[2]))`

export type OrderStep = 'begun' | 'ended'

export interface SharedOrdersParts {
  redis: Pick<Redis, 'eval' | 'zrangebyscore'>
  hub: string
  seals: TextSeals
  /** Name of this worker. */
  worker: string
  /** The worker runs, as far as this process knows. */
  isAlive: (worker: string) => boolean
}

export class SharedOrders {
  readonly #parts: SharedOrdersParts
  readonly #key: string
  /** By id, oldest first. */
  readonly #steps = new Map<string, { step: OrderStep; worker: string }>()
  /** Ends on other machines since they were last asked for. */
  #ended: string[] = []
  /** Time of the newest line that was read. */
  #since = 0

  constructor(parts: SharedOrdersParts) {
    this.#parts = parts
    this.#key = `zonecast:${parts.hub}:used-orders`
  }

  /** Another machine carried the order out, or is at it: a worker that is gone is not. Throws the error of Redis. */
  async stepOf(id: string): Promise<{ step: OrderStep; worker: string } | undefined> {
    await this.#read()
    const known = this.#steps.get(id)
    if (known === undefined || known.worker === this.#parts.worker) return undefined
    return known.step === 'ended' || this.#parts.isAlive(known.worker) ? known : undefined
  }

  /** Throws the error of Redis. */
  async note(id: string, step: OrderStep): Promise<void> {
    const { redis, seals, worker } = this.#parts
    const text = `${id} ${step} ${worker}`
    await redis.eval(NOTE, 1, this.#key, `${seals.sealText(`order ${text}`)} ${text}`, KEEP_MS)
  }

  /** Ids of orders that ended on other machines since the last call. Throws the error of Redis. */
  async newlyEnded(): Promise<string[]> {
    await this.#read()
    const ended = this.#ended
    this.#ended = []
    return ended
  }

  async #read(): Promise<void> {
    for (;;) {
      const flat = await this.#parts.redis.zrangebyscore(this.#key, this.#since, '+inf', 'WITHSCORES', 'LIMIT', 0, BATCH)
      for (let i = 0; i + 1 < flat.length; i += 2) this.#take(flat[i]!)
      if (flat.length < 2 * BATCH) return
      const last = Number(flat.at(-1))
      // As many lines of one millisecond are those of a foreign writer.
      this.#since = last === this.#since ? last + 1 : last
    }
  }

  #take(line: string): void {
    const [seal = '', id = '', step = '', ...name] = line.split(' ')
    const worker = name.join(' ')
    if (step !== 'begun' && step !== 'ended') return
    const known = this.#steps.get(id)
    const isNews = known === undefined || (known.step !== 'ended' && (step === 'ended' || worker !== known.worker))
    if (!isNews || !this.#parts.seals.isSealOf(`order ${id} ${step} ${worker}`, seal)) return
    this.#steps.delete(id)
    this.#steps.set(id, { step, worker })
    if (step === 'ended' && worker !== this.#parts.worker) this.#ended.push(id)
    if (this.#steps.size <= MOST) return
    const [oldest] = this.#steps.keys()
    this.#steps.delete(oldest!)
  }
}
