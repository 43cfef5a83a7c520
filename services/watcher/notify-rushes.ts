/**
 * Zones whose NOTIFY may be lost. When a primary changes very many zones at once, its NOTIFYs come faster than the kernel keeps them, and
 * it gives up after a few tries (RFC 1996 §3.6): without more, such a zone is stale until REFRESH. So after a rush of NOTIFYs every zone
 * of that primary is polled, except those that it announced. Pure: the caller passes the time.
 */
import { NumberSet } from '../../lib/runtime/number-set.js'

/** NOTIFYs of one primary in one second from which on it is a rush: a kernel with its defaults keeps some hundred. */
const RUSH_PER_SECOND = 200
/** A rush is over after so long without a NOTIFY. */
const QUIET_MS = 1_000
/** A rush that goes on is followed by polls all the same, after this time, and again after as long at the earliest. */
const LONGEST_MS = 10_000
const AGAIN_MS = 60_000
/** Slots that one call passes. */
const MOST_PASSED = 2_000

interface Rush {
  /** Begin of the current second, and NOTIFYs in it. */
  second: number
  inSecond: number
  /** Begin of the rush; undefined when there is none. */
  since: number | undefined
  lastAt: number
  /** Slots of this primary that were announced since the second in which the rush began. */
  announced: NumberSet
  /** The polls after the rush before begin no earlier. */
  notBefore: number
}

interface Sweep {
  primary: string
  announced: NumberSet
  /** The next slot to consider. */
  cursor: number
}

/** The slots of all primaries of all zones. */
export interface Slots {
  /** One more than the highest slot. */
  readonly slots: number
  /** The primary in the slot. */
  primaryAt(slot: number): { id: string } | undefined
}

export class NotifyRushes {
  readonly #rushes = new Map<string, Rush>()
  readonly #sweeps: Sweep[] = []

  /** The primary announced the zone in this slot. */
  note(primary: string, slot: number, now: number): void {
    let rush = this.#rushes.get(primary)
    if (rush === undefined) {
      rush = { second: now, inSecond: 0, since: undefined, lastAt: now, announced: new NumberSet(), notBefore: now }
      this.#rushes.set(primary, rush)
    }
    if (now - rush.second >= 1_000) {
      rush.second = now
      rush.inSecond = 0
      if (rush.since === undefined) rush.announced.clear()
    }
    rush.inSecond += 1
    rush.lastAt = now
    rush.announced.add(slot)
    if (rush.inSecond >= RUSH_PER_SECOND) rush.since ??= rush.second
  }

  /** Slots to poll now, at most `most`. */
  take(now: number, most: number, all: Slots): number[] {
    for (const [primary, rush] of this.#rushes) this.#end(primary, rush, now)
    const due: number[] = []
    const [sweep] = this.#sweeps
    if (sweep === undefined) return due
    const until = Math.min(all.slots, sweep.cursor + MOST_PASSED)
    for (; sweep.cursor < until && due.length < most; sweep.cursor++) {
      const { cursor, primary, announced } = sweep
      if (!announced.has(cursor) && all.primaryAt(cursor)?.id === primary) due.push(cursor)
    }
    if (sweep.cursor >= all.slots) this.#sweeps.shift()
    return due
  }

  #end(primary: string, rush: Rush, now: number): void {
    const isQuiet = now - rush.lastAt >= QUIET_MS
    if (rush.since === undefined) {
      if (isQuiet && now >= rush.notBefore) this.#rushes.delete(primary)
      return
    }
    if ((!isQuiet && now - rush.since < LONGEST_MS) || now < rush.notBefore) return
    if (this.#sweeps.some((sweep) => sweep.primary === primary)) return
    this.#sweeps.push({ primary, announced: rush.announced, cursor: 0 })
    Object.assign(rush, { since: undefined, inSecond: 0, announced: new NumberSet(), notBefore: now + AGAIN_MS })
  }
}
