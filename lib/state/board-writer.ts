/**
 * Writes local changes of the board to Redis in small batches, and publishes them to the other processes. Retries refused writes.
 */
import type { ChainableCommander, Redis } from 'ioredis'
import type { ZoneName } from '../dns/name.js'
import { describeError } from '../errors.js'
import type { Logger } from '../runtime/logger.js'
import type { Board, Change } from './board.js'
import { type CellDoor, inPackets } from './cell-door.js'
import { byChannel, COMMON_CHANNEL } from './channels.js'
import { pairKey, splitPair, type TableName } from './tables.js'

/** Changes are gathered for so long: one round trip carries all changes of twenty nodes on their way to confirming a version. */
const GATHER_MS = 50
/** While no other process listens, the changes can wait longer, and longer still while there are many: most change again soon. */
const GATHER_ALONE_MS = 300
const GATHER_MANY_MS = 1_500
/** Changes in one round trip: some milliseconds of work, where a start or a reload changes a hundred thousand cells. */
const BATCH = 500
/** While more changes wait, pairs at rest are packed at once: a release to a large fleet makes a million of them. */
const MOST_CELLS = 500
/** After Redis refused a write. */
const RETRY_MS = 1_000

export interface BoardWriterParts {
  redis: Redis
  log: Logger
  door: Pick<CellDoor, 'written'>
  /** Key of a table in Redis. */
  hash: (table: TableName) => string
  /** The message with these values. */
  message: (changes: { table: TableName; key: string; value: unknown }[]) => string
  /** Redis is connected, and its state belongs to this installation. */
  mayWrite: () => boolean
  /** No other process listens. */
  isAlone: () => boolean
  board: Pick<Board, 'pairs'>
  /** False for a value that another worker writes, which owns the zone now. */
  isOurs: (change: Change) => boolean
}

interface Written {
  table: TableName
  key: string
  value: unknown
  json: string
}

export class BoardWriter {
  readonly #parts: BoardWriterParts
  /** By `#idOf`; a change of a pair that is gone since is not written. */
  readonly #dirty = new Map<string | number, Change>()
  /** Cells to remove from Redis, by table: of pairs that are packed now, and of forces that are long past. */
  readonly #gone = new Map<TableName, Set<string>>()
  #gather: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  /** Logged once, until a write succeeds. */
  #isRefused = false
  /** The last write had many changes. */
  #wereMany = false

  constructor(parts: BoardWriterParts) {
    this.#parts = parts
  }

  add(change: Change): void {
    const isMany = this.#dirty.size >= MOST_CELLS
    if (isMany && change.table === 'nodes' && this.#parts.board.pairs.pack(change.zone, change.node)) return
    const id = this.#idOf(change)
    if (id === undefined) return
    this.#dirty.set(id, change)
    this.#flushAfter(!this.#parts.isAlone() ? GATHER_MS : this.#wereMany ? GATHER_MANY_MS : GATHER_ALONE_MS)
  }

  /** A large fleet changes a million pairs: they have numbers. Undefined for a pair whose zone or node is gone. */
  #idOf(change: Change): string | number | undefined {
    if (change.table !== 'nodes') return `${change.table} ${change.key}`
    return this.#parts.board.pairs.findNumber(change.zone, change.node)
  }

  /** Redis has a cell of this pair, whose zone and node the fleet has. */
  noteStored(key: string): void {
    const [zone, node] = splitPair(key)
    const { pairs } = this.#parts.board
    pairs.stored.add(pairs.numberOf(zone as ZoneName, node))
  }

  /** The pair is packed: its cell must not come back from Redis. */
  dropPacked(zone: ZoneName, node: string): void {
    const { pairs } = this.#parts.board
    if (this.#dirty.size + pairs.stored.size === 0) return
    const pair = pairs.findNumber(zone, node)
    if (pair === undefined) return
    this.#dirty.delete(pair)
    if (pairs.stored.delete(pair)) this.drop('nodes', [pairKey(zone, node)])
  }

  /** Removes cells from Redis. */
  drop(table: TableName, keys: readonly string[]): void {
    if (keys.length === 0) return
    const gone = this.#gone.get(table) ?? new Set()
    for (const key of keys) gone.add(key)
    this.#gone.set(table, gone)
    this.#flushAfter(GATHER_ALONE_MS)
  }

  #flushAfter(ms: number): void {
    this.#gather ??= setTimeout(() => {
      this.#gather = undefined
      void this.flush()
    }, ms)
  }

  /** Writes pending changes. Without Redis they stay pending. */
  async flush(): Promise<void> {
    if (this.#flushing) await this.#flushing
    if (this.#dirty.size + this.#gone.size === 0 || !this.#parts.mayWrite()) return
    this.#flushing = this.#write([...this.#dirty.values()].filter((change) => this.#parts.isOurs(change))).finally(() => {
      this.#flushing = undefined
    })
    await this.#flushing
  }

  async #write(changes: readonly Change[]): Promise<void> {
    this.#dirty.clear()
    this.#wereMany = changes.length >= BATCH
    await this.#forgetGone()
    for (let from = 0; from < changes.length; from += BATCH) {
      try {
        await this.#writeBatch(changes.slice(from, from + BATCH))
        this.#isRefused = false
      } catch (error) {
        if (!this.#isRefused)
          this.#parts.log.warn({ op: 'redis', err: describeError(error) }, 'shared state not written; retrying')
        this.#isRefused = true
        for (const change of changes.slice(from)) {
          const id = this.#idOf(change)
          if (id !== undefined && !this.#dirty.has(id)) this.#dirty.set(id, change)
        }
        this.#flushAfter(RETRY_MS)
        return
      }
    }
  }

  async #forgetGone(): Promise<void> {
    for (const [table, gone] of this.#gone) {
      const keys = firstOf(gone, BATCH)
      try {
        await this.#parts.redis.hdel(this.#parts.hash(table), ...keys)
        for (const key of keys) gone.delete(key)
      } catch {
        // They stay for the next write.
      }
      if (gone.size === 0) this.#gone.delete(table)
    }
    if (this.#gone.size > 0) this.#flushAfter(GATHER_MS)
  }

  async #writeBatch(all: readonly Change[]): Promise<void> {
    const { redis, door, hash, message, board } = this.#parts
    const pipeline = redis.pipeline()
    const changes = all.filter((change) => change.table !== 'nodes' || board.pairs.isComplete(change.zone, change.node))
    if (changes.length === 0) return
    const written: Written[] = changes.map(({ table, key, value }) => {
      const sealed = door.written(table, key, value)
      if (table === 'nodes') this.noteStored(key)
      return { table, key, value: sealed, json: JSON.stringify(sealed) }
    })
    const byTable = new Map<TableName, string[]>()
    for (const { table, key, json } of written) {
      const fields = byTable.get(table) ?? []
      byTable.set(table, fields)
      fields.push(key, json)
      this.#gone.get(table)?.delete(key)
    }
    for (const [table, fields] of byTable) pipeline.hset(hash(table), ...fields)
    const channels = byChannel(written)
    const isAlone = this.#parts.isAlone()
    if (isAlone) {
      // It would only come back. An empty one shows this process that messages of others arrive.
      pipeline.publish(COMMON_CHANNEL, message([]))
      pipeline.pubsub('NUMSUB', ...channels.keys())
    } else this.#publish(pipeline, channels)
    const results = await pipeline.exec()
    // Each command has an error of its own: a Redis that is full or read-only still answers.
    const refused = results?.find(([error]) => error)?.[0]
    if (refused) throw refused
    if (!isAlone || !hasListeners(results?.at(-1)?.[1])) return
    // Another process has begun to listen; it may have read the tables before this write.
    const late = redis.pipeline()
    this.#publish(late, channels)
    await late.exec()
  }

  #publish(pipeline: ChainableCommander, channels: Map<string, Written[]>): void {
    for (const [channel, some] of channels)
      for (const part of inPackets(some)) pipeline.publish(channel, this.#parts.message(part))
  }

  async stop(): Promise<void> {
    clearTimeout(this.#gather)
    this.#gather = undefined
    await this.flush()
    clearTimeout(this.#gather)
  }
}

function firstOf(keys: Iterable<string>, most: number): string[] {
  const first: string[] = []
  for (const key of keys) {
    if (first.length === most) break
    first.push(key)
  }
  return first
}

/** An answer to PUBSUB NUMSUB: channels, each with its number of listeners, of which one is this process. */
const hasListeners = (answer: unknown): boolean =>
  Array.isArray(answer) && answer.some((count, i) => i % 2 === 1 && Number(count) > 1)
