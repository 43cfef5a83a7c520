/**
 * The threads in which the checks verify signatures and hash names: a separate pool, so that one zone's arithmetic delays neither
 * the event loop nor the threads that read and write files. Zones take turns, batch by batch. Threads start with the first batch
 * and stay.
 * Not here: the budget of one version (check-session.ts), the arithmetic (../checks/dnssec/compute.ts).
 */
import { guard } from '../runtime/guard.js'
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { CheckBudget } from '../checks/check.js'
import { ClosedError } from '../checks/dnssec/compute.js'
import { startThread } from '../runtime/thread.js'
import { CheckSession, type Job } from './check-session.js'
import type { Worked } from './check-thread.js'

const MOST_THREADS = 4
/** Batches that a thread has, so that it need not wait for the next one. */
const PER_THREAD = 2
/** A thread that is still busy so long after its check was stopped is ended. */
const GRACE_MS = 200

/** Starts a thread; replaced in tests. */
export type StartThread = () => Worker

const startCheckThread: StartThread = () => startThread('./check-thread.js', import.meta.url)

export class CheckThreads {
  readonly #most: number
  readonly #start: StartThread
  readonly #threads = new Set<CheckThread>()
  /** Sessions with batches that no thread has yet; the first is next. */
  readonly #waiting: CheckSession[] = []
  readonly #sessions = new Set<CheckSession>()
  #isClosed = false

  constructor(most = Math.min(MOST_THREADS, availableParallelism()), start = startCheckThread) {
    this.#most = most
    this.#start = start
  }

  /**
   * Begins a session for the check of one version; the caller must end it. Calls `onFirst` before the first batch is computed.
   */
  begin(budget: CheckBudget, onFirst: () => void = () => undefined): CheckSession {
    const session = new CheckSession(budget, {
      onFirst,
      onWork: () => this.#onWork(session),
      onStopped: () => this.#onStopped(session),
      onEnd: () => this.#sessions.delete(session),
    })
    this.#sessions.add(session)
    if (this.#isClosed) session.stop(new ClosedError('the hub is shutting down'))
    return session
  }

  #onWork(session: CheckSession): void {
    if (!this.#waiting.includes(session)) this.#waiting.push(session)
    this.#dispatch()
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#startOrFail()
      if (thread === undefined) return
      const session = this.#waiting.shift()!
      const job = session.next()
      if (job === undefined) continue
      if (session.hasWork) this.#waiting.push(session)
      thread.post(job)
    }
  }

  /** Rejects the waiting callers when the machine can start no thread, so that they do not wait for ever. */
  #startOrFail(): CheckThread | undefined {
    try {
      return this.#freeThread()
    } catch (error) {
      for (const session of this.#waiting.splice(0)) session.stop(error as Error)
      return undefined
    }
  }

  /** The thread with the fewest batches; a new thread rather than a second batch. */
  #freeThread(): CheckThread | undefined {
    let least: CheckThread | undefined
    for (const thread of this.#threads) if (thread.count < (least?.count ?? PER_THREAD)) least = thread
    if (least?.count === 0 || this.#threads.size >= this.#most) return least
    const thread = new CheckThread(this.#start(), {
      onFree: () => this.#dispatch(),
      onGone: (jobs, reason) => this.#onGone(thread, jobs, reason),
    })
    this.#threads.add(thread)
    return thread
  }

  /** `reason`: undefined when the pool ended the thread on purpose. */
  #onGone(thread: CheckThread, jobs: readonly Job[], reason: string | undefined): void {
    this.#threads.delete(thread)
    const [running, ...others] = jobs
    if (running !== undefined && reason !== undefined)
      running.session.stop(new Error(`a thread that verifies signatures ended: ${reason}`))
    for (const job of others.reverse()) if (job.session.takeBack(job)) this.#waiting.unshift(job.session)
    this.#dispatch()
  }

  #onStopped(session: CheckSession): void {
    const endStuck = guard('check timer', () => {
      for (const thread of [...this.#threads]) if (thread.running?.session === session) thread.end()
    })
    setTimeout(endStuck, GRACE_MS).unref()
  }

  /** Pending checks reject with ClosedError. */
  close(): void {
    this.#isClosed = true
    for (const session of [...this.#sessions]) session.stop(new ClosedError('the hub is shutting down'))
    for (const thread of [...this.#threads]) thread.end()
  }
}

interface ThreadEvents {
  onFree: () => void
  /** The first of the jobs was running. */
  onGone: (jobs: readonly Job[], reason: string | undefined) => void
}

/** Works through its jobs in order. */
class CheckThread {
  readonly #worker: Worker
  readonly #events: ThreadEvents
  readonly #jobs: Job[] = []
  /** The thread has started: from now on the time of its first batch counts. */
  #isReady = false
  #reason: string | undefined
  #isGone = false

  constructor(worker: Worker, events: ThreadEvents) {
    this.#worker = worker
    this.#events = events
    worker.unref()
    const take = guard('check thread', (worked: Worked | 'ready') => {
      if (worked === 'ready') this.#onReady()
      else this.#onWorked(worked)
    })
    worker.on('message', take)
    worker.on('error', (error) => {
      this.#reason = error.message
    })
    worker.on(
      'exit',
      guard('check thread', (code: number) => this.#leave(this.#reason ?? `exit code ${code}`)),
    )
  }

  get count(): number {
    return this.#jobs.length
  }

  get running(): Job | undefined {
    return this.#jobs[0]
  }

  post(job: Job): void {
    // The process lives while a caller waits for an answer.
    if (this.#jobs.push(job) === 1) {
      this.#worker.ref()
      if (this.#isReady) job.startedAt = performance.now()
    }
    // Copied, not transferred: when the thread is ended another one computes it.
    this.#worker.postMessage(job.work)
  }

  #onReady(): void {
    this.#isReady = true
    const [first] = this.#jobs
    if (first !== undefined) first.startedAt = performance.now()
  }

  #onWorked(worked: Worked): void {
    const job = this.#jobs.shift()
    const next = this.#jobs[0]
    if (next === undefined) this.#worker.unref()
    else next.startedAt = performance.now()
    job?.session.hear(job, worked)
    this.#events.onFree()
  }

  end(): void {
    this.#leave(undefined)
    void this.#worker.terminate()
  }

  #leave(reason: string | undefined): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#events.onGone(this.#jobs.splice(0), reason)
  }
}
