/** This program as a child process: the demo's hub, and the commands that the demo shows. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { guardGroup, releaseGroup } from '../../lab/watchdog.js'
import { DemoError } from './errors.js'

const program = (): string[] => [...process.execArgv, process.argv[1]!]

const READY_WITHIN_MS = 30_000
const LOG_LINES_SHOWN = 8

/** The command line that a user types for this program: it is not on the PATH of a fresh clone. */
export function commandText(...args: string[]): string {
  const [script, ...options] = program().toReversed()
  const near = relative(process.cwd(), script!)
  return ['node', ...options.toReversed(), near.startsWith('..') ? script : near, ...args].join(' ')
}

/** Runs a command in the foreground and returns its exit status. */
export async function runCommandShown(args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [...program(), ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
  const [status] = (await once(child, 'exit')) as [number | null]
  return status
}

export class HubProcess {
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  readonly #redisPid: number | undefined
  readonly logFile: string

  private constructor(child: ChildProcess, gone: Promise<void>, redisPid: number | undefined, logFile: string) {
    this.#child = child
    this.#gone = gone
    this.#redisPid = redisPid
    this.logFile = logFile
  }

  /** Resolves when the hub prints `ready`. Throws DemoError DEMO_HUB_DIED. */
  static async start(folder: string, configFile: string): Promise<HubProcess> {
    const logFile = join(folder, 'zonecast.log')
    const log = openSync(logFile, 'a')
    // A separate process group: Ctrl-C is for the demo, which ends its servers in order.
    const child = spawn(process.execPath, [...program(), 'start', '--allow-root', '-c', configFile], {
      stdio: ['ignore', 'pipe', log],
      detached: true,
    })
    closeSync(log)
    if (child.pid !== undefined) guardGroup(child.pid)
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve()).once('error', () => resolve())
    })
    const ready = new Promise<boolean>((resolve) => {
      let text = ''
      child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (/^ready.*\n/m.test(text)) settle(true)
      })
      const timer = setTimeout(() => settle(false), READY_WITHIN_MS)
      const settle = (isReady: boolean) => {
        clearTimeout(timer)
        resolve(isReady)
      }
      void gone.then(() => settle(false))
    })
    if (!(await ready)) {
      // Not SIGKILL: the hub has to end its Redis.
      child.kill('SIGTERM')
      await gone
      throw died(logFile)
    }
    // If the demo is killed, the hub's private Redis, in a process group of its own, must not stay either.
    const redisPid = Number(readFileSync(join(folder, 'data/redis/redis.pid'), 'utf8'))
    guardGroup(redisPid)
    return new HubProcess(child, gone, redisPid, logFile)
  }

  /** Throws DemoError DEMO_HUB_DIED when the hub no longer runs. */
  requireRunning(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw died(this.logFile)
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#gone
    if (this.#child.pid !== undefined) releaseGroup(this.#child.pid)
    if (this.#redisPid !== undefined) releaseGroup(this.#redisPid)
  }
}

function died(logFile: string): DemoError {
  const tail = readFileSync(logFile, 'utf8').trim().split('\n').slice(-LOG_LINES_SHOWN).join('\n')
  return new DemoError({ code: 'DEMO_HUB_DIED' }, `the hub stopped; the end of its log:\n${tail}`)
}
