/**
 * Sums up a zone that arrives by AXFR on a second core, and surveys its names for the checks: that takes longer than reading the
 * messages. Small zones are not worth a thread, and a single core has none to spare; then the thread that adds the records sums
 * them up.
 */
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { guard } from '../runtime/guard.js'
import type { SurveyedZone } from '../checks/zone-survey.js'
import { startThread } from '../runtime/thread.js'
import type { PlainSums, RunCounter } from '../zone/run-sums.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { SumReport, SumRequest } from './zone-summer.js'

/** Arena octets from which it pays: some 80,000 records, 40 ms of summing up; a thread takes as long to start. */
const FROM_OCTETS = 4 << 20
/** Octets that are gathered before a message to the thread. */
const STEP_OCTETS = 1 << 18
/**
 * Octets after which a thread gets no more zones. The memory that it has read stays in use until it ends or collects garbage, of
 * which it makes so little that it hardly ever does.
 */
const WORN_OUT_OCTETS = 1 << 28

/** Threads, as long as there is work for them. */
export class SummingThreads {
  readonly #isUseful: boolean
  readonly #wornOutOctets: number
  /** The thread that accepts new zones. */
  #current: SummingThread | undefined
  readonly #running = new Set<SummingThread>()
  #isClosed = false

  constructor(cores = availableParallelism(), wornOutOctets = WORN_OUT_OCTETS) {
    this.#isUseful = cores > 1
    this.#wornOutOctets = wornOutOctets
  }

  /** A counter for contents that become large; undefined when the caller should go on summing up. */
  counterFor(contents: ZoneContents): ThreadSummer | undefined {
    if (!this.#isUseful || this.#isClosed || contents.tail < FROM_OCTETS) return undefined
    const current = this.#current
    this.#current = current !== undefined && current.octets < this.#wornOutOctets ? current : this.#start()
    return this.#current.take(contents.apex)
  }

  #start(): SummingThread {
    const thread = new SummingThread(() => {
      this.#running.delete(thread)
      if (this.#current === thread) this.#current = undefined
    })
    this.#running.add(thread)
    return thread
  }

  /** Callers that wait for a result sum up themselves. */
  close(): void {
    this.#isClosed = true
    for (const thread of this.#running) thread.end()
  }
}

/** Ends when no caller waits for it. */
class SummingThread {
  readonly worker = startThread('./summing-thread.js', import.meta.url)
  readonly #waiting = new Map<number, ThreadSummer>()
  readonly #onEnd: () => void
  #last = 0
  /** Octets of the accepted zones that have ended. */
  octets = 0
  #isEnding = false

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
    this.worker.on(
      'message',
      guard('thread message', (report: SumReport) => this.#waiting.get(report.id)?.hear(report)),
    )
    // Callers that wait sum up themselves then; an error is followed by the exit.
    this.worker.on('error', () => undefined)
    this.worker.on(
      'exit',
      guard('thread exit', () => this.end()),
    )
  }

  take(apex: Buffer): ThreadSummer {
    this.#last += 1
    const counter = new ThreadSummer(this.#last, apex, this.worker, (octets) => this.#leave(counter.id, octets))
    this.#waiting.set(counter.id, counter)
    return counter
  }

  #leave(id: number, octets: number): void {
    this.#waiting.delete(id)
    this.octets += octets
    if (this.#waiting.size === 0) this.end()
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#onEnd()
    for (const counter of [...this.#waiting.values()]) counter.giveUp()
    void this.worker.terminate()
  }
}

export class ThreadSummer implements RunCounter {
  readonly id: number
  readonly thread: Worker
  readonly #apex: Buffer
  readonly #leave: (octets: number) => void
  /** Survey of the names, when they were summed up and came in order. */
  seen: SurveyedZone | undefined
  count: number | undefined = 0
  /** Arena offset that was last sent to the thread. */
  #sent = 0
  #isOver = false
  #resolve: ((sums: PlainSums | undefined) => void) | undefined

  constructor(id: number, apex: Buffer, thread: Worker, leave: (octets: number) => void) {
    this.id = id
    this.thread = thread
    this.#apex = apex
    this.#leave = leave
  }

  #post(request: Pick<SumRequest, 'chunks' | 'tail' | 'isLast'>): void {
    this.#sent = request.tail
    this.thread.postMessage({ id: this.id, apex: this.#apex, ...request } satisfies SumRequest)
  }

  advance(chunks: readonly SharedArrayBuffer[], tail: number): void {
    if (!this.#isOver && tail - this.#sent >= STEP_OCTETS) this.#post({ chunks, tail, isLast: false })
  }

  hear({ count, sums, seen }: SumReport): void {
    this.count = count
    this.seen = seen
    if (sums !== undefined) this.#end(sums)
  }

  finish(chunks: readonly SharedArrayBuffer[], tail: number): Promise<PlainSums | undefined> {
    if (this.#isOver) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.#post({ chunks, tail, isLast: true })
    })
  }

  #end(sums: PlainSums | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#resolve?.(sums)
    this.#leave(this.#sent)
  }

  /** The thread is gone. */
  giveUp(): void {
    this.count = undefined
    this.#end(undefined)
  }

  drop(): void {
    if (this.#isOver) return
    const sent = this.#sent
    this.#post({ chunks: [], tail: 0, isLast: true })
    this.#sent = sent
    this.#end(undefined)
  }
}
