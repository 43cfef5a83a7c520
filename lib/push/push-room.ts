/**
 * Bounds the deliveries that all nodes together are working on, and starts waiting ones in slices, in turn by node: a release of
 * many zones to many nodes neither floods the network nor stops the event loop.
 */
import { guard } from '../runtime/guard.js'

/** Versions announced to nodes, and not transferred yet, over all nodes. */
const MOST = 1_024
/** A node may always have so many: silent nodes never keep the others waiting. */
const LEAST = 2
/** Milliseconds of starting deliveries in one turn of the event loop. */
const TURN_MS = 4

/** `more`: one was started; `none`: there is nothing to start now; `full`: the room is. */
export type Started = 'more' | 'none' | 'full'

/** The waiting deliveries to a node. */
export interface Starter {
  /** Starts one delivery. */
  startOne(): Started
}

export class PushRoom {
  #used = 0
  /** Nodes that may have something to start, the next one first. */
  readonly #ready = new Set<Starter>()
  /** Begin of the work in this turn of the event loop. */
  #turnAt: number | undefined
  /** The next turn has work. */
  #isDue = false
  #isRunning = false
  readonly #next: () => void

  constructor() {
    this.#next = guard('push turn', () => {
      this.#turnAt = undefined
      if (this.#isDue) this.#run()
    })
  }

  /** `own`: places that the node has. True when it has one more now, which it returns with `leave`. */
  enter(own: number): boolean {
    if (this.#used >= MOST && own >= LEAST) return false
    this.#used += 1
    return true
  }

  leave(): void {
    this.#used -= 1
    if (this.#ready.size === 0) return
    this.#isDue = true
    this.#begin()
  }

  /** Something waits at the node, and it may have a free place. The first ones of a turn start at once. */
  request(starter: Starter): void {
    this.#ready.add(starter)
    this.#run()
  }

  forget(starter: Starter): void {
    this.#ready.delete(starter)
  }

  /** The work of this turn begins; what it leaves is done in the next one. */
  #begin(): number {
    if (this.#turnAt === undefined) {
      this.#turnAt = performance.now()
      setImmediate(this.#next)
    }
    return this.#turnAt
  }

  #run(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#isDue = false
    const until = this.#begin() + TURN_MS
    try {
      for (const starter of this.#ready) {
        if (performance.now() > until) {
          this.#isDue = true
          return
        }
        const started = starter.startOne()
        if (started === 'full') continue
        this.#ready.delete(starter)
        if (started === 'more') this.#ready.add(starter)
      }
    } finally {
      this.#isRunning = false
    }
  }
}
