/**
 * The members of catalogs where several machines share a hub: the owner of the catalogs writes them to its disk, then to Redis;
 * the other processes follow Redis, and each machine keeps a copy on its disk for a start without Redis. Every line is sealed, and
 * so is the head, which has the number of members: a client of Redis without the seal can add and remove none.
 *
 *   zonecast:HUB:members         hash: zone → line          zonecast:HUB:members-head    the head
 *   zonecast:HUB:members-order   sorted set: zone by the step in which it changed last
 */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Member } from '../catalog/membership.js'
import type { ZoneName } from '../dns/name.js'
import { pause } from '../runtime/turns.js'
import { StateError } from '../state/errors.js'
import type { Seals } from '../state/seals.js'
import { StoreError } from '../store/errors.js'
import { type MemberLog, withNews } from '../store/member-log.js'
import { lineOf, type MemberFence, type MemberNews, type MemberRow, type MemberStore, readLine } from '../store/member-rows.js'

/** Members in one command. */
const BATCH = 500
/** Lines of dropped members that Redis keeps; with more of them than members, all is written anew. */
const LEAST_DROPPED = 1_000
/** A copy on disk is written so often at most. */
const COPY_MS = 10_000
const NO_NEWS: MemberNews = { rows: [], isWhole: false }

/** KEYS: members, order, head. ARGV: head before, new head, step, then zones and lines. */
const CHANGE = `
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[i])
end
redis.call('SET', KEYS[3], ARGV[2])
return 1`

/** KEYS: members, order, head, draft. ARGV: head before or '', new head. */
const REPLACE = `
if (redis.call('GET', KEYS[3]) or '') ~= ARGV[1] then return 0 end
if redis.call('EXISTS', KEYS[4]) == 1 then redis.call('RENAME', KEYS[4], KEYS[1]) else redis.call('DEL', KEYS[1]) end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[3], ARGV[2])
return 1`

interface Head {
  text: string
  /** Number of the owner that wrote it: larger than that of the one before. */
  epoch: number
  /** Counts the changes since everything was written. */
  step: number
  /** Changes when everything is written anew. */
  generation: string
  count: number
}

export interface SharedMembersParts {
  redis: Redis
  hub: string
  seals: Pick<Seals, 'sealText' | 'isSealOf'>
  /** Writes with the fence. */
  log: MemberLog
  /** Writes the copy of a machine that does not own the catalogs; undefined in a process that writes nothing. */
  copy: MemberLog | undefined
  fence: MemberFence
  /** A process of this machine owns the catalogs, and writes the disk. */
  isOwnedHere: () => boolean
}

export class SharedMembers implements MemberStore {
  readonly #parts: SharedMembersParts
  readonly #keys: readonly [members: string, order: string, head: string, draft: string]
  /** The head that was read or written last. */
  #head: Head | undefined
  /** For the writer: changes that Redis lacks, and the members that it has. */
  readonly #unwritten = new Map<ZoneName, MemberRow>()
  #live = new Set<ZoneName>()
  /** Members that were dropped since all was written: followers learn of them by their lines. */
  readonly #dropped = new Set<ZoneName>()
  #epoch = 0
  #copiedAt = Number.NEGATIVE_INFINITY
  #isCopyDue = false

  constructor(parts: SharedMembersParts) {
    this.#parts = parts
    const prefix = `zonecast:${parts.hub}:members`
    this.#keys = [prefix, `${prefix}-order`, `${prefix}-head`, `${prefix}-draft`]
  }

  load(): Promise<MemberRow[]> {
    return this.#parts.log.load()
  }

  get unreadable(): number {
    return this.#parts.log.unreadable
  }

  get #isReady(): boolean {
    return this.#parts.redis.status === 'ready'
  }

  /** Nothing without Redis, and while its values are not those of one writer: then the members stay. Throws the error of Redis. */
  async follow(): Promise<MemberNews> {
    if (!this.#isReady) return NO_NEWS
    const head = await this.#readHead()
    if (head === undefined || head.text === this.#head?.text) return NO_NEWS
    const known = this.#head
    const isWhole = known?.generation !== head.generation || head.step < known.step
    const rows = isWhole ? await this.#readAll(head) : await this.#readSince(known.step, head.step)
    if (rows === undefined) return NO_NEWS
    this.#head = head
    this.#isCopyDue = true
    return { rows, isWhole }
  }

  /** For a reader: keeps a copy of the members on the disk of this machine. Throws StoreError STORE_IO. */
  async keep(members: ReadonlyMap<ZoneName, Member>): Promise<void> {
    const { copy, isOwnedHere } = this.#parts
    const now = performance.now()
    if (copy === undefined || !this.#isCopyDue || now - this.#copiedAt < COPY_MS || isOwnedHere()) return
    this.#copiedAt = now
    this.#isCopyDue = false
    await copy.replace(members)
  }

  /** Rejects while Redis has members that cannot be read: they count over those of this disk. */
  async begin(members: ReadonlyMap<ZoneName, Member>): Promise<MemberNews> {
    const { log, redis } = this.#parts
    this.#unwritten.clear()
    let news = NO_NEWS
    const head = this.#isReady ? await this.#readHead() : undefined
    // The numbers of owners begin anew when Redis has lost its data.
    this.#epoch = Math.max(this.#parts.fence.epoch(), (head?.epoch ?? 0) + 1)
    if (head !== undefined) {
      const rows = await this.#readAll(head)
      if (rows === undefined)
        throw new StateError({ code: 'STATE_MEMBERS' }, 'the members of catalogs in redis changed while they were read; again')
      news = { rows, isWhole: true }
    }
    const next = withNews(members, news)
    await log.replace(next)
    this.#head = undefined
    if (redis.status === 'ready') await this.#writeAll(next)
    return news
  }

  async append(rows: readonly MemberRow[]): Promise<void> {
    await this.#parts.log.append(rows)
    for (const row of rows) this.#unwritten.set(row.zone, row)
    await this.#flush().catch((error) => {
      // Without Redis they wait.
      if (error instanceof StateError || error instanceof StoreError) throw error
    })
  }

  async tend(members: ReadonlyMap<ZoneName, Member>): Promise<void> {
    await this.#parts.log.tend(members)
    if (!this.#isReady) return
    if ((await this.#readHead())?.text !== this.#head?.text) await this.#expectOurs()
    const isMostlyDropped = this.#dropped.size > Math.max(LEAST_DROPPED, this.#live.size)
    if (this.#head === undefined || isMostlyDropped) await this.#writeAll(members)
    else await this.#flush()
  }

  /** Throws StateError STATE_MEMBERS when another process is the writer. */
  async #flush(): Promise<void> {
    while (this.#unwritten.size > 0 && this.#isReady && this.#head !== undefined) {
      const some = [...this.#unwritten.values()].slice(0, BATCH)
      this.#parts.fence.epoch()
      for (const { zone, after } of some) {
        if (after === undefined) this.#live.delete(zone)
        else this.#live.add(zone)
        if (after === undefined) this.#dropped.add(zone)
        else this.#dropped.delete(zone)
      }
      const { text, step, generation } = this.#head
      const next = this.#headOf(step + 1, generation, this.#live.size)
      const lines = some.flatMap((row) => [row.zone, this.#sealed(lineOf(row))])
      const keys = this.#keys.slice(0, 3)
      const isDone = await this.#parts.redis.eval(CHANGE, keys.length, ...keys, text, next.text, next.step, ...lines)
      if (isDone !== 1) await this.#expectOurs()
      else this.#head = next
      if (isDone === 1) for (const { zone } of some) this.#unwritten.delete(zone)
    }
  }

  /** Redis has another head: that of the next owner, or none, or one that no owner wrote; in these cases all is written again. */
  async #expectOurs(): Promise<void> {
    const head = await this.#readHead()
    if (head !== undefined && head.epoch > this.#epoch)
      throw new StateError({ code: 'STATE_MEMBERS' }, 'another worker owns the catalogs; this one changes no members')
    this.#head = undefined
  }

  async #writeAll(members: ReadonlyMap<ZoneName, Member>): Promise<void> {
    const { redis, fence } = this.#parts
    fence.epoch()
    await this.#expectOurs()
    const draft = `${this.#keys[3]}:${randomUUID()}`
    const before = (await redis.get(this.#keys[2])) ?? ''
    const all = [...members.values()]
    for (let i = 0; i < all.length; i += BATCH) {
      const lines = all.slice(i, i + BATCH).flatMap((after) => [after.zone, this.#sealed(lineOf({ zone: after.zone, after }))])
      await redis.hset(draft, ...lines)
      await redis.expire(draft, 600)
      await pause()
    }
    if (all.length > 0) await redis.persist(draft)
    const head = this.#headOf(0, randomUUID(), all.length)
    const keys = [...this.#keys.slice(0, 3), draft]
    const isDone = await redis.eval(REPLACE, keys.length, ...keys, before, head.text)
    // Another process wrote meanwhile; the next round finds out which one is the owner.
    if (isDone !== 1) return
    this.#head = head
    this.#live = new Set(members.keys())
    this.#dropped.clear()
    this.#unwritten.clear()
  }

  /** All members; undefined when another state came meanwhile, or a line is not one of an owner. */
  async #readAll(head: Head): Promise<MemberRow[] | undefined> {
    const found = new Map<ZoneName, MemberRow>()
    for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
      const [next, flat] = await this.#parts.redis.hscan(this.#keys[0], cursor, 'COUNT', BATCH)
      for (let i = 0; i + 1 < flat.length; i += 2) {
        const row = this.#opened(flat[i]!, flat[i + 1]!)
        if (row?.after !== undefined) found.set(row.zone, row)
        await pause()
      }
      cursor = next
    }
    const isSame = (await this.#readHead())?.text === head.text
    return isSame && found.size === head.count ? [...found.values()] : undefined
  }

  /** The members that changed after a step; undefined when a line is not one of an owner. */
  async #readSince(from: number, to: number): Promise<MemberRow[] | undefined> {
    const { redis } = this.#parts
    const zones = await redis.zrangebyscore(this.#keys[1], from + 1, to)
    const rows: MemberRow[] = []
    for (let i = 0; i < zones.length; i += BATCH) {
      const some = zones.slice(i, i + BATCH)
      const lines = await redis.hmget(this.#keys[0], ...some)
      for (const [at, zone] of some.entries()) {
        const row = this.#opened(zone, lines[at] ?? '')
        if (row === undefined) return undefined
        rows.push(row)
      }
      await pause()
    }
    return rows
  }

  #sealed(line: string): string {
    return `${this.#parts.seals.sealText(`member ${line}`)} ${line}`
  }

  #opened(zone: string, text: string): MemberRow | undefined {
    const line = text.slice(text.indexOf(' ') + 1)
    const row = this.#isSealed(`member ${line}`, text) ? readLine(line)?.row : undefined
    return row?.zone === zone ? row : undefined
  }

  #isSealed(text: string, sealed: string): boolean {
    const end = sealed.indexOf(' ')
    return end > 0 && this.#parts.seals.isSealOf(text, sealed.slice(0, end))
  }

  #headOf(step: number, generation: string, count: number): Head {
    const epoch = this.#epoch
    const body = `${epoch} ${step} ${generation} ${count}`
    return { text: `${this.#parts.seals.sealText(`members ${body}`)} ${body}`, epoch, step, generation, count }
  }

  /** Undefined without a head, and for one that no owner wrote. */
  async #readHead(): Promise<Head | undefined> {
    const text = (await this.#parts.redis.get(this.#keys[2])) ?? ''
    const body = text.slice(text.indexOf(' ') + 1)
    if (!this.#isSealed(`members ${body}`, text)) return undefined
    const [epoch, step, generation, count] = body.split(' ')
    return { text, epoch: Number(epoch), step: Number(step), generation: generation!, count: Number(count) }
  }

  async close(): Promise<void> {
    await this.#parts.log.close()
  }
}
