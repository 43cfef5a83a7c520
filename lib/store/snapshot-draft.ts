/**
 * Writes complete contents to disk while they are received, in the background, so that little remains to be written after the
 * last record. The file has no name before `finish`. For contents that are only added to; snapshot-file.ts writes contents that
 * differences changed.
 */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ZoneContents } from '../zone/zone-contents.js'
import { syncDirectory, writeAll } from './durable.js'
import { ioError } from './errors.js'
import { blockHead, END_BLOCK, SNAPSHOT_MAGIC } from './snapshot-file.js'

/** Octets that are gathered before a write; small zones are written in one go at the end. */
const WRITE_OCTETS = 1 << 20
/** Octets after which the file is synced, so that the last wait is short. */
const SYNC_OCTETS = 1 << 24

export class SnapshotDraft {
  readonly contents: ZoneContents
  readonly #aside: string
  readonly #onEnd: () => void
  #handle: FileHandle | undefined
  /** Arena offset up to which records were passed to the disk. */
  #handed = 0
  #unsynced = 0
  #writing: Promise<void> = Promise.resolve()
  #failed = false

  /** `aside`: a file that no other writer uses. `onEnd` runs when it is finished or discarded. */
  constructor(contents: ZoneContents, aside: string, onEnd: () => void) {
    this.#onEnd = onEnd
    this.contents = contents
    this.#aside = aside
  }

  /** Data is being written to disk. */
  get hasBegun(): boolean {
    return this.#handed > 0
  }

  /** Takes new records. Never throws: `finish` reports failures. */
  advance(): void {
    while (!this.#failed && this.contents.tail - this.#handed >= WRITE_OCTETS) this.#hand()
  }

  #hand(): void {
    const { data, next } = this.contents.stretch(this.#handed)
    this.#handed = next
    this.#writing = this.#writing.then(() => this.#write(data))
    this.#writing.catch(() => {
      this.#failed = true
    })
  }

  /**
   * Called after the last record. As ZoneContents.settle; first writes the pending records, because records that came twice are
   * marked then.
   */
  async settle(pause: () => Promise<void>): Promise<void> {
    await this.contents.takeCount(pause)
    if (!this.contents.isSettled) await this.#writing.catch(() => undefined)
    await this.contents.settle(pause)
  }

  async #write(data: Buffer): Promise<void> {
    const isFirst = this.#handle === undefined
    const handle = this.#handle ?? (await this.#open())
    if (isFirst) await writeAll(handle, SNAPSHOT_MAGIC)
    await writeAll(handle, blockHead(data))
    await writeAll(handle, data)
    this.#unsynced += data.length
    if (this.#unsynced < SYNC_OCTETS) return
    this.#unsynced = 0
    await handle.datasync()
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#aside), { recursive: true, mode: 0o750 })
    this.#handle = await open(this.#aside, 'w', 0o640)
    return this.#handle
  }

  /** The blocks of small contents, which are written with one call. */
  *#rest(): Generator<Buffer> {
    while (this.#handed < this.contents.tail) {
      const { data, next } = this.contents.stretch(this.#handed)
      this.#handed = next
      yield blockHead(data)
      yield data
    }
  }

  /** Writes the rest, and names the file when all is durable. Throws StoreError STORE_IO; then no file remains. */
  async finish(file: string): Promise<void> {
    try {
      const isSmall = !this.hasBegun && this.contents.tail <= WRITE_OCTETS
      if (!isSmall) while (this.#handed < this.contents.tail) this.#hand()
      await this.#writing
      const handle = this.#handle ?? (await this.#open())
      await writeAll(handle, Buffer.concat(isSmall ? [SNAPSHOT_MAGIC, ...this.#rest(), END_BLOCK] : [END_BLOCK]))
      await handle.datasync()
      await handle.close()
      this.#handle = undefined
      await rename(this.#aside, file)
      await syncDirectory(dirname(file))
      this.#onEnd()
    } catch (error) {
      await this.discard()
      throw ioError(file, error)
    }
  }

  /** Removes the file of a failed transfer. */
  async discard(): Promise<void> {
    this.#failed = true
    await this.#writing.catch(() => undefined)
    await this.#handle?.close().catch(() => undefined)
    this.#handle = undefined
    await rm(this.#aside, { force: true }).catch(() => undefined)
    this.#onEnd()
  }
}
