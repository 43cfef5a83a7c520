/**
 * Synchronizes the board with Redis: writes local changes in small batches, merges the values that others publish, reads all
 * tables at the start and after each reconnect, and writes all again when Redis is empty (FLUSHALL, a lost disk). Zones,
 * primaries and paths are per hub; all hubs share the other tables.
 */
import type { Redis } from 'ioredis'
import { guard } from '../runtime/guard.js'
import { describeError } from '../errors.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Board } from './board.js'
import { BoardWriter } from './board-writer.js'
import { CellDoor, type DoorParts } from './cell-door.js'
import { Messages } from './messages.js'
import { PackedSync, PAGE_CHANNELS } from './packed-sync.js'
import { senderOf } from './page-sync.js'
import { StateError } from './errors.js'
import { readTables } from './read-tables.js'
import { agreeOnFormat, newerFormat } from './shared-format.js'
import type { SignalBus } from './signals.js'
import { ownedZone, PER_HUB, type TableName } from './tables.js'

const CHECK_MS = 5_000
const FORGET_MS = 3_600_000

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
  /** The shards whose messages this process needs; default: of all. */
  shards?: (() => readonly number[] | undefined) | undefined
}

export class BoardSync {
  readonly #redis: Redis
  readonly #subscriber: Redis
  readonly #board: Board
  readonly #hub: string
  readonly #log: Logger
  readonly #messages: Messages
  readonly #door: CellDoor
  readonly #writer: BoardWriter
  readonly #pages: PackedSync
  readonly #isPrivate: boolean
  readonly #clock: Clock
  #check: NodeJS.Timeout | undefined
  #forgetting: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined
  /** The shared state has been read, and Redis has the local state. */
  #marked = false
  #isForeign = false

  constructor(parts: BoardSyncParts) {
    this.#door = new CellDoor(parts)
    this.#isPrivate = parts.isPrivate
    this.#redis = parts.redis
    this.#subscriber = parts.subscriber
    this.#board = parts.board
    this.#hub = parts.hub
    this.#log = parts.log
    this.#clock = parts.clock
    this.#messages = new Messages({
      ...parts,
      door: this.#door,
      isForeign: () => this.#isForeign,
      others: PAGE_CHANNELS,
      onHello: guard('hello', () => this.#pages.publishUnwritten()),
    })
    this.#writer = new BoardWriter({
      redis: parts.redis,
      log: parts.log,
      door: this.#door,
      hash: (table) => this.#hash(table),
      message: (changes) => this.#messages.message({ changes }),
      mayWrite: () => this.isReady && !this.#isForeign,
      isAlone: () => this.#messages.isAlone,
      board: parts.board,
      isOurs: (change) => parts.mayWrite?.(ownedZone(change)) ?? true,
    })
    this.#pages = new PackedSync({
      ...parts,
      me: senderOf(parts.hub),
      ignoresOwnHub: parts.shards !== undefined,
      mayWrite: () => this.isReady && !this.#isForeign,
      isOurs: (zone) => parts.isWorker && (parts.mayWrite?.(zone) ?? true),
      isAlone: () => this.#messages.isAlone,
      writeCells: () => this.#writer.flush(),
      refuse: () => this.#door.refuse('page'),
      dropPacked: (zone, node) => this.#writer.dropPacked(zone, node),
    })
  }

  #hash(table: TableName): string {
    return PER_HUB.has(table) ? `zonecast:${this.#hub}:${table}` : `zonecast:${table}`
  }

  async start(): Promise<void> {
    this.#unlisten = this.#board.onChange((change, origin) => origin === 'here' && this.#writer.add(change), { onlyNews: true })
    this.#messages.start()
    this.#subscriber.on(
      'messageBuffer',
      guard('redis page', (channel: Buffer, message: Buffer) => this.#isForeign || this.#pages.take(channel, message)),
    )
    if (this.#subscriber.status === 'ready') await this.#listen().catch((error) => this.#noteUnmet(error))
    if (this.isReady)
      await this.#meet().catch((error) => {
        if (error instanceof StateError) throw error
        this.#noteUnmet(error)
      })
    const again = async (): Promise<void> => {
      if (this.#subscriber.status === 'ready' && !this.#messages.isListening) await this.#listen()
      if (this.isReady) await this.#meet()
    }
    for (const redis of [this.#subscriber, this.#redis])
      redis.on('ready', () => void again().catch((error) => this.#noteUnmet(error)))
    this.#check = setInterval(
      () =>
        void this.#healEmptyRedis()
          .then(() => this.#messages.countListeners())
          .catch(() => undefined),
      CHECK_MS,
    )
    this.#check.unref()
    this.#forgetting = setInterval(
      guard('forces timer', () => this.forgetOld()),
      FORGET_MS,
    ).unref()
  }

  /** Forgets what is long past, here and in Redis. */
  async forgetOld(): Promise<void> {
    this.#writer.drop('forces', await this.#board.forced.forgetOld(this.#clock.now()))
  }

  async #listen(): Promise<void> {
    await this.#messages.listen()
    // Messages from the time without a subscription are lost, so the state must be read again.
    this.#marked = false
  }

  #noteUnmet(error: unknown): void {
    this.#log.warn({ op: 'redis', err: describeError(error) }, 'reading shared state failed')
  }

  /** Performs the operations that the hub needs of Redis: listen, write, publish. Throws the error with which Redis refuses. */
  async prove(): Promise<void> {
    if (this.#isForeign) return
    if (!this.#messages.isListening) await this.#listen()
    await this.#redis.set('zonecast:written', this.#hub, 'EX', 60)
    await this.#messages.prove()
    if (!this.#marked) await this.#meet()
    this.#messages.sayUnsaid()
  }

  async #meet(): Promise<void> {
    this.#marked = false
    this.#messages.hello()
    await this.#load()
    await this.#messages.countListeners()
  }

  async #load(): Promise<void> {
    const { format, is } = await agreeOnFormat(this.#redis)
    this.#isForeign = is === 'newer'
    if (this.#isForeign) throw newerFormat(format)
    if (is === 'older')
      this.#log.warn({ op: 'redis', format }, 'state in redis is of an older zonecast; order drains in a shared redis again')
    const isOlder = is === 'older' && this.#isPrivate
    const unread = await readTables({
      redis: this.#redis,
      board: this.#board,
      door: this.#door,
      writer: this.#writer,
      isOlder,
      hash: (table) => this.#hash(table),
    })
    await this.#pages.load((await this.#redis.exists('zonecast:alive')) === 0)
    await this.#redis.set('zonecast:alive', '1')
    // The next check reads all again.
    this.#marked = unread === undefined
    if (unread !== undefined) throw unread
  }

  /** Called after a change of the shards of this process: listens to their messages, and reads the values of new ones. */
  async followShards(isRead: boolean): Promise<void> {
    if (this.isReady && !this.#isForeign) await this.#messages.listenAgain().catch((error) => this.#noteUnmet(error))
    if (isRead) await this.reseal()
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

  /** Writes pending changes. Without Redis they stay pending. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  /** Messages that other processes sent until `at`, and a little before, have arrived. */
  hasHeardOthersUntil(at: number): boolean {
    return this.#messages.hasHeardOthersUntil(at)
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready'
  }

  async stop(): Promise<void> {
    clearInterval(this.#check)
    clearInterval(this.#forgetting)
    this.#unlisten()
    await this.#writer.stop()
    await this.#pages.stop()
    this.#messages.stop()
  }
}
