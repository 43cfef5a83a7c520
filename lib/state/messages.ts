/**
 * Messages between the processes of all hubs, over channels of Redis: changed values, and signals. A lost message costs nothing
 * but time: state is in the tables, and everything that a signal begins is begun by a timer too.
 */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { guard } from '../runtime/guard.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from './board.js'
import { type CellDoor, parseJson } from './cell-door.js'
import { channelOf, channelsOf, COMMON_CHANNEL, isOfChanges } from './channels.js'
import { readPacket, readSignal } from './schemas.js'
import type { SignalBus, SignalName } from './signals.js'
import { PER_HUB, TABLE_NAMES, type TableName } from './tables.js'
import { type SentSignal, Unsaid } from './unsaid.js'

/** Characters of the longest message that is read: a packet of values, each in JSON twice, and one long value. */
const PACKET_OCTETS = 4 << 20
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

export interface MessagesParts {
  redis: Redis
  subscriber: Redis
  board: Board
  bus: SignalBus
  clock: Clock
  door: CellDoor
  /** Name of this hub. */
  hub: string
  /** A newer zonecast keeps its state in this Redis: nothing is read there. */
  isForeign: () => boolean
  /** The shards whose messages this process needs; undefined: of all. */
  shards?: (() => readonly number[] | undefined) | undefined
  /** Further channels, which have readers of their own. */
  others: readonly string[]
  /** Another process has begun to listen, and reads the state now. */
  onHello: () => void
}

export class Messages {
  readonly #parts: MessagesParts
  /** Identifies this process. */
  readonly me = randomUUID()
  readonly #unsaid = new Unsaid()
  readonly #listening = new Set<string>()
  #listeningSince: number | undefined
  /** Time when a message of this process last came back: earlier messages of others have come too. Local clock, milliseconds. */
  #echoAt = Number.NEGATIVE_INFINITY
  /** Messages of other processes so far. */
  #heard = 0
  /** No other process listens: published messages would only come back to this one. */
  isAlone = false

  constructor(parts: MessagesParts) {
    this.#parts = parts
  }

  /** Begins to read messages, once the process listens. */
  start(): void {
    const { bus, subscriber } = this.#parts
    bus.carry = (name, payload) => this.#say({ name, payload })
    subscriber.on(
      'message',
      guard('redis message', (channel: string, text: string) => isOfChanges(channel) && this.#take(text)),
    )
    subscriber.on('close', () => {
      this.#listeningSince = undefined
      this.#listening.clear()
    })
  }

  get isListening(): boolean {
    return this.#listeningSince !== undefined
  }

  get #isReady(): boolean {
    return this.#parts.redis.status === 'ready'
  }

  /** Subscribes to all channels that this process needs. Throws the error of Redis. */
  async listen(): Promise<void> {
    const { subscriber, others, clock, shards } = this.#parts
    this.#listeningSince = undefined
    const wanted = [COMMON_CHANNEL, ...others, ...channelsOf(shards?.())]
    await subscriber.subscribe(...wanted)
    for (const channel of wanted) this.#listening.add(channel)
    this.#listeningSince = clock.now()
  }

  /** After a change of the shards: listens to those that are new, and no longer to the others. Throws the error of Redis. */
  async listenAgain(): Promise<void> {
    const { subscriber, shards } = this.#parts
    if (!this.isListening) return
    const wanted = new Set(channelsOf(shards?.()))
    const added = [...wanted].filter((channel) => !this.#listening.has(channel))
    const removed = channelsOf(undefined).filter((channel) => this.#listening.has(channel) && !wanted.has(channel))
    try {
      if (added.length > 0) await subscriber.subscribe(...added)
      for (const channel of added) this.#listening.add(channel)
      if (removed.length > 0) await subscriber.unsubscribe(...removed)
      for (const channel of removed) this.#listening.delete(channel)
    } catch (error) {
      // The next proof of Redis listens to all again, and the shared state is read.
      this.#listeningSince = undefined
      throw error
    }
  }

  /** An answer from before a message of another process is too old to show that there is none. */
  async countListeners(): Promise<void> {
    const heard = this.#heard
    const [, count] = (await this.#parts.redis.pubsub('NUMSUB', COMMON_CHANNEL)) as [string, number]
    if (Number(count) > 1) this.isAlone = false
    else if (this.#heard === heard) this.isAlone = true
  }

  message(packet: Omit<Packet, 'from' | 'hub'>): string {
    return JSON.stringify({ from: this.me, hub: this.#parts.hub, ...packet })
  }

  /** Sends a message that comes back. Throws the error with which Redis refuses; else sends what could not be sent before. */
  async prove(): Promise<void> {
    await this.#parts.redis.publish(COMMON_CHANNEL, this.message({}))
  }

  sayUnsaid(): void {
    this.#unsaid.sayAll((signal) => this.#say(signal))
  }

  hello(): void {
    if (this.#isReady) this.#parts.redis.publish(COMMON_CHANNEL, this.message({ hello: true })).catch(() => undefined)
  }

  /** A message that could not be sent is lost, except the report of a delivery. */
  #say(signal: SentSignal): void {
    const keep = (): void => this.#unsaid.keep(signal)
    if (!this.#isReady) keep()
    if (!this.#isReady || this.isAlone) return
    const channel = channelOf((signal.payload as { zone?: string }).zone)
    this.#parts.redis.publish(channel, this.message({ signal })).catch(keep)
  }

  #take(text: string): void {
    const { board, clock, door, hub, isForeign } = this.#parts
    if (isForeign()) return
    const packet = text.length > PACKET_OCTETS ? undefined : readPacket(parseJson(text))
    if (packet === undefined) door.refuse('message')
    if (packet?.from === this.me) this.#echoAt = clock.now()
    if (packet === undefined || packet.from === this.me) return
    this.#heard += 1
    this.isAlone = false
    if (packet.hello) this.#parts.onHello()
    for (const { table: name, key, value: written } of packet.changes ?? []) {
      // A newer hub may have tables that are unknown here.
      const table = TABLE_NAMES.find((each) => each === name)
      if (table === undefined || (packet.hub !== hub && PER_HUB.has(table))) continue
      const value = door.read(table, key, written)
      if (value !== undefined) board.merge(table, key, value)
    }
    if (packet.signal) this.#hear(packet.hub, packet.signal.name as SignalName, packet.signal.payload)
  }

  #hear(hub: string, name: SignalName, written: unknown): void {
    const payload = readSignal(name, written)
    if (payload === undefined) {
      this.#parts.door.refuse('signal')
      return
    }
    // Announcements at another hub and its deliveries to nodes matter here too; its store is a separate one.
    const isTheirs = hub !== this.#parts.hub && name === 'committed'
    this.#parts.bus.deliver(isTheirs ? 'peer-committed' : name, payload)
  }

  /** Messages that other processes sent until `at`, and a little before, have arrived. */
  hasHeardOthersUntil(at: number): boolean {
    const since = this.#listeningSince
    return since !== undefined && since < at - ECHO_MARGIN_MS && this.#echoAt > at + ECHO_MARGIN_MS
  }

  stop(): void {
    this.#parts.bus.carry = undefined
  }
}
