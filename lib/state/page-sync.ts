/**
 * Keeps packed pairs equal in Redis and in other processes. Other processes get the changed pairs soon. Redis gets whole pages, at a
 * slow pace: a release to a large fleet changes one pair after another in all pages, and a page that is late is observed anew.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { describeError } from '../errors.js'
import type { Clock } from '../runtime/clock.js'
import { guard } from '../runtime/guard.js'
import type { Logger } from '../runtime/logger.js'
import { pause } from '../runtime/turns.js'
import type { ZoneName } from '../dns/name.js'
import type { Places } from './cell-door.js'
import { secondOf } from './node-column.js'
import { decodePairs, encodePage, encodePairs, fieldOf, MOST_PAGE_OCTETS, type PackedTable, placeOf } from './pair-pages.js'

/** Changes are gathered for so long before they are published. */
const PUBLISH_MS = 300
/** A changed page waits for so long: more of its pairs change soon. */
const WAIT_MS = 3_000
/** Then pages are written in steps of so many octets, one after each interval. */
const STEP_MS = 500
const STEP_OCTETS = 128 << 10
/** After Redis refused a write. */
const RETRY_MS = 1_000
/** Pages that one call of HSCAN reads. */
const SCAN = 200
/** Clocks of hubs differ, but not by so much. */
const MOST_AHEAD_MS = 86_400_000
const ID_OCTETS = 16
/** So many of them identify the hub. */
const HUB_OCTETS = 8

/** Identifies a process of a hub in its messages. */
export const senderOf = (hub: string): Buffer =>
  Buffer.concat([createHash('sha256').update(hub).digest().subarray(0, HUB_OCTETS), randomBytes(ID_OCTETS - HUB_OCTETS)])

export interface PageSyncParts {
  redis: Redis
  table: PackedTable
  /** Names of the hash with the pages in Redis, and of the channel between processes. */
  hash: string
  channel: string
  /** Another process changed a pair. */
  onAdopted: (zone: ZoneName, node: string) => void
  clock: Clock
  log: Logger
  fleet: Places
  /** Identifies this process (`senderOf`). */
  me: Buffer
  /** The other processes of this hub write pairs of other zones alone. */
  ignoresOwnHub: boolean
  mayWrite: () => boolean
  /** This process writes the pairs of the zone. */
  isOurs: (zone: string) => boolean
  isAlone: () => boolean
  /** This process reads pairs of the zone; default: of every zone. */
  reads?: ((zone: string | undefined, table: 'nodes') => boolean) | undefined
  /** Writes the cells that changed: a page names contents that must be known before it is read. */
  writeCells: () => Promise<void>
  /** A page is no page. */
  refuse: () => void
}

export class PageSync {
  readonly #parts: PageSyncParts
  /** Changed pages, by node. */
  readonly #dirty = new Map<string, Set<number>>()
  /** Numbers of zones that changed and were not published yet, by node. */
  readonly #unpublished = new Map<string, Set<number>>()
  #step: NodeJS.Timeout | undefined
  #publishing: NodeJS.Timeout | undefined
  /** Logged once, until a write succeeds. */
  #isRefused = false

  constructor(parts: PageSyncParts) {
    this.#parts = parts
  }

  /** A packed pair of the node changed; `zone`: its number. */
  note(node: string, zone: number): void {
    const { rows } = this.#parts.table
    if (!this.#parts.isOurs(rows.numbers.name(zone)!)) return
    setOf(this.#dirty, node).add(rows.page(zone))
    this.#step ??= setTimeout(
      guard('page timer', () => this.#writeStep()),
      WAIT_MS,
    )
    if (this.#parts.isAlone()) return
    this.#publishSoon(node, zone)
  }

  #publishSoon(node: string, zone: number): void {
    setOf(this.#unpublished, node).add(zone)
    this.#publishing ??= setTimeout(
      guard('page timer', () => this.#publish()),
      PUBLISH_MS,
    )
  }

  /** Another process reads the pages now: those that are written later reach it as messages. */
  async publishUnwritten(): Promise<void> {
    const { rows } = this.#parts.table
    const places = [...this.#dirty].flatMap(([node, pages]) => [...pages].map((page) => ({ node, page })))
    for (const { node, page } of places) {
      const column = this.#parts.table.column(node)
      for (const zone of rows.inPage(page)) if (column?.has(zone)) this.#publishSoon(node, zone)
      await pause()
    }
  }

  async #writeStep(): Promise<void> {
    const isWritten = await this.#writeSome(STEP_OCTETS)
    this.#step = undefined
    if (this.#dirty.size > 0)
      this.#step = setTimeout(
        guard('page timer', () => this.#writeStep()),
        isWritten ? STEP_MS : RETRY_MS,
      )
  }

  /** Writes changed pages, up to so many octets. Returns false when Redis is away or refuses. */
  async #writeSome(most: number): Promise<boolean> {
    const { redis, table, hash, writeCells, mayWrite, log } = this.#parts
    if (!mayWrite()) return false
    const batch: { node: string; page: number }[] = []
    try {
      const pipeline = redis.pipeline()
      for (let octets = 0; octets < most; ) {
        const place = this.#takeDirty()
        if (place === undefined) break
        batch.push(place)
        // Another worker owns the zones of the page now, and writes it.
        if (!this.#isOurs(place.page)) continue
        const page = encodePage(table, place.node, place.page)
        const field = fieldOf(place.node, place.page)
        if (page.length === 0) pipeline.hdel(hash, field)
        else pipeline.hset(hash, field, page)
        octets += page.length + field.length
        await pause()
      }
      // A page names contents, which are cells.
      await writeCells()
      const refused = (await pipeline.exec())?.find(([error]) => error)?.[0]
      if (refused) throw refused
      this.#isRefused = false
      return true
    } catch (error) {
      if (!this.#isRefused) log.warn({ op: 'redis', err: describeError(error) }, 'shared state not written; retrying')
      this.#isRefused = true
      for (const { node, page } of batch) setOf(this.#dirty, node).add(page)
      return false
    }
  }

  #isOurs(page: number): boolean {
    const { rows } = this.#parts.table
    const some = rows.inPage(page)[0]
    return some === undefined || this.#parts.isOurs(rows.numbers.name(some)!)
  }

  #takeDirty(): { node: string; page: number } | undefined {
    for (const [node, pages] of this.#dirty)
      for (const page of pages) {
        pages.delete(page)
        if (pages.size === 0) this.#dirty.delete(node)
        return { node, page }
      }
    return undefined
  }

  /** The changed pairs of each node, in the form of a page. */
  async #publish(): Promise<void> {
    const { redis, table, channel, isAlone, me, writeCells, mayWrite } = this.#parts
    this.#publishing = undefined
    await writeCells()
    const changes = [...this.#unpublished]
    this.#unpublished.clear()
    if (isAlone() || !mayWrite()) return
    for (const [node, zones] of changes) {
      const octets = encodePairs(table, node, [...zones])
      if (octets.length > 0) redis.publish(channel, Buffer.concat([me, Buffer.from(`${node}\n`), octets])).catch(() => undefined)
      await pause()
    }
  }

  /** Reads all pages. Redis lost its data: `isEmpty` writes all again. */
  async load(isEmpty: boolean): Promise<void> {
    const { redis, table, hash } = this.#parts
    // Pairs are known by their zones' hashes.
    for (const zone of this.#parts.fleet.zones()) {
      table.rows.of(zone)
      await pause()
    }
    for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
      const [next, flat] = await redis.hscanBuffer(hash, cursor, 'COUNT', SCAN)
      for (let i = 0; i + 1 < flat.length; i += 2) {
        const place = placeOf(flat[i]!.toString())
        if (place === undefined) this.#parts.refuse()
        else await this.#adopt(place.node, flat[i + 1]!)
        await pause()
      }
      cursor = next.toString()
    }
    if (isEmpty) await this.#noteAll()
  }

  async #noteAll(): Promise<void> {
    const { table } = this.#parts
    for (const node of table.nodes)
      for (let zone = 0; zone < table.rows.numbers.end; zone++) {
        if (table.column(node)?.has(zone)) this.note(node, zone)
        await pause()
      }
  }

  /** A message on any channel. */
  async take(channel: Buffer, message: Buffer): Promise<void> {
    if (channel.toString() !== this.#parts.channel) return
    const { me, ignoresOwnHub } = this.#parts
    const ignored = me.subarray(0, ignoresOwnHub ? HUB_OCTETS : ID_OCTETS)
    if (message.length <= ID_OCTETS || message.subarray(0, ignored.length).equals(ignored)) return
    const end = message.indexOf(10, ID_OCTETS)
    if (end < 0 || message.length > MOST_PAGE_OCTETS * 2) return this.#parts.refuse()
    await this.#adopt(message.toString('utf8', ID_OCTETS, end), message.subarray(end + 1))
  }

  async #adopt(node: string, octets: Buffer): Promise<void> {
    const { table, clock, fleet, refuse, reads, onAdopted } = this.#parts
    const entries = decodePairs(table, octets, secondOf(clock.now() + MOST_AHEAD_MS))
    if (entries === undefined) return refuse()
    if (!fleet.hasNode(node)) return
    for (const { zone, ...seen } of entries) {
      const name = table.rows.numbers.name(zone)
      if (name !== undefined && reads?.(name, 'nodes') !== false && table.adopt(node, zone, seen)) onAdopted(name, node)
      await pause()
    }
  }

  /** Writes all changed pages. */
  async stop(): Promise<void> {
    clearTimeout(this.#step)
    clearTimeout(this.#publishing)
    while (this.#dirty.size > 0 && (await this.#writeSome(STEP_OCTETS)));
  }
}

function setOf(sets: Map<string, Set<number>>, node: string): Set<number> {
  const known = sets.get(node)
  if (known !== undefined) return known
  const made = new Set<number>()
  sets.set(node, made)
  return made
}
