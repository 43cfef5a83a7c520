/**
 * The timers and clocks of this process in virtual time: code that uses the global ones runs as fast as it can. Only for a process
 * that does nothing else meanwhile.
 */

interface Timer {
  at: number
  /** Timers of one time run in the order of their calls. */
  order: number
  run: () => void
  /** Interval in milliseconds; 0 for a timer that runs once. */
  everyMs: number
  isCleared: boolean
}

const GLOBALS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] as const

export class VirtualTime {
  readonly #now: () => number
  readonly #heap: Timer[] = []
  #order = 0

  /** `now`: virtual milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#heap.length
  }

  /** Replaces the global timers, immediates and `performance.now`. Returns a function that brings them back. */
  install(): () => void {
    const real = GLOBALS.map((name) => [name, globalThis[name]] as const)
    const realNow = performance.now
    const set =
      (everyOf: (ms: number) => number) =>
      (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
        this.#add(() => run(...args), ms ?? 0, everyOf(ms ?? 0))
    const clear = (timer?: Timer): void => {
      if (timer !== undefined) timer.isCleared = true
    }
    const once = set(() => 0)
    const virtual = {
      setTimeout: once,
      setInterval: set((ms) => Math.max(1, ms)),
      setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => once(run, 0, ...args),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    }
    Object.assign(globalThis, virtual)
    performance.now = () => this.#now()
    return () => {
      Object.assign(globalThis, Object.fromEntries(real))
      performance.now = realNow
    }
  }

  #add(run: () => void, ms: number, everyMs: number): object {
    const timer = { at: this.#now() + Math.max(0, ms), order: this.#order++, run, everyMs, isCleared: false }
    this.#push(timer)
    return Object.assign(timer, { ref: () => timer, unref: () => timer, hasRef: () => true })
  }

  /** Runs all timers that are due, and those that they set without a delay. */
  runDue(): void {
    const now = this.#now()
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#shift()
      if (first.isCleared) continue
      if (first.everyMs > 0) {
        first.at = now + first.everyMs
        first.order = this.#order++
        this.#push(first)
      }
      first.run()
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let i = heap.push(timer) - 1
    while (i > 0) {
      const above = (i - 1) >> 1
      if (isBefore(heap[above]!, timer)) break
      heap[i] = heap[above]!
      i = above
    }
    heap[i] = timer
  }

  #shift(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let below = 2 * i + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1
      if (isBefore(last, heap[below]!)) break
      heap[i] = heap[below]!
      i = below
    }
    heap[i] = last
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
