/**
 * A private Redis: a `redis-server` or `valkey-server` on a unix socket under the data directory, with an append-only file,
 * started and stopped with the hub. A server that outlived a crash of the hub is adopted, not doubled.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { guard } from '../runtime/guard.js'
import { type NextMove, ZonecastError } from '../errors.js'
import { goAsUsual } from '../runtime/priority.js'
import { connectRedis } from './redis.js'
import { isReadyWithin } from './redis-link.js'
import { isRefusal } from './refusals.js'

export type PrivateRedisFault =
  | { code: 'REDIS_NOT_INSTALLED' }
  | { code: 'REDIS_DID_NOT_START'; reason: string }
  | { code: 'REDIS_NOT_OURS'; directory: string }

class PrivateRedisError extends ZonecastError<PrivateRedisFault> {
  override readonly name = 'PrivateRedisError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}

const PROGRAMS = ['redis-server', 'valkey-server']
const START_MS = 15_000
/** Unix socket paths end at 107 octets (unix(7)). */
const MAX_SOCKET_PATH = 107

/** Interval of the checks that it still runs. */
const WATCH_MS = 1_000
const STOP_MS = 5_000
/** A server that loads its file is not ready yet. */
const ANSWER_MS = 1_000

export class PrivateRedis {
  readonly path: string
  /** The server ran already: an earlier process of this hub had crashed, or another role of the hub started it. */
  readonly adopted: boolean
  readonly #directory: string
  /** Without symbolic links, as the system names it. */
  readonly #realDirectory: string
  #pid: number | undefined
  #watch: NodeJS.Timeout | undefined
  #launching = false

  private constructor(directory: string, path: string, adopted: boolean, pid: number | undefined) {
    this.#directory = directory
    this.#realDirectory = realpathSync(directory)
    this.path = path
    this.adopted = adopted
    this.#pid = pid
    this.#watch = setInterval(
      guard('private redis timer', () => this.#revive()),
      WATCH_MS,
    )
    this.#watch.unref()
  }

  /** Throws PrivateRedisError REDIS_NOT_INSTALLED, REDIS_DID_NOT_START. */
  static async start(dataDir: string): Promise<PrivateRedis> {
    const directory = join(dataDir, 'redis')
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    expectOurs(directory)
    const path = join(directory, 'redis.sock')
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH)
      throw new PrivateRedisError(
        { code: 'REDIS_DID_NOT_START', reason: 'path too long' },
        `dataDir is too long for a unix socket (${path}); choose a shorter one or set redis`,
      )
    if (await isServed(path)) return new PrivateRedis(directory, path, true, pidOf(path))
    rmSync(path, { force: true })
    const child = await launch(directory, path)
    return new PrivateRedis(directory, path, false, child.pid)
  }

  /** The server ended: starts it again with the content of its append-only file. */
  async #revive(): Promise<void> {
    if (this.#launching || (this.#pid !== undefined && isRunning(this.#pid))) return
    this.#launching = true
    try {
      if ((await presenceAt(this.path)) !== 'away') this.#pid = pidOf(this.path)
      else {
        rmSync(this.path, { force: true })
        this.#pid = (await launch(this.#directory, this.path)).pid
      }
    } catch {
      // The next check tries again; until then readyz reports that Redis is away.
    } finally {
      this.#launching = false
    }
  }

  /** SIGTERM makes it write its file and end. */
  async stop(): Promise<void> {
    clearInterval(this.#watch)
    const pid = this.#pid
    // A pid from a file may belong to any process by now.
    if (pid === undefined || !isRunning(pid) || !isRedisIn(pid, this.#realDirectory)) return
    process.kill(pid, 'SIGTERM')
    for (let waited = 0; waited < STOP_MS && isRunning(pid); waited += 20) await new Promise((resolve) => setTimeout(resolve, 20))
    if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  }
}

async function launch(directory: string, path: string): Promise<ChildProcess> {
  const args = [
    '--port',
    '0',
    '--unixsocket',
    path,
    '--unixsocketperm',
    '700',
    '--dir',
    directory,
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
    '--save',
    '',
    '--maxmemory-policy',
    'noeviction',
    '--daemonize',
    'no',
    '--logfile',
    join(directory, 'redis.log'),
    '--pidfile',
    join(directory, 'redis.pid'),
  ]
  for (const program of PROGRAMS) {
    // Own process group: a Ctrl-C for the hub must not end Redis before the shutdown grace is over.
    const child = spawn(program, args, { stdio: 'ignore', detached: true })
    if (child.pid !== undefined) goAsUsual(child.pid)
    const outcome = await waitUntilUp(child, path)
    if (outcome === 'up') {
      child.unref()
      return child
    }
    if (outcome !== 'missing') {
      child.kill('SIGKILL')
      throw new PrivateRedisError(
        { code: 'REDIS_DID_NOT_START', reason: outcome },
        `the private ${program} did not start: ${outcome}; see ${join(directory, 'redis.log')}, or set redis in the config`,
      )
    }
  }
  throw new PrivateRedisError(
    { code: 'REDIS_NOT_INSTALLED' },
    'no redis-server or valkey-server found: install the package redis-server, or set redis in the config to one that runs',
  )
}

function waitUntilUp(child: ChildProcess, path: string): Promise<'up' | 'missing' | string> {
  return new Promise((resolve) => {
    const startedAt = Date.now()
    let done = false
    const settle = (outcome: string): void => {
      if (done) return
      done = true
      resolve(outcome)
    }
    child.once('error', (error) => settle((error as { code?: string }).code === 'ENOENT' ? 'missing' : error.message))
    child.once('exit', (code) => settle(`it ended with code ${code}`))
    const look = async (): Promise<void> => {
      if (done) return
      const presence = await presenceAt(path)
      const isLate = Date.now() - startedAt > START_MS
      if (presence === 'up' || (presence === 'busy' && isLate)) settle('up')
      else if (isLate) settle('it does not answer')
      else setTimeout(() => void look(), 20)
    }
    void look()
  })
}

/**
 * A server runs on the socket; waits START_MS at most until it has finished loading. A second server on the same append-only
 * file would destroy it, so a server that still loads then is one too.
 */
async function isServed(path: string): Promise<boolean> {
  const startedAt = Date.now()
  for (;;) {
    const presence = await presenceAt(path)
    if (presence !== 'busy') return presence === 'up'
    if (Date.now() - startedAt > START_MS) return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** `busy`: a server accepts connections, and is not ready: it loads its file, or refuses the connection. */
async function presenceAt(path: string): Promise<'away' | 'busy' | 'up'> {
  if (!existsSync(path)) return 'away'
  const redis = connectRedis({ kind: 'socket', path }, { queueing: false })
  let presence: 'away' | 'busy' = 'away'
  redis.once('connect', () => (presence = 'busy'))
  try {
    if (!(await isReadyWithin(redis, ANSWER_MS))) return presence
    await redis.ping()
    return 'up'
  } catch (error) {
    // A Redis whose disk is full refuses PING too (MISCONF).
    return isRefusal(error) ? 'up' : presence
  } finally {
    redis.disconnect()
  }
}

function pidOf(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(path, '..', 'redis.pid'), 'utf8'))
    return Number.isInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The process is a server that works in this directory, as far as the system reports it. */
function isRedisIn(pid: number, directory: string): boolean {
  if (!existsSync('/proc/self/cwd')) return true
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    const works = readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '')
    return PROGRAMS.some((program) => command.includes(program)) && works === directory
  } catch {
    return false
  }
}

/** Throws PrivateRedisError REDIS_NOT_OURS: another owner of the directory could have put a server of their own there. */
function expectOurs(directory: string): void {
  const { uid, mode } = statSync(directory)
  const me = process.getuid?.()
  // A volume may be opened to its group when it is mounted.
  if (uid === me && (mode & 0o077) !== 0) chmodSync(directory, 0o700)
  if (me === undefined || uid === me) return
  throw new PrivateRedisError(
    { code: 'REDIS_NOT_OURS', directory },
    `${directory} must belong to the user of the hub: chown it, and chmod 700 it`,
  )
}
