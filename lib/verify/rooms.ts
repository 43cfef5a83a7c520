/** Limits of verification: one comparison at a time for a node, few in all, questions at a pace, octets within a budget. */
import { sleep } from '../runtime/clock.js'

export interface VerifyBudget {
  /** Octets of transfers a second, on average; 0: no limit. */
  octetsPerSecond: number
  /** Questions a second to all nodes together, and to one node. */
  queries: { total: number; perNode: number }
}

/** Comparisons at once, over all nodes. */
const AT_ONCE = 4

export class ComparisonTurns {
  readonly #last = new Map<string, Promise<unknown>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** A comparison with the node is under way or waits. */
  isBusy(node: string): boolean {
    return this.#last.has(node)
  }

  /** Comparisons are under way. */
  get isRunning(): boolean {
    return this.#running > 0
  }

  get isFull(): boolean {
    return this.#running >= AT_ONCE
  }

  /** Runs work on the node after all that was called before it, and when few others run. */
  async run<T>(node: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(node) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(() => this.#inRoom(work))
    this.#last.set(node, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(node) === turn) this.#last.delete(node)
    }
  }

  async #inRoom<T>(work: () => Promise<T>): Promise<T> {
    if (this.isFull) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
    try {
      return await work()
    } finally {
      // A comparison that ends gives its place to the next one.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}

/** Spreads questions over time: each has a moment at which it may leave. */
export class QuestionPace {
  readonly #budget: () => VerifyBudget['queries']
  readonly #next = new Map<string, number>()
  #nextOfAll = 0

  constructor(budget: () => VerifyBudget['queries']) {
    this.#budget = budget
  }

  async wait(node: string): Promise<void> {
    const { total, perNode } = this.#budget()
    const now = performance.now()
    const at = Math.max(now, this.#nextOfAll, this.#next.get(node) ?? 0)
    this.#nextOfAll = Math.max(now, this.#nextOfAll) + 1000 / total
    this.#next.set(node, at + 1000 / perNode)
    if (at > now) await sleep(at - now)
  }
}

/** Octets that were transferred are paid for by a pause before the next scheduled transfer. */
export class OctetBudget {
  readonly #budget: () => VerifyBudget
  #freeAt = 0

  constructor(budget: () => VerifyBudget) {
    this.#budget = budget
  }

  note(octets: number): void {
    const { octetsPerSecond } = this.#budget()
    const now = performance.now()
    if (octetsPerSecond > 0) this.#freeAt = Math.max(now, this.#freeAt) + (octets * 1000) / octetsPerSecond
  }

  get isFree(): boolean {
    return performance.now() >= this.#freeAt
  }
}
