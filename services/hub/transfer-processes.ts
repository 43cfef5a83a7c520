/**
 * Several processes of the transfer server on the same addresses: children of this process, which the cluster module gives the
 * sockets that they share. Each serves every zone from disk. A child that ends is started again.
 */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Config } from '../../config/config.js'
import { backoffMs } from '../../lib/runtime/backoff.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'

interface Address {
  role: 'transfer' | 'tls' | 'api'
  address: string
}

/** `start` sends it to the parent when the child listens. */
interface Ready {
  ready: readonly Address[]
}

const isReady = (message: unknown): message is Ready => Array.isArray((message as Partial<Ready> | null)?.ready)

/** A child that lived for so long was well. */
const WELL_MS = 60_000
const RESTART = { firstMs: 500, maxMs: 30_000 }

export class TransferProcesses {
  readonly #log: Logger
  readonly #count: number
  readonly #children = new Set<Worker>()
  #failures = 0
  #isStopping = false

  private constructor({ file, transfer }: Config, log: Logger) {
    this.#log = log
    this.#count = transfer.processes
    // Connections go to the children without a detour through this process.
    cluster.schedulingPolicy = cluster.SCHED_NONE
    cluster.setupPrimary({
      exec: fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url)),
      // This process has decided about root.
      args: ['start', '-c', file, '--roles', 'transfer', '--allow-root'],
      // Their line `ready` is not one of this process.
      silent: true,
    })
  }

  /** Undefined where this process serves by itself. */
  static of(config: Config, roles: readonly string[], log: Logger): TransferProcesses | undefined {
    const isParent = roles.includes('transfer') && config.transfer.processes > 1 && !cluster.isWorker
    return isParent ? new TransferProcesses(config, log) : undefined
  }

  /** Resolves with the addresses when all listen. Throws when one ends before. */
  async start(): Promise<Address[]> {
    const all = await Promise.all(Array.from({ length: this.#count }, () => this.#begin()))
    return all[0]!
  }

  async #begin(): Promise<Address[]> {
    const startedAt = performance.now()
    const child = cluster.fork()
    this.#children.add(child)
    child.process.stderr?.pipe(process.stderr, { end: false })
    child.process.stdout?.resume()
    let isUp = false
    const ready = new Promise<Address[]>((resolve, reject) => {
      child.on('message', (message: unknown) => {
        if (!isReady(message)) return
        isUp = true
        resolve([...message.ready])
      })
      child.once('exit', (code) => reject(new Error(`a process of the transfer server ended with ${code} at its start`)))
    })
    child.once(
      'exit',
      guard('transfer process', (code: number, signal: string) => {
        this.#children.delete(child)
        if (this.#isStopping || !isUp) return
        this.#failures = performance.now() - startedAt > WELL_MS ? 0 : this.#failures + 1
        this.#log.error({ op: 'transfer', pid: child.process.pid, code, signal }, 'process of the transfer server ended')
        this.#again()
      }),
    )
    return await ready
  }

  #again(): void {
    const again = guard('transfer process', () => {
      if (!this.#isStopping) this.#begin().catch(() => this.#again())
    })
    this.#failures += 1
    setTimeout(again, backoffMs(RESTART, this.#failures, Math.random())).unref()
  }

  /** They read the config again. */
  reload(): void {
    for (const { process: child } of this.#children) child.kill('SIGHUP')
  }

  /** Resolves when all have ended their transfers. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(
      [...this.#children].map(async (child) => {
        const gone = once(child, 'exit')
        child.process.kill('SIGTERM')
        await gone
      }),
    )
  }
}
