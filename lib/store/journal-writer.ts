/**
 * Appends to one zone's journal. The file of a zone that changes often stays open between commits, so that a commit is one
 * durable write; only the few most recently used stay open.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openIn, syncDirectory } from './durable.js'
import { ioError, StoreError } from './errors.js'
import { JOURNAL_MAGIC } from './journal-file.js'

/** Journals that stay open over all zones; an estimate that leaves a small system most of its descriptors. */
const MAX_OPEN = 64

export class JournalWriter {
  /** Writers with an open file, least recently used first. */
  static readonly #opened = new Set<JournalWriter>()

  readonly #file: string
  /** Throws when this process must not write any more: then it removes nothing either. */
  readonly #hold: () => void
  #handle: FileHandle | undefined
  #writing = false

  constructor(file: string, hold: () => void) {
    this.#file = file
    this.#hold = hold
  }

  /**
   * Writes `entry` at `end`, over torn octets there, and returns the position of the next one when it is durable. `end` 0 begins
   * a new journal. `prepared`: octets of it that `prepare` wrote behind these. One call at a time. Throws StoreError STORE_IO;
   * then nothing of the entry remains.
   */
  async append(end: number, entry: Buffer, prepared = 0): Promise<number> {
    const isNew = end === 0
    const data = isNew ? Buffer.concat([JOURNAL_MAGIC, entry]) : entry
    this.#writing = true
    try {
      await this.#write(end, end, data)
      if (isNew) await syncDirectory(dirname(this.#file))
      return end + data.length + prepared
    } catch (error) {
      await this.#close()
      throw error instanceof StoreError ? error : ioError(this.#file, error)
    } finally {
      this.#writing = false
      await JournalWriter.#closeSpare()
    }
  }

  /**
   * Writes an entry that is being prepared at `end`, durably; `append`, which replaces its front, or `abandon` must follow.
   * Throws as `append` does.
   */
  async prepare(end: number, prepared: Buffer): Promise<void> {
    this.#writing = true
    try {
      await this.#write(end, end, prepared)
    } catch (error) {
      await this.#close()
      throw ioError(this.#file, error)
    }
  }

  /** Removes a prepared entry. When that fails, the entry has no effect and is overwritten later. */
  async abandon(end: number): Promise<void> {
    if (this.#handle !== undefined) await this.#truncate(this.#handle, end)
    this.#writing = false
    await JournalWriter.#closeSpare()
  }

  /** Another writer may have replaced this process meanwhile: the octets there are its own. */
  async #truncate(handle: FileHandle, end: number): Promise<void> {
    try {
      this.#hold()
      await handle.truncate(end)
    } catch {
      await this.#close()
    }
  }

  async #write(end: number, at: number, data: Buffer): Promise<void> {
    const handle = this.#handle ?? (await this.#open(end))
    try {
      for (let written = 0; written < data.length; )
        written += (await handle.write(data, written, data.length - written, at + written)).bytesWritten
    } catch (error) {
      // No partial entry may remain: the next reader would skip it, but it may be the reason for a full disk.
      await this.#truncate(handle, end)
      throw error
    }
  }

  async #open(end: number): Promise<FileHandle> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC
    const handle = await openIn(this.#file, end === 0 ? flags | constants.O_TRUNC : flags)
    try {
      if (end > 0 && (await handle.stat()).size > end) await handle.truncate(end)
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
    JournalWriter.#opened.add(this)
    await JournalWriter.#closeSpare()
    return handle
  }

  static async #closeSpare(): Promise<void> {
    for (const writer of JournalWriter.#opened) {
      if (JournalWriter.#opened.size <= MAX_OPEN) break
      if (!writer.#writing) await writer.#close()
    }
  }

  async #close(): Promise<void> {
    JournalWriter.#opened.delete(this)
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close().catch(() => undefined)
  }

  /** Replaces the journal by one with these entries only: written aside, made durable, then renamed. Returns its size. */
  async rewrite(entries: readonly Buffer[]): Promise<number> {
    const aside = `${this.#file}.new`
    await this.#close()
    try {
      const handle = await open(aside, 'w', 0o640)
      try {
        const data = Buffer.concat([JOURNAL_MAGIC, ...entries])
        await handle.writeFile(data)
        await handle.datasync()
        await rename(aside, this.#file)
        await syncDirectory(dirname(this.#file))
        return data.length
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw ioError(this.#file, error)
    }
  }

  /** Closes the file; the next append opens it again. */
  async release(): Promise<void> {
    if (!this.#writing) await this.#close()
  }
}
