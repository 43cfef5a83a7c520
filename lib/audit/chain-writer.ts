/**
 * Appends to one chain: lines of many callers are written and synced together, and a caller continues when its line is durable. A
 * failed write leaves nothing of itself. One process writes a chain, under its lock.
 */
import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../runtime/clock.js'
import { guard } from '../runtime/guard.js'
import { syncDirectory, writeAll } from '../store/durable.js'
import type { FileLock } from '../store/file-lock.js'
import { AuditError, notWritten } from './errors.js'
import { type Head, headsFolder, headText, makeFolder, segmentName, segmentsOf } from './folders.js'
import { type Draft, writeLine } from './line.js'

export interface WriterOptions {
  clock: Pick<Clock, 'now' | 'wall'>
  /** Octets from which the next file begins. */
  rotateAt?: number
}

export interface Written extends Head {
  at: number
}

interface Waiting {
  draft: Draft
  resolve(written: Written): void
  reject(error: AuditError): void
}

/** The end of a chain, as the disk has it. */
export interface ChainEnd extends Head {
  at: number
  /** Octets of the newest file up to its last complete line. */
  size: number
  /** The newest file; undefined while there is none. */
  file: string | undefined
}

const ROTATE_AT = 16 * 2 ** 20
const LINES_PER_WRITE = 500
const RENEW_MS = 4_000

export class ChainWriter {
  readonly chain: string
  readonly #folder: string
  readonly #clock: WriterOptions['clock']
  readonly #rotateAt: number
  readonly #lock: FileLock
  #end: ChainEnd
  #handle: FileHandle | undefined
  #headHandle: FileHandle | undefined
  #queue: Waiting[] = []
  /** Set and cleared in the same turn as the queue is found empty: a caller in the next turn begins a new drain. */
  #isDraining = false
  #draining: Promise<void> = Promise.resolve()
  /** Octets of a failed write may be behind the end. */
  #isDirty = false
  #isClosed = false
  readonly #timer: NodeJS.Timeout

  /** `folder`: that of the audit log. The caller has the lock, and has read the end. */
  constructor(folder: string, chain: string, lock: FileLock, end: ChainEnd, { clock, rotateAt = ROTATE_AT }: WriterOptions) {
    this.chain = chain
    this.#folder = folder
    this.#lock = lock
    this.#end = end
    this.#clock = clock
    this.#rotateAt = rotateAt
    this.#timer = setInterval(
      guard('audit lock timer', () => this.#lock.renew()),
      RENEW_MS,
    )
    this.#timer.unref()
  }

  get end(): ChainEnd {
    return this.#end
  }

  /** Resolves when the line is durable. Rejects with AuditError; then no part of it is on disk. */
  append(draft: Draft): Promise<Written> {
    if (this.#isClosed) return Promise.reject(new AuditError({ code: 'AUDIT_CLOSED' }, 'nothing was done: the hub is stopping'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ draft, resolve, reject })
      if (!this.#isDraining) this.#draining = this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#isDraining = true
    // Callers of this turn of the event loop come together.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, LINES_PER_WRITE)
      try {
        const written = await this.#write(batch.map(({ draft }) => draft))
        for (const [i, { resolve }] of batch.entries()) resolve(written[i]!)
      } catch (error) {
        const refusal = notWritten(join(this.#folder, this.chain), error)
        for (const { reject } of batch) reject(refusal)
      }
    }
    this.#isDraining = false
  }

  async #write(drafts: readonly Draft[]): Promise<Written[]> {
    if (!this.#lock.isStillOurs) throw Object.assign(new Error('another process writes the chain'), { code: 'ELOCKED' })
    const handle = await this.#open()
    const { file, size } = this.#end
    const parts: Buffer[] = []
    const written: Written[] = []
    let { n, hash, at } = this.#end
    const now = this.#clock.wall?.() ?? this.#clock.now()
    for (const draft of drafts) {
      at = Math.max(at, now)
      const line = writeLine(draft, { n: n + 1, at, prev: hash })
      n += 1
      hash = line.hash
      parts.push(line.octets)
      written.push({ n, hash, at })
    }
    const octets = Buffer.concat(parts)
    try {
      await writeAll(handle, octets)
      await handle.datasync()
    } catch (error) {
      this.#isDirty = true
      await this.#clean(handle, size).catch(() => undefined)
      throw error
    }
    this.#end = { n, hash, at, size: size + octets.length, file }
    await this.#noteHead()
    return written
  }

  /** Removes what a failed write left. */
  async #clean(handle: FileHandle, size: number): Promise<void> {
    await handle.truncate(size)
    await handle.datasync()
    this.#isDirty = false
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle !== undefined && this.#isDirty) await this.#clean(this.#handle, this.#end.size)
    if (this.#handle !== undefined && this.#end.size < this.#rotateAt) return this.#handle
    await this.#ensureHead()
    if (this.#handle === undefined && this.#end.file !== undefined && this.#end.size < this.#rotateAt) {
      this.#handle = await open(this.#end.file, 'a', 0o600)
      return this.#handle
    }
    const folder = join(this.#folder, this.chain)
    const file = join(folder, segmentName(this.#end.n + 1))
    // A failed write may have left it, empty.
    const next = await open(file, 'a', 0o600)
    try {
      await next.truncate(0)
      await syncDirectory(folder)
    } catch (error) {
      await next.close()
      throw error
    }
    await this.#handle?.close()
    this.#handle = next
    this.#end = { ...this.#end, file, size: 0 }
    return next
  }

  /** Exists before the first line. */
  async #ensureHead(): Promise<void> {
    if (this.#headHandle !== undefined) return
    const file = join(headsFolder(this.#folder), this.chain)
    const isNew = (await readFile(file).catch(() => undefined)) === undefined
    await makeFolder(dirname(file))
    this.#headHandle = await open(file, isNew ? 'w' : 'r+', 0o600)
    if (!isNew) return
    await this.#headHandle.write(headText(this.#end), 0)
    await this.#headHandle.datasync()
    await syncDirectory(dirname(file))
  }

  /** Not synced: after a loss of power it may be behind the chain, never before it. */
  async #noteHead(): Promise<void> {
    await this.#headHandle?.write(headText(this.#end), 0).catch(() => undefined)
  }

  /** Removes the oldest file, whose last line an entry of this chain already names. Throws the error of the file system. */
  async removeOldest(file: string): Promise<void> {
    const [oldest, ...others] = await segmentsOf(join(this.#folder, this.chain))
    if (oldest === undefined || oldest.file !== file || others.length === 0) return
    await rm(file)
    await syncDirectory(dirname(file))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#draining
    clearInterval(this.#timer)
    await this.#headHandle?.datasync().catch(() => undefined)
    await this.#headHandle?.close()
    await this.#handle?.close()
    this.#lock.release()
  }
}
