/**
 * The locks of one worker process in a data directory that several share: one for its name, and one for each shard that it owns.
 * A zone may be written only while the lock of its shard is ours: a process that slept while another took the shard finds the
 * other's lock there, and its writes are refused.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { SHARDS, ShardPlaces } from '../fleet/shards.js'
import { claimDirectory, expectShared, workersFolder } from './data-dir-lock.js'
import { ioError, StoreError } from './errors.js'
import { FileLock, type Holder, holderText, type LockState } from './file-lock.js'

/** The zones that this process may write, where several share a directory. */
export interface ZoneOwnership {
  owns(zone: string): boolean
  /** Throws StoreError STORE_NOT_OWNED. */
  hold(zone: string): void
}

export interface ShardLocksOptions {
  dataDir: string
  hub: string
  /** Name of this worker process. */
  worker: string
  /** A running process that has not renewed a lock for so long may lose it. */
  silentMs: number
  places?: ShardPlaces | undefined
}

export class ShardLocks implements ZoneOwnership {
  readonly #options: ShardLocksOptions
  readonly worker: string
  readonly places: ShardPlaces
  readonly #name: FileLock
  readonly #locks: readonly FileLock[]
  /** Shards whose lock is ours; false: it is being handed over, and no new work begins. */
  readonly #owned = new Map<number, boolean>()
  /** Identifies the directory: two workers with the same share one disk. */
  readonly directoryId: string

  private constructor(options: ShardLocksOptions, name: FileLock, directoryId: string) {
    const folder = shardsFolder(options.dataDir)
    this.#options = options
    this.worker = options.worker
    this.places = options.places ?? new ShardPlaces()
    this.#name = name
    this.directoryId = directoryId
    this.#locks = Array.from(
      { length: SHARDS },
      (_, shard) => new FileLock(join(folder, `${String(shard).padStart(2, '0')}.lock`), { worker: options.worker }),
    )
  }

  /**
   * Joins the workers of the directory. Throws StoreError STORE_LOCKED when a process writes it alone, STORE_WORKER_NAME when a
   * running worker has the name, STORE_OTHER_HUB, STORE_NEWER_FORMAT, STORE_IO.
   */
  static open(options: ShardLocksOptions): ShardLocks {
    const { dataDir, hub, worker } = options
    claimDirectory(dataDir, hub)
    makeFolder(workersFolder(dataDir))
    makeFolder(shardsFolder(dataDir))
    const name = new FileLock(join(workersFolder(dataDir), `${worker}.lock`), { worker })
    if (!name.take()) throw nameInUse(dataDir, worker, name.holder)
    try {
      expectShared(dataDir)
      return new ShardLocks(options, name, directoryId(dataDir))
    } catch (error) {
      name.release()
      throw error
    }
  }

  /** Shards whose lock is ours, those that are being handed over included. */
  get owned(): number[] {
    return [...this.#owned.keys()]
  }

  ownsShard(shard: number): boolean {
    return this.#owned.get(shard) ?? false
  }

  owns(zone: string): boolean {
    return this.ownsShard(this.places.of(zone))
  }

  hold(zone: string): void {
    const shard = this.places.of(zone)
    if (this.isHeld(shard)) return
    throw new StoreError(
      { code: 'STORE_NOT_OWNED', zone, shard },
      `${zone} belongs to another worker (shard ${shard}); this process does not write it`,
    )
  }

  /** The number of this process as the owner of the shard; undefined when it is not its owner, as the lock's file shows now. */
  epochOf(shard: number): number | undefined {
    return this.isHeld(shard) ? (this.holder(shard)?.epoch ?? 0) : undefined
  }

  /** The lock of the shard is ours, as its file shows now. */
  isHeld(shard: number): boolean {
    return this.#owned.has(shard) && this.#locks[shard]!.isStillOurs
  }

  /** Throws StoreError STORE_IO. */
  state(shard: number): LockState {
    return this.#locks[shard]!.state(this.#options.silentMs)
  }

  holder(shard: number): Holder | undefined {
    return this.#locks[shard]!.holder
  }

  /**
   * Takes the shard, with the number of its new owner. `evenSilent`: also from a running process that has not renewed its lock.
   * Returns false when its owner keeps it. Throws StoreError STORE_IO, STORE_LOCKED.
   */
  take(shard: number, epoch: number, evenSilent: boolean): boolean {
    const lock = this.#locks[shard]!
    if (this.#owned.has(shard)) return false
    // From before the directory was away.
    lock.release()
    if (!lock.take(epoch, evenSilent ? this.#options.silentMs : undefined)) return false
    try {
      // A process that locks the whole directory creates its lock before it checks ours.
      expectShared(this.#options.dataDir)
    } catch (error) {
      lock.release()
      throw error
    }
    this.#owned.set(shard, true)
    return true
  }

  /** No new work begins in the shard; work in progress may still write. */
  leave(shard: number): void {
    if (this.#owned.has(shard)) this.#owned.set(shard, false)
  }

  release(shard: number): void {
    if (this.#owned.delete(shard)) this.#locks[shard]!.release()
  }

  /** The process of this worker has ended, as its lock on the name shows. False when that cannot be known. */
  isWorkerGone(worker: string): boolean {
    const lock = new FileLock(join(workersFolder(this.#options.dataDir), `${worker}.lock`))
    return ['dead', 'free'].includes(lock.state())
  }

  /** Renews all locks. Returns the shards that another process took meanwhile; they are not owned any more. Throws StoreError STORE_IO. */
  renew(): number[] {
    if (!this.#name.renew())
      throw new StoreError(
        { code: 'STORE_IO', file: this.#name.file, errno: 'ENOENT' },
        `cannot renew ${this.#name.file}: the data directory is gone or read-only, or another process took the lock`,
      )
    const lost = this.owned.filter((shard) => !this.#locks[shard]!.renew() && !this.#locks[shard]!.isStillOurs)
    for (const shard of lost) this.#owned.delete(shard)
    return lost
  }

  /**
   * Joins again when the directory is back. An empty folder in its place, as a mount point has, is another directory. Throws
   * StoreError STORE_IO, STORE_WORKER_NAME.
   */
  rejoin(): void {
    const { dataDir, worker } = this.#options
    if (readId(dataDir) !== this.directoryId) throw ioError(idFile(dataDir), { code: 'ENOENT' })
    if (!this.#name.isOurs && !this.#name.take()) throw nameInUse(dataDir, worker, this.#name.holder)
  }

  /** Writes and syncs some octets. Throws StoreError STORE_IO. A full disk still serves. */
  async probe(): Promise<void> {
    const file = join(workersFolder(this.#options.dataDir), `${this.#options.worker}.probe`)
    try {
      const handle = await open(file, 'w', 0o640)
      try {
        await handle.writeFile('zonecast\n')
        await handle.datasync()
      } finally {
        await handle.close()
      }
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw ioError(file, error)
    }
  }

  close(): void {
    for (const shard of this.owned) this.release(shard)
    this.#name.release()
  }
}

const shardsFolder = (dataDir: string): string => join(dataDir, 'shards')

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o750 })
  } catch (error) {
    throw ioError(folder, error)
  }
}

const nameInUse = (directory: string, worker: string, holder: Holder | undefined): StoreError =>
  new StoreError(
    { code: 'STORE_WORKER_NAME', directory, worker, by: holderText(holder) },
    `${directory} has a worker "${worker}" already, ${holderText(holder)}; give this one another name (start --worker), or stop that one`,
  )

const idFile = (dataDir: string): string => join(shardsFolder(dataDir), 'directory.id')

function readId(dataDir: string): string {
  try {
    return readFileSync(idFile(dataDir), 'utf8')
  } catch (error) {
    throw ioError(idFile(dataDir), error)
  }
}

/** Made by the first worker; a copy of the directory has the same. */
function directoryId(dataDir: string): string {
  try {
    writeFileSync(idFile(dataDir), randomUUID(), { flag: 'wx' })
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw ioError(idFile(dataDir), error)
  }
  return readId(dataDir)
}
