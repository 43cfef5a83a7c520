/**
 * Admits one hub per data directory, and one writer at a time. `hub.json` has the hub's name and the format; `writer.lock` has
 * the current writer. Where several workers share the directory, they lock shards instead (shard-locks.ts).
 */
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { guard } from '../runtime/guard.js'
import { ioError, StoreError } from './errors.js'
import { expectOurs } from './expect-ours.js'
import { FileLock, holderText, parse, readOptional } from './file-lock.js'

export const STORE_FORMAT = 1
const RENEW_MS = 4_000

/** Claims the directory for this hub. Throws StoreError STORE_OTHER_HUB, STORE_NEWER_FORMAT, STORE_IO. */
export function claimDirectory(directory: string, hub: string): void {
  const file = join(directory, 'hub.json')
  try {
    mkdirSync(directory, { recursive: true, mode: 0o750 })
  } catch (error) {
    throw ioError(directory, error)
  }
  expectOurs(directory)
  const text = readOptional(file)
  if (text === undefined) {
    try {
      writeFileSync(`${file}.new`, `${JSON.stringify({ format: STORE_FORMAT, hub })}\n`)
      renameSync(`${file}.new`, file)
    } catch (error) {
      throw ioError(file, error)
    }
    return
  }
  const owner = parse<{ format?: number; hub?: string }>(text)
  if (typeof owner?.format !== 'number')
    throw new StoreError(
      { code: 'STORE_CORRUPT', file, reason: 'unreadable' },
      `${file} is damaged; restore it, or set another dataDir`,
    )
  if (owner.format > STORE_FORMAT)
    throw new StoreError(
      { code: 'STORE_NEWER_FORMAT', directory, format: owner.format },
      `${directory} was written by a newer zonecast (format ${owner.format}, this one reads up to ${STORE_FORMAT}); upgrade, or set another dataDir`,
    )
  if (owner.hub !== hub)
    throw new StoreError(
      { code: 'STORE_OTHER_HUB', directory, hub: owner.hub ?? '?' },
      `${directory} belongs to hub "${owner.hub}", not to "${hub}"; give each hub its own dataDir`,
    )
}

export interface WriterLock {
  release(): void
  /** Throws StoreError STORE_LOCK_LOST: another process considered this one dead, and its files must not be overwritten. */
  hold(): void
}

/** Locks of the workers that share a directory: a file for each worker in it. */
export const workersFolder = (directory: string): string => join(directory, 'workers')
const writerLock = (directory: string): FileLock => new FileLock(join(directory, 'writer.lock'))

/** Makes this process the one writer. Throws StoreError STORE_LOCKED. */
export function lockForWriting(directory: string): WriterLock {
  const lock = writerLock(directory)
  if (!lock.take()) throw locked(directory, holderText(lock.holder))
  const sharer = sharersOf(directory).find((other) => isRunning(other))
  if (sharer !== undefined) {
    lock.release()
    throw locked(directory, `${holderText(sharer.holder)}, which shares it`)
  }
  const timer = setInterval(
    guard('lock timer', () => lock.renew()),
    RENEW_MS,
  )
  timer.unref()
  return {
    release: () => {
      clearInterval(timer)
      lock.release()
    },
    hold: () => {
      if (lock.isStillOurs) return
      throw new StoreError(
        { code: 'STORE_LOCK_LOST', directory },
        `${directory} has another writer, or its writer.lock was removed; this process does not write there any more: restart it`,
      )
    },
  }
}

/** Throws StoreError STORE_LOCKED when a process writes the whole directory alone. */
export function expectShared(directory: string): void {
  const lock = writerLock(directory)
  if (isRunning(lock)) throw locked(directory, `${holderText(lock.holder)}, which does not share it (workers.share)`)
}

const isRunning = (lock: FileLock): boolean => ['alive', 'silent'].includes(lock.state())

function sharersOf(directory: string): FileLock[] {
  const folder = workersFolder(directory)
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.lock'))
      .map((name) => new FileLock(join(folder, name)))
  } catch {
    return [] // no worker has ever shared it
  }
}

const locked = (directory: string, by: string): StoreError =>
  new StoreError(
    { code: 'STORE_LOCKED', directory, by },
    `${directory} is in use by ${by}; stop it first, or give this hub its own dataDir`,
  )
