/**
 * A zone that comes in whole is summed up on a second core, and its names are looked at for the checks: that takes longer than reading
 * the messages does. Small zones are not worth a thread, and one core has none to spare; then whoever adds the records sums them up.
 */
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { SeenZone } from '../checks/zone-look.js'
import { startThread } from '../runtime/thread.js'
import type { PlainSums, RunCounter } from '../zone/run-sums.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { CountReport, CountRequest } from './counting.js'

/** Arena octets from which it pays: some 20,000 records, 10 ms of summing up. */
const FROM_OCTETS = 1 << 20
/** Octets that gather before the thread is told of them. */
const STEP_OCTETS = 1 << 18
/** A thread without work is given up, with its memory; a new one takes some 50 ms, which nobody waits for. */
const IDLE_MS = 30_000

/** The thread, as long as there is work for it. */
export class CountThreads {
  readonly #isUseful: boolean
  readonly #waiting = new Map<number, ThreadCounter>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #last = 0

  constructor(cores = availableParallelism()) {
    this.#isUseful = cores > 1
  }

  /** For contents that begin to be large; undefined when whoever adds should go on summing up. */
  counterFor(contents: ZoneContents): ThreadCounter | undefined {
    if (!this.#isUseful || contents.tail < FROM_OCTETS) return undefined
    clearTimeout(this.#idle)
    this.#last += 1
    const counter = new ThreadCounter(this.#last, contents.apex, this.#running(), () => this.#leave(counter.id))
    this.#waiting.set(counter.id, counter)
    counter.thread.ref()
    return counter
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = startThread('./count-thread.js', import.meta.url)
    worker.on('message', (report: CountReport) => this.#waiting.get(report.id)?.hear(report))
    // Whoever waits sums up for itself then; an error is followed by the exit.
    worker.on('error', () => undefined)
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
      for (const counter of [...this.#waiting.values()]) if (counter.thread === worker) counter.giveUp()
    })
    this.#worker = worker
    return worker
  }

  #leave(id: number): void {
    this.#waiting.delete(id)
    if (this.#waiting.size > 0) return
    this.#worker?.unref()
    this.#idle = setTimeout(() => this.close(), IDLE_MS)
    this.#idle.unref()
  }

  close(): void {
    clearTimeout(this.#idle)
    void this.#worker?.terminate()
    this.#worker = undefined
  }
}

export class ThreadCounter implements RunCounter {
  readonly id: number
  readonly thread: Worker
  readonly #apex: Buffer
  readonly #leave: () => void
  /** What the names are, once they were summed up and if they came in order. */
  seen: SeenZone | undefined
  count = 0
  /** Arena offset that the thread was told of. */
  #told = 0
  #isOver = false
  #resolve: ((sums: PlainSums | undefined) => void) | undefined

  constructor(id: number, apex: Buffer, thread: Worker, leave: () => void) {
    this.id = id
    this.thread = thread
    this.#apex = apex
    this.#leave = leave
  }

  #tell(request: Pick<CountRequest, 'chunks' | 'tail' | 'isLast'>): void {
    this.#told = request.tail
    this.thread.postMessage({ id: this.id, apex: this.#apex, ...request } satisfies CountRequest)
  }

  advance(chunks: readonly SharedArrayBuffer[], tail: number): void {
    if (tail - this.#told >= STEP_OCTETS) this.#tell({ chunks, tail, isLast: false })
  }

  hear({ count, sums, seen }: CountReport): void {
    this.count = count
    this.seen = seen
    if (sums !== undefined) this.#end(sums)
  }

  finish(chunks: readonly SharedArrayBuffer[], tail: number): Promise<PlainSums | undefined> {
    if (this.#isOver) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.#tell({ chunks, tail, isLast: true })
    })
  }

  #end(sums: PlainSums | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#leave()
    this.#resolve?.(sums)
  }

  /** The thread is gone. */
  giveUp(): void {
    this.#end(undefined)
  }

  drop(): void {
    if (this.#isOver) return
    this.#tell({ chunks: [], tail: 0, isLast: true })
    this.#end(undefined)
  }
}
