/**
 * A lock in a file: the file has the process that holds it. A holder whose process died is replaced at once; a holder on another
 * host or in another container keeps the lock while it renews it.
 */
import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { ioError } from './errors.js'

/** A holder that cannot be checked and has not renewed its lock for so long is dead. */
export const STALE_MS = 15_000

export interface Holder {
  pid: number
  host: string
  /** Clock ticks since boot at which the process started; distinguishes a reused pid from the holder. */
  started: string
  /** Distinguishes this lock from any other. */
  token?: string
  /** Number of the owner of a shard: a later owner has a larger one. */
  epoch?: number
  /** Name of the worker process that owns a shard. */
  worker?: string
}

/** State of a lock: no file, our own, of a dead process, of a process that did not renew it in time, or of a running process. */
export type LockState = 'free' | 'ours' | 'dead' | 'silent' | 'alive'

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

export class FileLock {
  readonly file: string
  readonly #me: Holder

  constructor(file: string, about: Pick<Holder, 'worker'> = {}) {
    this.file = file
    this.#me = { pid: process.pid, host: pidSpace(), started: startOf(process.pid) ?? '', token: randomUUID(), ...about }
  }

  /**
   * Takes the lock unless a running process holds it. `replaceSilent`: also one that a running process on this machine has not
   * renewed for that many milliseconds. Returns false with a holder that keeps it. Throws StoreError STORE_IO.
   */
  take(epoch?: number, replaceSilent?: number): boolean {
    const text = JSON.stringify(epoch === undefined ? this.#me : { ...this.#me, epoch })
    for (let tries = 0; ; tries++) {
      try {
        writeFileSync(this.file, text, { flag: 'wx' })
        return true
      } catch (error) {
        if ((error as { code?: string }).code !== 'EEXIST') throw ioError(this.file, error)
      }
      const before = readOptional(this.file) ?? ''
      const state = stateOf(this.file, parse<Holder>(before), replaceSilent)
      if (tries > 2 || state === 'alive' || (state === 'silent' && replaceSilent === undefined)) return false
      removeStale(this.file, before)
    }
  }

  /** The process that holds it. */
  get holder(): Holder | undefined {
    try {
      return parse<Holder>(readFileSync(this.file, 'utf8'))
    } catch {
      return undefined
    }
  }

  /** `silentMs`: a running holder on this machine that has not renewed for longer counts as silent. Throws StoreError STORE_IO. */
  state(silentMs?: number): LockState {
    const text = readOptional(this.file)
    if (text === undefined) return 'free'
    const holder = parse<Holder>(text)
    return holder?.token === this.#me.token ? 'ours' : stateOf(this.file, holder, silentMs)
  }

  /** The lock is ours, as the file shows. */
  get isOurs(): boolean {
    return this.holder?.token === this.#me.token
  }

  /** The lock is lost only when another process's lock is there, or none. An unreadable file proves nothing. */
  get isStillOurs(): boolean {
    try {
      return parse<Holder>(readFileSync(this.file, 'utf8'))?.token === this.#me.token
    } catch (error) {
      return (error as { code?: string }).code !== 'ENOENT'
    }
  }

  /** Another process may remove or replace the lock because it considered this one dead: then there is nothing to renew. */
  renew(): boolean {
    if (!this.isOurs) return false
    const now = new Date()
    try {
      utimesSync(this.file, now, now)
      return true
    } catch {
      return false
    }
  }

  release(): void {
    if (this.isOurs) rmSync(this.file, { force: true })
  }
}

/** `another process` for a file that cannot be read. */
export const holderText = (holder: Holder | undefined): string =>
  holder ? `process ${holder.pid} on ${holder.host.split(' ')[0]}` : 'another process'

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

/** A process that cannot be checked counts as dead when it is silent. */
function stateOf(file: string, holder: Holder | undefined, silentMs: number | undefined): 'dead' | 'silent' | 'alive' {
  const isHere = holder !== undefined && holder.host === pidSpace()
  if (isHere) {
    const started = startOf(holder.pid)
    if (started === undefined || (holder.started !== '' && started !== holder.started)) return 'dead'
    if (silentMs === undefined) return 'alive'
  }
  try {
    const age = Date.now() - statSync(file).mtimeMs
    if (isHere) return age > silentMs! ? 'silent' : 'alive'
    return age < Math.max(STALE_MS, silentMs ?? 0) ? 'alive' : 'dead'
  } catch {
    return 'dead'
  }
}

export function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw ioError(file, error)
  }
}

export function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}
