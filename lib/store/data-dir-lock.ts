/**
 * Admits one hub per data directory, and one writer at a time. `hub.json` has the hub's name and the format; `writer.lock` has
 * the current writer. A writer whose process died is replaced at once. A writer on another host or in another container keeps the
 * lock while it renews it.
 */
import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { guard } from '../runtime/guard.js'
import { ioError, StoreError } from './errors.js'
import { expectOurs } from './expect-ours.js'

export const STORE_FORMAT = 1
const RENEW_MS = 4_000
const STALE_MS = 15_000

interface Holder {
  pid: number
  host: string
  /** Clock ticks since boot at which the process started; distinguishes a reused pid from the holder. */
  started: string
  /** Distinguishes this lock from any other. */
  token?: string
}

/** Scope in which a pid is unique: containers may share a host name, never their process numbers. */
const pidSpace = (): string => {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

/** Undefined when the process does not exist, or is a zombie. */
const startOf = (pid: number): string | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

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

/** Makes this process the one writer. Throws StoreError STORE_LOCKED. */
export function lockForWriting(directory: string): WriterLock {
  const file = join(directory, 'writer.lock')
  const me: Holder = { pid: process.pid, host: pidSpace(), started: startOf(process.pid) ?? '', token: randomUUID() }
  take(directory, file, me)
  const renew = guard('lock timer', () => {
    // Another process removed or replaced the lock because it considered this one dead. There is nothing to renew.
    if (!isOurs(file, me)) return
    const now = new Date()
    try {
      utimesSync(file, now, now)
    } catch {
      // The file was removed between the two calls.
    }
  })
  const timer = setInterval(renew, RENEW_MS)
  timer.unref()
  return {
    release: () => {
      clearInterval(timer)
      if (isOurs(file, me)) rmSync(file, { force: true })
    },
    hold: () => {
      if (isStillOurs(file, me)) return
      throw new StoreError(
        { code: 'STORE_LOCK_LOST', directory },
        `${directory} has another writer, or its writer.lock was removed; this process does not write there any more: restart it`,
      )
    },
  }
}

function take(directory: string, file: string, me: Holder): void {
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(file, JSON.stringify(me), { flag: 'wx' })
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw ioError(file, error)
    }
    const text = readOptional(file) ?? ''
    const holder = parse<Holder>(text)
    if (tries > 2 || isAlive(file, holder)) {
      const by = holder ? `process ${holder.pid} on ${holder.host.split(' ')[0]}` : 'another process'
      throw new StoreError(
        { code: 'STORE_LOCKED', directory, by },
        `${directory} is in use by ${by}; stop it first, or give this hub its own dataDir`,
      )
    }
    removeStale(file, text)
  }
}

/**
 * Two processes may find the same lock stale. Each moves the file aside and reads it: either the stale lock, or the new lock of
 * the other process, which it moves back.
 */
function removeStale(file: string, text: string): void {
  const aside = `${file}.${randomUUID()}`
  try {
    renameSync(file, aside)
  } catch {
    return // the other process was first
  }
  if (readOptional(aside) !== text) {
    try {
      linkSync(aside, file)
    } catch {
      // A third process has a new lock there; the retries end.
    }
  }
  rmSync(aside, { force: true })
}

const isOurs = (file: string, me: Holder): boolean => {
  try {
    return parse<Holder>(readFileSync(file, 'utf8'))?.token === me.token
  } catch {
    return false
  }
}

/** The lock is lost only when another process's lock is there, or none. An unreadable file proves nothing. */
function isStillOurs(file: string, me: Holder): boolean {
  try {
    return parse<Holder>(readFileSync(file, 'utf8'))?.token === me.token
  } catch (error) {
    return (error as { code?: string }).code !== 'ENOENT'
  }
}

function isAlive(file: string, holder: Holder | undefined): boolean {
  if (holder && holder.host === pidSpace()) {
    const started = startOf(holder.pid)
    return started !== undefined && (holder.started === '' || started === holder.started)
  }
  try {
    return Date.now() - statSync(file).mtimeMs < STALE_MS
  } catch {
    return false
  }
}

function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw ioError(file, error)
  }
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}
