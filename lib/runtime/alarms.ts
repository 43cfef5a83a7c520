/**
 * Many deadlines under one timer of the process: a binary heap of the callers' own objects. Setting, moving and clearing an alarm
 * makes no object, so that ten thousand deliveries cost no more than their own state.
 */
import { guard } from './guard.js'

export interface Alarm {
  /** Place in the heap, -1 outside of it. Only Alarms writes it, and `dueAt`. */
  slot: number
  /** In the clock of performance.now(), milliseconds. */
  dueAt: number
  /** Called once when it is due; it may be set again from there. */
  ring(now: number): void
}

/** Milliseconds of ringing in one turn of the event loop. */
const TURN_MS = 8
/** Timers of Node.js have whole milliseconds: one that is due within this is rung now. */
const EARLY_MS = 0.5
/** Longest delay of a timer of Node.js. */
const MOST_MS = 0x7fffffff

export class Alarms {
  readonly #heap: Alarm[] = []
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  readonly #ringGuarded: () => void
  readonly #ringOne: (alarm: Alarm, now: number) => void

  /** `where`: the label of errors that escape an alarm. */
  constructor(where: string) {
    this.#ringGuarded = guard(where, () => this.#ringDue())
    this.#ringOne = guard(where, (alarm: Alarm, now: number) => alarm.ring(now))
  }

  get size(): number {
    return this.#heap.length
  }

  /** Sets or moves the alarm; `at` in the clock of performance.now(). */
  set(alarm: Alarm, at: number): void {
    if (alarm.slot >= 0) {
      const isEarlier = at < alarm.dueAt
      alarm.dueAt = at
      if (isEarlier) this.#up(alarm, alarm.slot)
      else this.#down(alarm, alarm.slot)
    } else {
      alarm.dueAt = at
      this.#heap.push(alarm)
      this.#up(alarm, this.#heap.length - 1)
    }
    this.#arm()
  }

  clear(alarm: Alarm): void {
    const { slot } = alarm
    if (slot < 0) return
    alarm.slot = -1
    const last = this.#heap.pop()!
    if (last === alarm) return
    this.#up(last, slot)
    this.#down(last, last.slot)
  }

  stop(): void {
    clearTimeout(this.#timer)
    for (const alarm of this.#heap) alarm.slot = -1
    this.#heap.length = 0
  }

  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || this.#timerAt <= first.dueAt) return
    clearTimeout(this.#timer)
    this.#timerAt = first.dueAt
    this.#timer = setTimeout(this.#ringGuarded, Math.min(MOST_MS, Math.max(0, first.dueAt - performance.now())))
  }

  #ringDue(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const until = performance.now() + TURN_MS
    let now = performance.now()
    for (let first = this.#heap[0]; first && first.dueAt <= now + EARLY_MS && now <= until; first = this.#heap[0]) {
      this.clear(first)
      this.#ringOne(first, now)
      now = performance.now()
    }
    // A timer without delay comes after input and output had their turn.
    this.#arm()
  }

  #up(alarm: Alarm, from: number): void {
    const heap = this.#heap
    let i = from
    while (i > 0) {
      const above = (i - 1) >> 1
      const other = heap[above]!
      if (other.dueAt <= alarm.dueAt) break
      heap[i] = other
      other.slot = i
      i = above
    }
    heap[i] = alarm
    alarm.slot = i
  }

  #down(alarm: Alarm, from: number): void {
    const heap = this.#heap
    let i = from
    for (;;) {
      let below = 2 * i + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1]!.dueAt < heap[below]!.dueAt) below += 1
      const other = heap[below]!
      if (other.dueAt >= alarm.dueAt) break
      heap[i] = other
      other.slot = i
      i = below
    }
    heap[i] = alarm
    alarm.slot = i
  }
}
