/**
 * The members of catalogs on disk: one line of JSON for each change, the last line of a zone counts. The versions of the catalogs
 * have the lists; this file adds what they do not have: since when a member is there, when it left, and which zone was reset.
 * One process appends; others follow. Where the writer may change, each line has its number, and no line with a smaller one
 * counts after a larger one: a process that slept while another became the writer changes nothing.
 */
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Member } from '../catalog/membership.js'
import type { ZoneName } from '../dns/name.js'
import { pause } from '../runtime/turns.js'
import { syncDirectory, writeAll } from './durable.js'
import { ioError, StoreError } from './errors.js'
import {
  fenceLine,
  lineOf,
  type MemberFence,
  type MemberNews,
  type MemberRow,
  type MemberStore,
  readLine,
} from './member-rows.js'

/** The file in the data directory. */
export const MEMBER_LOG = 'members'
const LINES_PER_SLICE = 500
/** Lines more than members before the file is written anew. */
const MOST_WASTE = 1_000

export class MemberLog implements MemberStore {
  readonly #path: string
  readonly #directory: string
  #handle: FileHandle | undefined
  /** Read or written up to here, in octets. */
  #end = 0
  #inode = 0
  #lines = 0
  readonly #fence: MemberFence | undefined
  /** The largest number of a writer in the file. */
  #epoch = 0
  /** Lines that could not be read, since the last complete read. */
  unreadable = 0

  /** `fence`: where several processes may write, one after another. */
  constructor(dataDir: string, fence?: MemberFence) {
    this.#fence = fence
    this.#directory = dataDir
    this.#path = join(dataDir, MEMBER_LOG)
  }

  /** The changes in the file from an octet on, oldest first. */
  async #read(from: number): Promise<MemberRow[]> {
    const data = await readFrom(this.#path, from)
    const rows: MemberRow[] = []
    let at = 0
    for (;;) {
      const end = data.indexOf(10, at)
      // A crash may cut the last line; another process may be writing it.
      if (end < 0) break
      const line = readLine(data.toString('utf8', at, end))
      if (line !== undefined && this.#counts(line.epoch)) rows.push(...(line.row === undefined ? [] : [line.row]))
      else if (line === undefined && end > at) this.unreadable += 1
      at = end + 1
      if (++this.#lines % LINES_PER_SLICE === 0) await pause()
    }
    this.#end = from + at
    return rows
  }

  #counts(epoch: number | undefined): boolean {
    if (epoch === undefined) return true
    if (epoch < this.#epoch) return false
    this.#epoch = epoch
    return true
  }

  /** Reads the whole file. Throws StoreError STORE_IO. */
  async load(): Promise<MemberRow[]> {
    this.#lines = 0
    this.unreadable = 0
    this.#epoch = 0
    this.#inode = await this.#inodeNow()
    return await this.#read(0)
  }

  /** For a reader: the changes since the last read, or everything when the file was written anew. */
  async follow(): Promise<MemberNews> {
    const found = await stat(this.#path).catch(() => undefined)
    if (found === undefined || (found.ino === this.#inode && found.size === this.#end)) return { rows: [], isWhole: false }
    if (found.ino !== this.#inode || found.size < this.#end) return { rows: await this.load(), isWhole: true }
    return { rows: await this.#read(this.#end), isWhole: false }
  }

  /** The last lines of an earlier writer, and a line after which no more of them count. */
  async begin(members: ReadonlyMap<ZoneName, Member>): Promise<MemberNews> {
    const news = await this.follow()
    const epoch = this.#fence?.epoch()
    if (epoch === undefined) return news
    if (epoch >= this.#epoch) await this.#appendLines([Buffer.from(`${fenceLine(epoch)}\n`)], 1)
    // The numbers began anew, as the locks of an earlier time are gone.
    else await this.replace(withNews(members, news))
    return news
  }

  async #inodeNow(): Promise<number> {
    return (await stat(this.#path).catch(() => undefined))?.ino ?? 0
  }

  /** Durable when it resolves. Throws StoreError STORE_IO, STORE_NOT_OWNED; then nothing may take effect. */
  async append(rows: readonly MemberRow[]): Promise<void> {
    if (rows.length > 0) await this.#appendLines(await this.#linesOf(rows), rows.length)
  }

  async #appendLines(lines: readonly Buffer[], count: number): Promise<void> {
    const epoch = this.#fence?.epoch() ?? 0
    try {
      if (this.#handle === undefined) {
        this.#handle = await open(this.#path, 'a')
        // The rest of a line that a crash cut must not swallow the next one.
        const { size, ino } = await this.#handle.stat()
        this.#inode = ino
        if (size > this.#end) await writeAll(this.#handle, Buffer.from('\n'))
        await syncDirectory(this.#directory)
      }
      for (const data of lines) await writeAll(this.#handle, data)
      await this.#handle.datasync()
      this.#end = (await this.#handle.stat()).size
      this.#lines += count
      this.#epoch = Math.max(this.#epoch, epoch)
    } catch (error) {
      await this.close().catch(() => undefined)
      throw ioError(this.#path, error)
    }
    // An earlier writer wrote the file anew meanwhile: these lines are in a file without a name.
    if (this.#fence === undefined || (await this.#inodeNow()) === this.#inode) return
    await this.close()
    throw ioError(this.#path, { code: 'ESTALE' })
  }

  async #linesOf(rows: Iterable<MemberRow>): Promise<Buffer[]> {
    const parts: Buffer[] = []
    const epoch = this.#fence?.epoch()
    let text = ''
    let done = 0
    for (const row of rows) {
      text += `${lineOf(row, epoch)}\n`
      if (++done % LINES_PER_SLICE !== 0) continue
      parts.push(Buffer.from(text))
      text = ''
      await pause()
    }
    return [...parts, Buffer.from(text)]
  }

  /** Writes the file anew when most of its lines are of the past. Throws StoreError STORE_IO, STORE_NOT_OWNED. */
  async tend(members: ReadonlyMap<ZoneName, Member>): Promise<void> {
    if (this.#lines > 2 * members.size + MOST_WASTE) await this.replace(members)
  }

  /** Writes the file anew, with these members. Throws StoreError STORE_IO, STORE_NOT_OWNED. */
  async replace(members: ReadonlyMap<ZoneName, Member>): Promise<void> {
    const draft = `${this.#path}.${process.pid}.new`
    const rows = Array.from(members.values(), (after) => ({ zone: after.zone, after }))
    const lines = await this.#linesOf(rows)
    try {
      await this.close()
      await writeFileDurably(draft, lines)
      const epoch = this.#fence?.epoch()
      await rename(draft, this.#path)
      await syncDirectory(this.#directory)
      const { size, ino } = await stat(this.#path)
      this.#lines = members.size
      this.#epoch = epoch ?? 0
      this.#end = size
      this.#inode = ino
    } catch (error) {
      await unlink(draft).catch(() => undefined)
      if (error instanceof StoreError) throw error
      throw ioError(this.#path, error)
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }
}

/** Empty without a file. Throws StoreError STORE_IO. */
async function readFrom(path: string, from: number): Promise<Buffer> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const data = Buffer.alloc(Math.max(0, (await handle.stat()).size - from))
    const { bytesRead } = await handle.read(data, 0, data.length, from)
    return data.subarray(0, bytesRead)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return Buffer.alloc(0)
    throw ioError(path, error)
  } finally {
    await handle?.close()
  }
}

async function writeFileDurably(path: string, lines: readonly Buffer[]): Promise<void> {
  const handle = await open(path, 'w')
  try {
    for (const data of lines) await writeAll(handle, data)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** The members after the news. */
export function withNews(members: ReadonlyMap<ZoneName, Member>, { rows, isWhole }: MemberNews): Map<ZoneName, Member> {
  const next = new Map(isWhole ? [] : members)
  for (const { zone, after } of rows) {
    if (after === undefined) next.delete(zone)
    else next.set(zone, after)
  }
  return next
}
