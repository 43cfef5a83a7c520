/**
 * Synchronizes the board with Redis: writes local changes in small batches, merges the values that others publish, reads all
 * tables at the start and after each reconnect, and writes all again when Redis is empty (FLUSHALL, a lost disk). Zones,
 * primaries and paths are per hub; all hubs share the other tables.
 */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { guard } from '../runtime/guard.js'
import { describeError } from '../errors.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Board } from './board.js'
import { BoardWriter } from './board-writer.js'
import { CellDoor, type DoorParts, parseJson } from './cell-door.js'
import { PAGES_CHANNEL, PageSync } from './page-sync.js'
import { StateError } from './errors.js'
import { readTables } from './read-tables.js'
import { agreeOnFormat, newerFormat } from './shared-format.js'
import type { SignalBus, SignalName } from './signals.js'
import { readPacket, readSignal } from './schemas.js'
import { ownedZone, PER_HUB, TABLE_NAMES, type TableName } from './tables.js'
import { type SentSignal, Unsaid } from './unsaid.js'

const CHECK_MS = 5_000
/** Characters of the longest message that is read: a packet of values, each in JSON twice, and one long value. */
const PACKET_OCTETS = 4 << 20
const CHANNEL = 'zonecast:changes'

/** Another process may report a delivery a little before or after the node's answer shows it. */
const ECHO_MARGIN_MS = 1_000

interface Packet {
  from: string
  hub: string
  /** A process has begun to listen: a process that was alone publishes from now on. */
  hello?: true
  changes?: { table: TableName; key: string; value: unknown }[]
  signal?: SentSignal
}

export interface BoardSyncParts extends DoorParts {
  redis: Redis
  subscriber: Redis
  board: Board
  bus: SignalBus
  /** Name of this hub. */
  hub: string
  /** This Redis is private: only this hub writes there. */
  isPrivate: boolean
  /** This process may write values of the zone now, where several workers share the zones; default: of every zone. */
  mayWrite?: ((zone: string | undefined) => boolean) | undefined
  /** This process observes nodes, so Redis has its packed pairs. */
  isWorker: boolean
}

export class BoardSync {
  readonly #redis: Redis
  readonly #subscriber: Redis
  readonly #board: Board
  readonly #bus: SignalBus
  readonly #hub: string
  readonly #log: Logger
  readonly #clock: Clock
  readonly #me = randomUUID()
  readonly #door: CellDoor
  readonly #writer: BoardWriter
  readonly #pages: PageSync
  readonly #isPrivate: boolean
  #check: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined
  /** The shared state has been read, and Redis has the local state. */
  #marked = false
  readonly #unsaid = new Unsaid()
  #listeningSince: number | undefined
  #isForeign = false
  /** No other process listens: published messages would only come back to this one. */
  #alone = false
  /** Time when a message of this process last came back: earlier messages of others have come too. Local clock, milliseconds. */
  #echoAt = Number.NEGATIVE_INFINITY

  constructor(parts: BoardSyncParts) {
    this.#door = new CellDoor(parts)
    this.#isPrivate = parts.isPrivate
    this.#redis = parts.redis
    this.#subscriber = parts.subscriber
    this.#board = parts.board
    this.#bus = parts.bus
    this.#hub = parts.hub
    this.#log = parts.log
    this.#clock = parts.clock
    this.#writer = new BoardWriter({
      redis: parts.redis,
      log: parts.log,
      door: this.#door,
      hash: (table) => this.#hash(table),
      message: (changes) => this.#message({ changes }),
      channel: CHANNEL,
      mayWrite: () => this.isReady && !this.#isForeign,
      isAlone: () => this.#alone,
      board: parts.board,
      isOurs: (change) => parts.mayWrite?.(ownedZone(change)) ?? true,
    })
    this.#pages = new PageSync({
      ...parts,
      me: Buffer.from(this.#me.replaceAll('-', ''), 'hex'),
      mayWrite: () => this.isReady && !this.#isForeign,
      isOurs: (zone) => parts.isWorker && (parts.mayWrite?.(zone) ?? true),
      isAlone: () => this.#alone,
      writeCells: () => this.#writer.flush(),
      refuse: () => this.#door.refuse('page'),
    })
  }

  #hash(table: TableName): string {
    return PER_HUB.has(table) ? `zonecast:${this.#hub}:${table}` : `zonecast:${table}`
  }

  async start(): Promise<void> {
    this.#unlisten = this.#board.onChange((change, origin) => {
      if (origin === 'here' && !(change.table === 'nodes' && change.isQuiet)) this.#writer.add(change)
    })
    this.#board.pairs.onPacked = (zone, node, number) => {
      this.#pages.note(node, number)
      this.#writer.dropPacked(zone, node)
    }
    this.#bus.carry = (name, payload) => this.#say({ name, payload })
    this.#subscriber.on(
      'message',
      guard('redis message', (channel: string, text: string) => channel === CHANNEL && this.#take(text)),
    )
    this.#subscriber.on(
      'messageBuffer',
      guard('redis page', (channel: Buffer, message: Buffer) => this.#isForeign || this.#pages.take(channel, message)),
    )
    this.#subscriber.on('close', () => {
      this.#listeningSince = undefined
    })
    if (this.#subscriber.status === 'ready') await this.#listen().catch((error) => this.#noteUnmet(error))
    if (this.isReady)
      await this.#meet().catch((error) => {
        if (error instanceof StateError) throw error
        this.#noteUnmet(error)
      })
    const again = async (): Promise<void> => {
      if (this.#subscriber.status === 'ready' && this.#listeningSince === undefined) await this.#listen()
      if (this.isReady) await this.#meet()
    }
    for (const redis of [this.#subscriber, this.#redis])
      redis.on('ready', () => void again().catch((error) => this.#noteUnmet(error)))
    this.#check = setInterval(
      () =>
        void this.#healEmptyRedis()
          .then(() => this.#countListeners())
          .catch(() => undefined),
      CHECK_MS,
    )
    this.#check.unref()
  }

  async #listen(): Promise<void> {
    this.#listeningSince = undefined
    await this.#subscriber.subscribe(CHANNEL, PAGES_CHANNEL)
    this.#listeningSince = this.#clock.now()
    // Messages from the time without a subscription are lost, so the state must be read again.
    this.#marked = false
  }

  #noteUnmet(error: unknown): void {
    this.#log.warn({ op: 'redis', err: describeError(error) }, 'reading shared state failed')
  }

  /** Performs the operations that the hub needs of Redis: listen, write, publish. Throws the error with which Redis refuses. */
  async prove(): Promise<void> {
    if (this.#isForeign) return
    if (this.#listeningSince === undefined) await this.#listen()
    await this.#redis.set('zonecast:written', this.#hub, 'EX', 60)
    await this.#redis.publish(CHANNEL, this.#message({}))
    if (!this.#marked) await this.#meet()
    this.#unsaid.sayAll((signal) => this.#say(signal))
  }

  async #meet(): Promise<void> {
    this.#marked = false
    this.#publish({ hello: true })
    await this.#load()
    await this.#countListeners()
  }

  async #load(): Promise<void> {
    const { format, is } = await agreeOnFormat(this.#redis)
    this.#isForeign = is === 'newer'
    if (this.#isForeign) throw newerFormat(format)
    if (is === 'older')
      this.#log.warn({ op: 'redis', format }, 'state in redis is of an older zonecast; order drains in a shared redis again')
    const isOlder = is === 'older' && this.#isPrivate
    await readTables({
      redis: this.#redis,
      board: this.#board,
      door: this.#door,
      writer: this.#writer,
      isOlder,
      hash: (table) => this.#hash(table),
    })
    await this.#pages.load((await this.#redis.exists('zonecast:alive')) === 0)
    await this.#redis.set('zonecast:alive', '1')
    this.#marked = true
  }

  /** Called after a reload: seals values again that other keys sealed, and reads refused values again. */
  async reseal(): Promise<void> {
    if (this.isReady && !this.#isForeign) await this.#load().catch((error) => this.#noteUnmet(error))
  }

  /** A newer zonecast keeps its state in this Redis: nothing is read or written there. */
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

  #message(packet: Omit<Packet, 'from' | 'hub'>): string {
    return JSON.stringify({ from: this.#me, hub: this.#hub, ...packet })
  }

  /** A message that could not be sent is lost, except the report of a delivery. */
  #say(signal: SentSignal): void {
    if (this.isReady) this.#publish({ signal }, () => this.#unsaid.keep(signal))
    else this.#unsaid.keep(signal)
  }

  #publish(packet: Omit<Packet, 'from' | 'hub'>, onFailure: () => void = () => undefined): void {
    if (!this.isReady || (this.#alone && !packet.hello)) return
    this.#redis.publish(CHANNEL, this.#message(packet)).catch(onFailure)
  }

  #take(text: string): void {
    if (this.#isForeign) return
    const packet = text.length > PACKET_OCTETS ? undefined : readPacket(parseJson(text))
    if (packet === undefined) this.#door.refuse('message')
    if (packet?.from === this.#me) this.#echoAt = this.#clock.now()
    if (packet === undefined || packet.from === this.#me) return
    this.#alone = false
    for (const { table: name, key, value: written } of packet.changes ?? []) {
      // A newer hub may have tables that are unknown here.
      const table = TABLE_NAMES.find((each) => each === name)
      if (table === undefined || (packet.hub !== this.#hub && PER_HUB.has(table))) continue
      const value = this.#door.read(table, key, written)
      if (value !== undefined) this.#board.merge(table, key, value)
    }
    if (packet.signal) this.#hear(packet.hub, packet.signal.name as SignalName, packet.signal.payload)
  }

  #hear(hub: string, name: SignalName, written: unknown): void {
    const payload = readSignal(name, written)
    if (payload === undefined) {
      this.#door.refuse('signal')
      return
    }
    // Announcements at another hub and its deliveries to nodes matter here too; its store is a separate one.
    const isTheirs = hub !== this.#hub && name === 'committed'
    this.#bus.deliver(isTheirs ? 'peer-committed' : name, payload)
  }

  /** Writes pending changes. Without Redis they stay pending. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  /** Messages that other processes sent until `at`, and a little before, have arrived. */
  hasHeardOthersUntil(at: number): boolean {
    const since = this.#listeningSince
    return since !== undefined && since < at - ECHO_MARGIN_MS && this.#echoAt > at + ECHO_MARGIN_MS
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready'
  }

  async stop(): Promise<void> {
    clearInterval(this.#check)
    this.#unlisten()
    await this.#writer.stop()
    await this.#pages.stop()
    this.#bus.carry = undefined
  }
}
