/**
 * Zones whose NOTIFY may be lost. When a primary changes very many zones at once, its NOTIFYs come faster than the kernel keeps them, and
 * it gives up after a few tries (RFC 1996 §3.6): without more, such a zone is stale until REFRESH. So after a rush of NOTIFYs every zone
 * of that primary is polled, except those that it announced at the end. Pure: the caller passes the time.
 */
import { NumberSet } from '../../lib/runtime/number-set.js'

/** Zones that one primary announces in one second, from which on it is a rush: a kernel with its defaults keeps some hundred NOTIFYs. */
const RUSH_PER_SECOND = 200
/** A rush is over after so long without a NOTIFY. */
const QUIET_MS = 1_000
/** A rush that goes on is followed by polls all the same, after this time. */
const LONGEST_MS = 10_000
/** The next polls after a rush begin so much later at the earliest, or four times as long as the last ones took: NOTIFYs may be forged. */
const AGAIN_MS = 60_000
const AGAIN_TIMES = 4
/** Slots that one call passes. */
const MOST_PASSED = 2_000

interface Rush {
  /** Begin of the current second. */
  second: number
  /** Slots of this primary that were announced in it, and in the second before. */
  announced: NumberSet
  before: NumberSet
  /** Begin of the rush; undefined when there is none. */
  since: number | undefined
  lastAt: number
  /** The next polls begin no earlier; infinite while some are under way. */
  notBefore: number
}

interface Sweep {
  primary: string
  startedAt: number
  /** Slots that were announced at the end of the rush. */
  announced: readonly NumberSet[]
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
      rush = { second: now, announced: new NumberSet(), before: new NumberSet(), since: undefined, lastAt: now, notBefore: now }
      this.#rushes.set(primary, rush)
    }
    if (now - rush.second >= 1_000) {
      rush.before = now - rush.second < 2_000 ? rush.announced : new NumberSet()
      rush.announced = new NumberSet()
      rush.second = now
    }
    rush.lastAt = now
    // One zone that is announced again and again is no rush.
    rush.announced.add(slot)
    if (rush.announced.size >= RUSH_PER_SECOND) rush.since ??= rush.second
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
      if (all.primaryAt(cursor)?.id === primary && !announced.some((each) => each.has(cursor))) due.push(cursor)
    }
    if (sweep.cursor >= all.slots) {
      this.#sweeps.shift()
      const rush = this.#rushes.get(sweep.primary)!
      rush.notBefore = now + Math.max(AGAIN_MS, AGAIN_TIMES * (now - sweep.startedAt))
    }
    return due
  }

  #end(primary: string, rush: Rush, now: number): void {
    const isQuiet = now - rush.lastAt >= QUIET_MS
    if (rush.since === undefined) {
      if (isQuiet && now >= rush.notBefore) this.#rushes.delete(primary)
      return
    }
    if ((!isQuiet && now - rush.since < LONGEST_MS) || now < rush.notBefore) return
    this.#sweeps.push({ primary, startedAt: now, announced: [rush.before, rush.announced], cursor: 0 })
    Object.assign(rush, {
      since: undefined,
      before: new NumberSet(),
      announced: new NumberSet(),
      notBefore: Number.POSITIVE_INFINITY,
    })
  }
}
