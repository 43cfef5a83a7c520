/**
 * The members of catalogs on disk: one line of JSON for each change, the last line of a zone counts. The versions of the catalogs
 * have the lists; this file adds what they do not have: since when a member is there, when it left, and which zone was reset.
 * One process appends; others follow.
 */
import { type FileHandle, open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Member } from '../catalog/membership.js'
import type { ZoneName } from '../dns/name.js'
import { fitting } from '../runtime/fitting.js'
import { pause } from '../runtime/turns.js'
import { syncDirectory, writeAll } from './durable.js'
import { ioError } from './errors.js'

/** The file in the data directory. */
export const MEMBER_LOG = 'members'
const LINES_PER_SLICE = 500
/** Lines more than members before the file is written anew. */
const MOST_WASTE = 1_000

export interface MemberRow {
  zone: ZoneName
  /** Undefined: no longer a member. */
  after: Member | undefined
}

const name = z.string().max(1_100)
const LINE = z.object({
  z: name,
  c: name.optional(),
  i: name.optional(),
  g: z.string().optional(),
  o: name.optional(),
  s: z.number().optional(),
  l: z.number().optional(),
})

export class MemberLog {
  readonly #path: string
  readonly #directory: string
  #handle: FileHandle | undefined
  /** Read or written up to here, in octets. */
  #end = 0
  #inode = 0
  #lines = 0
  /** Lines that could not be read, since the last complete read. */
  unreadable = 0

  constructor(dataDir: string) {
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
      const row = rowOf(data.toString('utf8', at, end))
      if (row !== undefined) rows.push(row)
      else if (end > at) this.unreadable += 1
      at = end + 1
      if (++this.#lines % LINES_PER_SLICE === 0) await pause()
    }
    this.#end = from + at
    return rows
  }

  /** Reads the whole file. Throws StoreError STORE_IO. */
  async load(): Promise<MemberRow[]> {
    this.#lines = 0
    this.unreadable = 0
    this.#inode = await this.#inodeNow()
    return await this.#read(0)
  }

  /** For a reader: the changes since the last read, or everything when the file was written anew. */
  async follow(): Promise<{ rows: MemberRow[]; isWhole: boolean }> {
    const found = await stat(this.#path).catch(() => undefined)
    if (found === undefined || (found.ino === this.#inode && found.size === this.#end)) return { rows: [], isWhole: false }
    if (found.ino !== this.#inode || found.size < this.#end) return { rows: await this.load(), isWhole: true }
    return { rows: await this.#read(this.#end), isWhole: false }
  }

  async #inodeNow(): Promise<number> {
    return (await stat(this.#path).catch(() => undefined))?.ino ?? 0
  }

  /** Durable when it resolves. Throws StoreError STORE_IO; then nothing may take effect. */
  async append(rows: readonly MemberRow[]): Promise<void> {
    if (rows.length === 0) return
    try {
      if (this.#handle === undefined) {
        this.#handle = await open(this.#path, 'a')
        // The rest of a line that a crash cut must not swallow the next one.
        const { size } = await this.#handle.stat()
        if (size > this.#end) await writeAll(this.#handle, Buffer.from('\n'))
        await syncDirectory(this.#directory)
      }
      for (const data of await this.#linesOf(rows)) await writeAll(this.#handle, data)
      await this.#handle.datasync()
      this.#end = (await this.#handle.stat()).size
      this.#lines += rows.length
    } catch (error) {
      throw ioError(this.#path, error)
    }
  }

  async #linesOf(rows: Iterable<MemberRow>): Promise<Buffer[]> {
    const parts: Buffer[] = []
    let text = ''
    let done = 0
    for (const row of rows) {
      text += `${lineOf(row)}\n`
      if (++done % LINES_PER_SLICE !== 0) continue
      parts.push(Buffer.from(text))
      text = ''
      await pause()
    }
    return [...parts, Buffer.from(text)]
  }

  /** Writes the file anew when most of its lines are of the past. Throws StoreError STORE_IO. */
  async compact(members: ReadonlyMap<ZoneName, Member>): Promise<void> {
    if (this.#lines <= 2 * members.size + MOST_WASTE) return
    const draft = `${this.#path}.new`
    try {
      await this.close()
      const handle = await open(draft, 'w')
      const rows = Array.from(members.values(), (after) => ({ zone: after.zone, after }))
      for (const data of await this.#linesOf(rows)) await writeAll(handle, data)
      await handle.datasync()
      await handle.close()
      await rename(draft, this.#path)
      await syncDirectory(this.#directory)
      this.#lines = members.size
      this.#end = (await stat(this.#path)).size
    } catch (error) {
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

function lineOf({ zone, after }: MemberRow): string {
  if (after === undefined) return JSON.stringify({ z: zone })
  const { catalog, id, group, coo, since, leftAt } = after
  return JSON.stringify({ z: zone, c: catalog, i: id, g: group, o: coo, s: since, l: leftAt })
}

function rowOf(text: string): MemberRow | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const line = fitting(LINE, value) as z.infer<typeof LINE> | undefined
  if (line === undefined) return undefined
  const zone = line.z as ZoneName
  const { c, i, g, o, s, l } = line
  if (c === undefined) return { zone, after: undefined }
  if (i === undefined || s === undefined) return undefined
  return {
    zone,
    after: { zone, catalog: c as ZoneName, id: i, group: g, coo: o as ZoneName | undefined, since: s, leftAt: l },
  }
}
