/**
 * Keeps the board and Redis alike: writes what changed here in small batches, takes what others publish, reads everything at
 * the start and after each reconnect, and writes everything again when Redis turns out empty (FLUSHALL, a lost disk).
 * Zones, primaries and paths are per hub, the other tables are shared by all hubs.
 */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { describeError } from '../errors.js'
import type { Logger } from '../runtime/logger.js'
import type { Board, Change } from './board.js'
import type { SignalBus, SignalName, Signals } from './signals.js'
import { isCell, TABLE_NAMES, type TableName, type Tables } from './tables.js'

/** Changes are gathered this long: one round trip carries all that twenty nodes do on their way to confirming a version. */
const GATHER_MS = 50
/** While no other process listens nobody waits for them either. */
const GATHER_ALONE_MS = 300
const CHECK_MS = 5_000
/** After Redis refused a write. */
const RETRY_MS = 1_000
/** What each hub finds for itself; the other tables are shared. */
const PER_HUB: ReadonlySet<TableName> = new Set(['zones', 'primaries', 'paths'])
const CHANNEL = 'zonecast:changes'

/** Of the tables and their cells. One that is older is brought up to date here, by whoever first meets it. */
const SHARED_FORMAT = 1
const FORMAT_KEY = 'zonecast:format'

export class SharedFormatError extends Error {
  override readonly name = 'SharedFormatError'

  constructor(format: number) {
    super(
      `the state in redis was written by a newer zonecast (format ${format}, this one knows up to ${SHARED_FORMAT}); upgrade, or give this hub another redis or database`,
    )
  }
}

interface Packet {
  from: string
  hub: string
  /** A process has begun to listen: whoever thought to be alone publishes from now on. */
  hello?: true
  changes?: { table: TableName; key: string; value: Tables[TableName] }[]
  signal?: { name: SignalName; payload: unknown }
}

export class BoardSync {
  readonly #redis: Redis
  readonly #subscriber: Redis
  readonly #board: Board
  readonly #bus: SignalBus
  readonly #hub: string
  readonly #log: Logger
  readonly #me = randomUUID()
  readonly #dirty = new Map<string, Change>()
  #gather: NodeJS.Timeout | undefined
  #check: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #unlisten: () => void = () => undefined
  #marked = false
  #isForeign = false
  /** Nobody else listens: what would be published would only come back to us. */
  #alone = false

  constructor(redis: Redis, subscriber: Redis, board: Board, bus: SignalBus, hub: string, log: Logger) {
    this.#redis = redis
    this.#subscriber = subscriber
    this.#board = board
    this.#bus = bus
    this.#hub = hub
    this.#log = log
  }

  #hash(table: TableName): string {
    return PER_HUB.has(table) ? `zonecast:${this.#hub}:${table}` : `zonecast:${table}`
  }

  async start(): Promise<void> {
    this.#unlisten = this.#board.onChange((change, origin) => {
      if (origin === 'here') this.#soil(change)
    })
    this.#bus.carry = (name, payload) => this.#publish({ signal: { name, payload } })
    this.#subscriber.on('message', (_channel, text) => {
      try {
        this.#take(text)
      } catch (error) {
        this.#log.warn({ op: 'redis', err: describeError(error) }, 'a message in redis is none of ours and is left alone')
      }
    })
    if (this.#subscriber.status === 'ready') await this.#subscriber.subscribe(CHANNEL)
    this.#subscriber.on('ready', () => void this.#subscriber.subscribe(CHANNEL).catch(() => undefined))
    if (this.isReady) await this.#meet()
    this.#redis.on(
      'ready',
      () =>
        void this.#meet().catch((error) =>
          this.#log.warn({ op: 'redis', err: describeError(error) }, 'reading shared state failed'),
        ),
    )
    this.#check = setInterval(
      () =>
        void this.#healEmptyRedis()
          .then(() => this.#countListeners())
          .catch(() => undefined),
      CHECK_MS,
    )
    this.#check.unref()
  }

  async #meet(): Promise<void> {
    this.#publish({ hello: true })
    await this.#load()
    await this.#countListeners()
  }

  async #load(): Promise<void> {
    await this.#agreeOnFormat()
    for (const table of TABLE_NAMES) {
      const all = await this.#redis.hgetall(this.#hash(table))
      const times = new Map<string, number>()
      for (const [key, json] of Object.entries(all)) {
        const value = parseCell(table, json)
        if (value !== undefined && this.#merge(table, key, value)) times.set(key, value.at)
      }
      // What we know better than Redis goes back to it, and takes the place of what is no cell.
      for (const [key, value] of this.#board.entries(table))
        if ((times.get(key) ?? Number.NEGATIVE_INFINITY) < value.at) this.#soil({ table, key, value } as Change)
    }
    await this.#redis.set('zonecast:alive', '1')
    this.#marked = true
  }

  /** False for what is no value of this table: somebody else wrote there. It harms nobody. */
  #merge(table: TableName, key: string, value: Tables[TableName]): boolean {
    try {
      this.#board.merge(table, key, value)
      return true
    } catch (error) {
      this.#log.warn({ op: 'redis', table, key, err: describeError(error) }, 'a value in redis is none of ours and is left alone')
      return false
    }
  }

  /** Throws SharedFormatError when a newer zonecast keeps its state there: what it means is not known here. */
  async #agreeOnFormat(): Promise<void> {
    await this.#redis.set(FORMAT_KEY, SHARED_FORMAT, 'NX')
    const format = Number(await this.#redis.get(FORMAT_KEY))
    this.#isForeign = !(format <= SHARED_FORMAT)
    if (this.#isForeign) throw new SharedFormatError(format)
  }

  /** A newer zonecast keeps its state in this Redis: nothing is read from it, and nothing written. */
  get lack(): string | undefined {
    return this.#isForeign ? 'the state in redis is of a newer zonecast; upgrade this hub, or give it another redis' : undefined
  }

  async #healEmptyRedis(): Promise<void> {
    if (this.#redis.status !== 'ready' || !this.#marked) return
    if ((await this.#redis.exists('zonecast:alive')) === 1) return
    this.#log.warn({ op: 'redis' }, 'redis lost its data; writing shared state again')
    await this.#load()
  }

  async #countListeners(): Promise<void> {
    const [, count] = (await this.#redis.pubsub('NUMSUB', CHANNEL)) as [string, number]
    this.#alone = Number(count) <= 1
  }

  #soil(change: Change): void {
    this.#dirty.set(`${change.table} ${change.key}`, change)
    this.#gather ??= setTimeout(
      () => {
        this.#gather = undefined
        void this.flush()
      },
      this.#alone ? GATHER_ALONE_MS : GATHER_MS,
    )
  }

  /** Writes what is waiting. Without Redis it waits on. */
  async flush(): Promise<void> {
    if (this.#flushing) await this.#flushing
    if (this.#dirty.size === 0 || this.#redis.status !== 'ready' || this.#isForeign) return
    this.#flushing = this.#write([...this.#dirty.values()]).finally(() => {
      this.#flushing = undefined
    })
    await this.#flushing
  }

  async #write(changes: Change[]): Promise<void> {
    this.#dirty.clear()
    const pipeline = this.#redis.pipeline()
    for (const { table, key, value } of changes) pipeline.hset(this.#hash(table), key, JSON.stringify(value))
    const packet: Packet = {
      from: this.#me,
      hub: this.#hub,
      changes: changes.map(({ table, key, value }) => ({ table, key, value })),
    }
    pipeline.publish(CHANNEL, JSON.stringify(packet))
    try {
      const results = await pipeline.exec()
      // Each command has an error of its own: a Redis that is full or read-only answers all the same.
      const refused = results?.find(([error]) => error)?.[0]
      if (refused) throw refused
    } catch (error) {
      this.#log.warn({ op: 'redis', err: describeError(error) }, 'shared state could not be written; it is tried again')
      for (const change of changes) {
        const id = `${change.table} ${change.key}`
        if (!this.#dirty.has(id)) this.#dirty.set(id, change)
      }
      this.#gather ??= setTimeout(() => {
        this.#gather = undefined
        void this.flush()
      }, RETRY_MS)
    }
  }

  #publish(packet: Omit<Packet, 'from' | 'hub'>): void {
    if (this.#redis.status !== 'ready' || (this.#alone && !packet.hello)) return
    this.#redis.publish(CHANNEL, JSON.stringify({ from: this.#me, hub: this.#hub, ...packet })).catch(() => undefined)
  }

  #take(text: string): void {
    const packet = parsePacket(text)
    if (packet === undefined || this.#isForeign) return
    if (packet.from === this.#me) return
    this.#alone = false
    for (const { table, key, value } of Array.isArray(packet.changes) ? packet.changes : []) {
      // A newer hub may have tables that this one does not know.
      if (!TABLE_NAMES.includes(table)) continue
      const isOurs = packet.hub === this.#hub || !PER_HUB.has(table)
      if (isOurs && isCell(table, value)) this.#merge(table, key, value)
    }
    if (!packet.signal) return
    const { name, payload } = packet.signal
    // What another hub was notified of, or sent to a node, matters here too; its store is not ours.
    const isTheirs = packet.hub !== this.#hub && name === 'committed'
    this.#bus.deliver(isTheirs ? 'elsewhere' : name, payload as Signals[SignalName])
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready'
  }

  async stop(): Promise<void> {
    clearInterval(this.#check)
    clearTimeout(this.#gather)
    this.#gather = undefined
    this.#unlisten()
    await this.flush()
    this.#bus.carry = undefined
  }
}

function parseCell(table: TableName, json: string): Tables[TableName] | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isCell(table, value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Undefined for what no hub of ours can have written. */
function parsePacket(text: string): Packet | undefined {
  try {
    const packet: unknown = JSON.parse(text)
    return typeof packet === 'object' && packet !== null ? (packet as Packet) : undefined
  } catch {
    return undefined
  }
}
