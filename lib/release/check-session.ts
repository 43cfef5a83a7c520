/**
 * The arithmetic of one version's check, and its budget: CPU time, wall time and octets. When one is used up, pending batches
 * reject with StoppedError, and queued ones are dropped.
 */
import { guard } from '../runtime/guard.js'
import type { CheckBudget } from '../checks/check.js'
import { type Compute, type NameBatch, type SignatureBatch, StoppedError } from '../checks/dnssec/compute.js'
import type { Work, Worked } from './check-thread.js'

/** Interval at which the time is checked while a batch runs. */
const CHECK_MS = 250

export interface Job {
  session: CheckSession
  work: Work
  /** Time at which a thread began it, in the clock of performance.now(). */
  startedAt: number | undefined
  resolve: (answer: Uint8Array) => void
  reject: (error: Error) => void
}

interface SessionEvents {
  /** Called before the first batch. */
  onFirst: () => void
  onWork: () => void
  onStopped: () => void
  onEnd: () => void
}

export class CheckSession implements Compute {
  readonly #budget: CheckBudget
  readonly #events: SessionEvents
  /** Batches that no thread has. */
  readonly #queued: Job[] = []
  /** Batches that a thread has. */
  readonly #posted = new Set<Job>()
  #begunAt: number | undefined
  /** Time since which all batches wait for threads that compute for other zones; and the total of earlier waits. */
  #waitingSince: number | undefined
  #waitedMs = 0
  #cpuMs = 0
  #octets = 0
  #failure: Error | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(budget: CheckBudget, events: SessionEvents) {
    this.#budget = budget
    this.#events = events
  }

  verify(keys: readonly Uint8Array[], batch: SignatureBatch): Promise<Uint8Array> {
    return this.#submit({ kind: 'verify', keys, batch }, batch.octets.byteLength)
  }

  hash(batch: NameBatch): Promise<Uint8Array> {
    return this.#submit({ kind: 'hash', batch }, batch.octets.byteLength)
  }

  #submit(work: Work, octets: number): Promise<Uint8Array> {
    const now = performance.now()
    if (this.#begunAt === undefined) this.#events.onFirst()
    this.#begunAt ??= now
    this.#octets += octets
    this.#checkBudget(now)
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#timer === undefined) {
      this.#timer = setInterval(
        guard('check timer', () => this.#checkBudget(performance.now())),
        CHECK_MS,
      )
      this.#timer.unref()
    }
    return new Promise((resolve, reject) => {
      this.#queued.push({ session: this, work, startedAt: undefined, resolve, reject })
      if (this.#posted.size === 0) this.#waitingSince ??= now
      this.#events.onWork()
    })
  }

  get hasWork(): boolean {
    return this.#queued.length > 0
  }

  /** The next batch, for a thread. */
  next(): Job | undefined {
    const job = this.#queued.shift()
    if (job === undefined) return undefined
    this.#posted.add(job)
    if (this.#waitingSince !== undefined) {
      this.#waitedMs += performance.now() - this.#waitingSince
      this.#waitingSince = undefined
    }
    return job
  }

  /** Requeues a job whose thread ended before it began; false when no caller waits for it. */
  takeBack(job: Job): boolean {
    if (!this.#posted.delete(job)) return false
    job.startedAt = undefined
    this.#queued.unshift(job)
    if (this.#posted.size === 0) this.#waitingSince ??= performance.now()
    return true
  }

  hear(job: Job, { answer, error, cpuMs }: Worked): void {
    this.#cpuMs += cpuMs
    if (!this.#posted.delete(job)) return
    if (this.hasWork && this.#posted.size === 0) this.#waitingSince ??= performance.now()
    if (answer === undefined) job.reject(new Error(error))
    else job.resolve(answer)
    this.#checkBudget(performance.now())
  }

  #checkBudget(now: number): void {
    if (this.#failure !== undefined || this.#begunAt === undefined) return
    const { cpuMs, wallMs, octets } = this.#budget
    let used = this.#cpuMs
    // One batch may be the complete work.
    for (const { startedAt } of this.#posted) if (startedAt !== undefined) used += now - startedAt
    const waited = this.#waitedMs + (this.#waitingSince === undefined ? 0 : now - this.#waitingSince)
    if (used > cpuMs) this.stop(usedUp('cpu', `more than ${seconds(cpuMs)} of CPU time`))
    else if (now - this.#begunAt - waited > wallMs) this.stop(usedUp('wall', `more than ${seconds(wallMs)}`))
    else if (this.#octets > octets) this.stop(usedUp('octets', `more than ${octets} octets of signed records and names`))
  }

  /** Rejects all pending and later batches with the error. */
  stop(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    clearInterval(this.#timer)
    const wasRunning = this.#posted.size > 0
    for (const job of [...this.#posted, ...this.#queued]) job.reject(error)
    this.#posted.clear()
    this.#queued.length = 0
    if (wasRunning) this.#events.onStopped()
  }

  /** Ends the session: no more batches follow. */
  end(): void {
    this.stop(ENDED)
    this.#events.onEnd()
  }
}

/** One for all: an error for each check, with its stack, is never read. */
const ENDED = new Error('the check has ended')

const usedUp = (name: 'cpu' | 'wall' | 'octets', what: string): StoppedError =>
  new StoppedError(
    `The check was stopped when it had used ${what}, which is checks.dnssec.budget.${name}; the version is not verified. Look at its keys, signatures and NSEC3 parameters at the primary; approve it when they are right, and raise the budget for versions to come`,
  )

const seconds = (ms: number): string => `${ms / 1000} s`
