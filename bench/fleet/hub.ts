/** The measured hub: its process, memory, CPU, pauses of the event loop, and answers of its API. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../lab/run-command.js'
import { credentials, type HubPlace, type HubProcess, spawnHub } from '../../test/support/test-hub.js'
import { descendants, killAll } from '../processes.js'

/** Clock ticks per second of /proc/PID/stat (USER_HZ). */
const TICKS = 100
const MIB = 1024
const PROGRAM = new URL('../../dist/services/main.js', import.meta.url).pathname
const IS_REDIS = /^(redis|valkey)/
/** prom-client resets it with each answer: the longest pause since the answer before. */
const PAUSE = /^zonecast_nodejs_eventloop_lag_max_seconds(?:\{[^}]*\})? (\S+)$/m

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // the process has ended
  }
}

/** Kilobytes of a line of /proc/PID/smaps_rollup or status; 0 for a process that has ended. */
const kilobytes = (text: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)

function cpuOf(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`)
  const [, ...fields] = stat.slice(stat.lastIndexOf(')')).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS
}

/** Proportional set size of a process and its descendants, in MB. */
export const memoryOf = (pid: number, without?: RegExp): number =>
  descendants(pid)
    .filter((each) => !without?.test(textOf(`/proc/${each}/comm`)))
    .reduce((sum, each) => sum + kilobytes(textOf(`/proc/${each}/smaps_rollup`), 'Pss'), 0) / MIB

/** CPU seconds of a process and its descendants so far. */
export const cpuSecondsOf = (pid: number, without?: RegExp): number =>
  descendants(pid)
    .filter((each) => !without?.test(textOf(`/proc/${each}/comm`)))
    .reduce((sum, each) => sum + cpuOf(each), 0)

/** Milliseconds of `zonecast check`, and its exit code. */
export async function checkTime(configFile: string): Promise<{ ms: number; code: number | null }> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [PROGRAM, 'check', '-c', configFile], { stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return { ms: performance.now() - startedAt, code }
}

/** A request without an answer in this time counts with it. */
const ANSWER_WITHIN_MS = 60_000

class Silence extends Error {}

function asSilence(error: Error): never {
  throw error.name === 'TimeoutError' ? new Silence(`no answer within ${ANSWER_WITHIN_MS / 1000} s`) : error
}

/** The fallback when the API is silent. */
const unlessSilent = <T>(request: Promise<T>, fallback: T): Promise<T> =>
  request.catch((error) => {
    if (error instanceof Silence) return fallback
    throw error
  })

export class FleetHub {
  readonly readyMs: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly #process: HubProcess
  #pauseMs = 0
  #peakMb = 0
  readonly #sampler: NodeJS.Timeout

  private constructor(process: HubProcess, startedAt: number) {
    this.#process = process
    this.startedAt = startedAt
    this.readyMs = Date.now() - startedAt
    this.#sampler = setInterval(() => this.memory(), 1000)
  }

  static async start(place: HubPlace, timeoutMs: number): Promise<FleetHub> {
    const startedAt = Date.now()
    return new FleetHub(await spawnHub(place, [], 'built', timeoutMs), startedAt)
  }

  /** Throws when the hub has ended by itself. */
  expectRunning(): void {
    const { exitCode, signalCode } = this.#process.child
    if (exitCode === null && signalCode === null) return
    throw new Error(`the hub ended with ${signalCode ?? exitCode}: ${this.#lastLine()}`)
  }

  #lastLine(): string {
    const lines = textOf(`${this.#process.configFile}.log`).split('\n')
    return lines.findLast((line) => /FATAL|Error/.test(line))?.slice(0, 160) ?? 'see its log'
  }

  get #pid(): number {
    return this.#process.child.pid!
  }

  /** MB of the hub now. */
  memory(): number {
    const mb = memoryOf(this.#pid, IS_REDIS)
    this.#peakMb = Math.max(this.#peakMb, mb)
    return mb
  }

  /** The largest sample, one per second, since the previous call. */
  takePeak(): number {
    const peak = Math.max(this.memory(), this.#peakMb)
    this.#peakMb = 0
    return peak
  }

  /** MB that its Redis counts as used. */
  async redisMemory(): Promise<number> {
    const socket = join(dirname(this.#process.configFile), 'data', 'redis', 'redis.sock')
    const info = await runCommand('redis-cli', ['-s', socket, 'info', 'memory'])
    return Number(/used_memory:(\d+)/.exec(info)?.[1] ?? Number.NaN) / 2 ** 20
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.#pid, IS_REDIS)
  }

  async #get(path: string): Promise<string> {
    this.expectRunning()
    const headers = credentials(this.#process)
    const response = await fetch(this.#process.api + path, { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch(
      asSilence,
    )
    const text = await response.text().catch(asSilence)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 200)}`)
    const pause = path === '/metrics' ? PAUSE.exec(text)?.[1] : undefined
    if (pause !== undefined) this.#pauseMs = Math.max(this.#pauseMs, Number(pause) * 1000)
    return text
  }

  /** Milliseconds of the longest pause of the event loop since the previous call; NaN when `/metrics` is silent. */
  async takePause(): Promise<number> {
    const isSilent = (await unlessSilent(this.#get('/metrics'), '')) === ''
    const pause = isSilent ? Number.NaN : this.#pauseMs
    if (!isSilent) this.#pauseMs = 0
    return pause
  }

  /** Pairs in sync; 0 while the API is silent. */
  async inSync(): Promise<number> {
    const status = JSON.parse(await unlessSilent(this.#get('/v1/status'), '{}')) as { states?: Record<string, number> }
    return status.states?.['in-sync'] ?? 0
  }

  /** Nodes of a zone that the hub has confirmed. */
  async confirmed(zone: string): Promise<number> {
    const text = await this.#get(`/v1/zones/${zone}`).catch(() => {
      this.expectRunning()
      return '{}' // the zone is not known yet, or the API is silent
    })
    const { inSync } = JSON.parse(text) as { inSync?: number }
    return inSync ?? 0
  }

  /** Milliseconds of each of `times` requests, one after another; fewer when `isOver`. */
  async latencies(path: string, times: number, isOver: () => boolean = () => false): Promise<number[]> {
    const all: number[] = []
    while (all.length < times && !isOver()) {
      const startedAt = performance.now()
      await unlessSilent(this.#get(path), '')
      all.push(performance.now() - startedAt)
      await sleep(20)
    }
    return all
  }

  reload(): void {
    this.#process.child.kill('SIGHUP')
  }

  /** Ends it with SIGTERM, or it and its Redis with SIGKILL when that takes longer than `timeoutMs`. Returns the milliseconds. */
  async stop(timeoutMs: number): Promise<number> {
    clearInterval(this.#sampler)
    const startedAt = performance.now()
    const { child } = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return 0
    const timer = setTimeout(() => killAll(descendants(this.#pid)), timeoutMs)
    await this.#process.stop()
    clearTimeout(timer)
    return performance.now() - startedAt
  }
}
