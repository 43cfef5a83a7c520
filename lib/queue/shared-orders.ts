/**
 * Sealed orders that began and ended on other machines of the hub, by Redis: a copy of an order of one machine is not carried out by
 * another. The end of an order is noted on each disk too (used-orders.ts), so that a writer to Redis cannot make it unknown later.
 *
 *   zonecast:HUB:used-orders     sorted set: `SEAL ID STEP RUN WORKER` by the time of Redis, of the last two hours
 */
import type { Redis } from 'ioredis'
import { sleep } from '../runtime/clock.js'
import type { TextSeals } from './text-seals.js'

/** A machine begins an order within an hour: copies of older ones are refused without this. */
const KEEP_MS = 7_200_000
/** Lines so long before the last read are read again, and none is later than that: clocks of two Redis servers differ by less. */
const SLACK_MS = 60_000
/** Lines in one answer of Redis. */
const BATCH = 1_000
/** Orders in memory; a hub gives some hundred in two hours. */
const MOST = 100_000
/** Reads for one claim, each after another machine wrote a line. */
const TRIES = 20
/** Longest wait between two of them, milliseconds. */
const APART_MS = 50

/** The time of Redis decides which lines count, and a later one is removed: it would count for ever. */
const TIMES = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = string.format('%.0f', now + ${SLACK_MS})
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. last, '+inf')`

const READ = `${TIMES}
return {string.format('%.0f', now), redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], last, 'LIMIT', ARGV[2], ${BATCH})}`

/** Writes a line; when lines are counted, only if Redis has as many from that time on as were read. */
const NOTE = `${TIMES}
if ARGV[2] ~= '' and redis.call('ZCOUNT', KEYS[1], ARGV[2], last) ~= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ${KEEP_MS}))
return 1`

export type OrderStep = 'begun' | 'ended'

export interface SharedOrdersParts {
  redis: Pick<Redis, 'eval'>
  hub: string
  seals: TextSeals
  /** Name of this worker. */
  worker: string
  /** The worker runs, as far as this process knows. */
  isAlive: (worker: string) => boolean
  /** Time when the process with this name started; undefined when it is not known. */
  runOf: (worker: string) => number | undefined
}

interface Known {
  /** The worker that ended the order. */
  ended: string | undefined
  /** The runs of workers that began it. */
  begun: { worker: string; run: string }[]
}

export class SharedOrders {
  readonly #parts: SharedOrdersParts
  readonly #key: string
  /** By id, oldest first. */
  readonly #orders = new Map<string, Known>()
  /** Orders that ended on other machines, and whose end the disk lacks. */
  readonly #ended = new Set<string>()
  /** All lines before this time were read; milliseconds since 1970, by the clock of Redis. */
  #since = 0

  constructor(parts: SharedOrdersParts) {
    this.#parts = parts
    this.#key = `zonecast:${parts.hub}:used-orders`
  }

  /**
   * Notes that this worker begins the order, and returns undefined; or returns the worker that carried it out, or is at it: a process
   * that is gone is not, also when a new one has its name. Throws the error of Redis.
   */
  async claim(id: string): Promise<{ step: OrderStep; worker: string } | undefined> {
    for (let i = 0; i < TRIES; i++) {
      // Machines that claim at the same time must not keep step.
      if (i > 0) await sleep(Math.random() * APART_MS)
      const read = await this.#read()
      const other = this.#elsewhere(id)
      if (other !== undefined || (await this.#note(id, 'begun', read))) return other
    }
    throw new Error('used orders in redis change all the time')
  }

  /** As `claim`, and notes nothing. Throws the error of Redis. */
  async look(id: string): Promise<{ step: OrderStep; worker: string } | undefined> {
    await this.#read()
    return this.#elsewhere(id)
  }

  #elsewhere(id: string): { step: OrderStep; worker: string } | undefined {
    const { worker: self, isAlive, runOf } = this.#parts
    const known = this.#orders.get(id)
    if (known?.ended !== undefined && known.ended !== self) return { step: 'ended', worker: known.ended }
    const other = known?.begun.find(({ worker, run }) => {
      if (worker === self || !isAlive(worker)) return false
      const now = runOf(worker)
      // The table of this process may be a second old: a later run is alive.
      return now === undefined || now <= Number(run)
    })
    return other && { step: 'begun', worker: other.worker }
  }

  /** Throws the error of Redis. */
  async noteEnd(id: string): Promise<void> {
    await this.#note(id, 'ended')
  }

  async #note(id: string, step: OrderStep, read?: { from: number; lines: number }): Promise<boolean> {
    const { redis, seals, worker, runOf } = this.#parts
    const text = `${id} ${step} ${runOf(worker) ?? ''} ${worker}`
    const line = `${seals.sealText(`order ${text}`)} ${text}`
    return (await redis.eval(NOTE, 1, this.#key, line, read?.from ?? '', read?.lines ?? '')) === 1
  }

  /** Ids of orders that ended on other machines, until `isKept`. Throws the error of Redis. */
  async newlyEnded(): Promise<string[]> {
    await this.#read()
    return [...this.#ended]
  }

  /** This disk has the end of the order. */
  isKept(id: string): void {
    this.#ended.delete(id)
  }

  /** Returns how many lines Redis has from which time on. */
  async #read(): Promise<{ from: number; lines: number }> {
    const from = this.#since
    let lines = 0
    let first: number | undefined
    for (;;) {
      const [now, some] = (await this.#parts.redis.eval(READ, 1, this.#key, from, lines)) as [string, string[]]
      first ??= Number(now)
      for (const line of some) this.#take(line)
      lines += some.length
      if (some.length < BATCH) break
    }
    this.#since = Math.max(0, first - SLACK_MS)
    return { from, lines }
  }

  #take(line: string): void {
    const [seal = '', id = '', step = '', run = '', ...name] = line.split(' ')
    const worker = name.join(' ')
    if (step !== 'begun' && step !== 'ended') return
    const known = this.#orders.get(id) ?? { ended: undefined, begun: [] }
    const isKnown = step === 'ended' ? known.ended !== undefined : known.begun.some((b) => b.worker === worker && b.run === run)
    if (isKnown || !this.#parts.seals.isSealOf(`order ${id} ${step} ${run} ${worker}`, seal)) return
    if (step === 'begun') known.begun.push({ worker, run })
    else known.ended = worker
    this.#orders.delete(id)
    this.#orders.set(id, known)
    if (step === 'ended' && worker !== this.#parts.worker) this.#ended.add(id)
    if (this.#orders.size <= MOST) return
    const [oldest] = this.#orders.keys()
    this.#orders.delete(oldest!)
    this.#ended.delete(oldest!)
  }
}
