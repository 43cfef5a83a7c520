/** Keeps the pages of packed pairs equal in Redis and in other processes: gathers changes, writes and publishes whole pages. */
import type { Redis } from 'ioredis'
import { describeError } from '../errors.js'
import type { Clock } from '../runtime/clock.js'
import { guard } from '../runtime/guard.js'
import type { Logger } from '../runtime/logger.js'
import { pause } from '../runtime/turns.js'
import type { Board } from './board.js'
import type { Places } from './cell-door.js'
import { secondOf } from './node-column.js'
import { decodePage, encodePage, fieldOf, MOST_PAGE_OCTETS, placeOf } from './pair-pages.js'

export const PAGES_CHANNEL = 'zonecast:pages'
const HASH = 'zonecast:pairs'
/** Changes are gathered for so long: a release touches most pages of a node many times. */
const GATHER_MS = 300
const GATHER_ALONE_MS = 1_000
/** After Redis refused a write. */
const RETRY_MS = 1_000
/** Pages in one round trip. */
const BATCH = 200
/** Pages that one call of HSCAN reads. */
const SCAN = 200
/** Clocks of hubs differ, but not by so much. */
const MOST_AHEAD_MS = 86_400_000
const ID_OCTETS = 16

export interface PageSyncParts {
  redis: Redis
  board: Board
  clock: Clock
  log: Logger
  fleet: Places
  /** Identifies this process: 16 octets. */
  me: Buffer
  mayWrite: () => boolean
  isAlone: () => boolean
  /** Writes the cells that changed: a page names contents that must be known before it is read. */
  writeCells: () => Promise<void>
  /** A page is no page. */
  refuse: () => void
}

export class PageSync {
  readonly #parts: PageSyncParts
  /** Changed pages, by field. */
  readonly #dirty = new Set<string>()
  #gather: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  /** Logged once, until a write succeeds. */
  #isRefused = false

  constructor(parts: PageSyncParts) {
    this.#parts = parts
  }

  /** A packed pair of the node changed; `zone`: its number. */
  note(node: string, zone: number): void {
    this.#dirty.add(fieldOf(node, this.#parts.board.pairs.rows.page(zone)))
    this.#flushAfter(this.#parts.isAlone() ? GATHER_ALONE_MS : GATHER_MS)
  }

  #flushAfter(ms: number): void {
    this.#gather ??= setTimeout(
      guard('page timer', () => {
        this.#gather = undefined
        return this.flush()
      }),
      ms,
    )
  }

  /** Writes the changed pages. Without Redis they stay noted. */
  async flush(): Promise<void> {
    await this.#writing
    if (this.#dirty.size === 0 || !this.#parts.mayWrite()) return
    this.#writing = this.#write([...this.#dirty]).finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  async #write(fields: readonly string[]): Promise<void> {
    for (let from = 0; from < fields.length; from += BATCH) {
      const batch = fields.slice(from, from + BATCH)
      for (const field of batch) this.#dirty.delete(field)
      try {
        await this.#writeBatch(batch)
        this.#isRefused = false
      } catch (error) {
        if (!this.#isRefused)
          this.#parts.log.warn({ op: 'redis', err: describeError(error) }, 'shared state not written; retrying')
        this.#isRefused = true
        for (const field of batch) this.#dirty.add(field)
        this.#flushAfter(RETRY_MS)
        return
      }
      await pause()
    }
  }

  async #writeBatch(fields: readonly string[]): Promise<void> {
    const { redis, board, isAlone, me, writeCells } = this.#parts
    await writeCells()
    const pipeline = redis.pipeline()
    for (const field of fields) {
      const place = placeOf(field)!
      const page = encodePage(board.pairs, place.node, place.page)
      if (page.length === 0) pipeline.hdel(HASH, field)
      else pipeline.hset(HASH, field, page)
      if (!isAlone() && page.length > 0) pipeline.publish(PAGES_CHANNEL, Buffer.concat([me, Buffer.from(`${field}\n`), page]))
    }
    const refused = (await pipeline.exec())?.find(([error]) => error)?.[0]
    if (refused) throw refused
  }

  /** Reads all pages. Redis lost its data: `isEmpty` writes all again. */
  async load(isEmpty: boolean): Promise<void> {
    const { redis, board } = this.#parts
    // Pairs are known by their zones' hashes.
    for (const zone of this.#parts.fleet.zones()) {
      board.pairs.rows.of(zone)
      await pause()
    }
    for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
      const [next, flat] = await redis.hscanBuffer(HASH, cursor, 'COUNT', SCAN)
      for (let i = 0; i + 1 < flat.length; i += 2) {
        await this.#adopt(flat[i]!.toString(), flat[i + 1]!)
        await pause()
      }
      cursor = next.toString()
    }
    if (isEmpty) await this.#noteAll()
  }

  async #noteAll(): Promise<void> {
    const { pairs } = this.#parts.board
    for (const node of pairs.nodes)
      for (let zone = 0; zone < pairs.rows.numbers.end; zone++) {
        if (pairs.column(node)?.has(zone)) this.note(node, zone)
        await pause()
      }
  }

  /** A message on any channel. */
  async take(channel: Buffer, message: Buffer): Promise<void> {
    if (channel.toString() !== PAGES_CHANNEL) return
    if (message.length <= ID_OCTETS || message.subarray(0, ID_OCTETS).equals(this.#parts.me)) return
    const end = message.indexOf(10, ID_OCTETS)
    if (end < 0 || message.length > MOST_PAGE_OCTETS * 2) return this.#parts.refuse()
    await this.#adopt(message.toString('utf8', ID_OCTETS, end), message.subarray(end + 1))
  }

  async #adopt(field: string, octets: Buffer): Promise<void> {
    const { board, clock, fleet, refuse } = this.#parts
    const place = placeOf(field)
    const entries = place && decodePage(board.pairs, octets, secondOf(clock.now() + MOST_AHEAD_MS))
    if (place === undefined || entries === undefined) return refuse()
    if (!fleet.hasNode(place.node)) return
    for (const { zone, ...seen } of entries) {
      if (board.pairs.adopt(place.node, zone, seen)) board.tellPair(board.pairs.rows.numbers.name(zone)!, place.node)
      await pause()
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#gather)
    this.#gather = undefined
    await this.flush()
    clearTimeout(this.#gather)
  }
}
