/**
 * Delivers one released version to one node: sends NOTIFY and observes the node until its own answer shows the serial. When the
 * transfer server has sent the node the version, the next query comes at once; that alone confirms nothing.
 *
 *   notifying ──the node transferred it──▶ delivered ──its answer shows the serial──▶ confirmed
 *       │  queries after 100 ms, doubling     │  queries when it usually serves it, then after 3 ms, doubling
 *       ├─────────────────────────────────────┴──deadline──▶ unreached
 *       ╰──a newer version, a drain or a reload──▶ superseded
 *
 * It is a small object that an alarm moves, without promises or timers of its own, because thousands run at once. To a node with
 * many deliveries, queries are put off to common moments, so that one message to the kernel has many.
 */
import { compareSerials, type Serial } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { Alarm } from '../runtime/alarms.js'
import { MOST_PUT_OFF_MS } from './served-together.js'
import type { NotifyOutcome } from './notify-sender.js'
import type { DeliveryOutcome, DeliveryParts, Lane } from './delivery-parts.js'
import { nodeCell } from '../observe/node-cells.js'
import { LossWatch } from './loss-watch.js'
import { TrailKeeper } from './push-trail.js'

const DELIVERED_QUERY_MS = 3
const FIRST_QUERY_MS = 100
/** A busy node works on what it was announced: most queries before the report of a transfer would be in vain. */
const BUSY_QUERY_MS = 1_000
const MAX_QUERY_MS = 5_000
/** After this the node is handed to the queue, which tries again with growing delays. */
const DEADLINE_MS = 45_000
/** Queries to a busy node leave together, at multiples of this. */
const TOGETHER_MS = 250
/** A busy node gets this many times as long as it usually takes before its first query. */
const PATIENCE = 3

/** Most NOTIFYs of one delivery, however often the path changes. */
const MOST_NOTIFIES = 12
const NEVER = Number.POSITIVE_INFINITY

type DeliveryState = 'notifying' | 'delivered' | DeliveryOutcome

export class Delivery implements Alarm {
  slot = -1
  dueAt = 0
  readonly zone: FleetZone
  readonly target: Serial
  /** It fills a place of the window: the node has not transferred the version, and may be doing so. */
  fillsWindow = true
  readonly #lane: Lane
  readonly #parts: DeliveryParts
  readonly #soa: Buffer
  readonly #startedAt = performance.now()
  readonly #kept: TrailKeeper
  readonly #retriesMs: readonly number[]
  #state: DeliveryState = 'notifying'
  #queryAt = NEVER
  #delayMs = FIRST_QUERY_MS
  #isAsking = false
  /** The query was put off to leave with others: its answer does not show how long the node takes. */
  #isPutOff = false
  #notifyAt = NEVER
  #notifySentAt = 0
  /** NOTIFYs so far, without those that a change of path cut short. */
  #notifies = 0
  /** Other nodes of the zone wait for it with their queries. */
  #isServing = false
  #losses: LossWatch | undefined
  /** It was notified again after its transfer. */
  #isInDoubt = false
  /** Counts NOTIFYs: an outcome of an earlier one is late. Undefined while none is under way. */
  #underWay: number | undefined

  constructor(lane: Lane, zone: FleetZone, target: Serial, soa: Buffer, parts: DeliveryParts) {
    this.#lane = lane
    this.zone = zone
    this.target = target
    this.#soa = soa
    this.#parts = parts
    this.#retriesMs = parts.notifyRetries.retriesMs
    this.#kept = new TrailKeeper(zone.name, lane.node.id, target, parts)
  }

  start(): void {
    const { isBusy, takeMs } = this.#lane
    this.#queryIn(isBusy ? Math.max(BUSY_QUERY_MS, Math.min(MAX_QUERY_MS, takeMs * PATIENCE)) : FIRST_QUERY_MS)
    if (!isBusy) {
      this.#isServing = true
      this.#parts.serving.begin(this.zone.name, this.target)
    }
    this.#sendNotify()
    this.#arm()
  }

  #leaveServing(): void {
    if (!this.#isServing) return
    this.#isServing = false
    this.#parts.serving.end(this.zone.name, this.target)
  }

  /** It has ended. */
  get isOver(): boolean {
    return this.#state !== 'notifying' && this.#state !== 'delivered'
  }

  /** The node was sent all of the version. */
  get isDelivered(): boolean {
    return this.#kept.trail.takenAt !== undefined
  }

  /** Time of the last NOTIFY, in the clock of performance.now(). */
  get notifiedAt(): number {
    return this.#notifySentAt
  }

  /** A newer version replaces this one, or the node is not served any more. */
  supersede(): void {
    if (!this.isOver) this.#end('superseded')
  }

  /**
   * The transfer server sent the node all of `serial`, or answered that the node has it, without `digest`. False when it is another
   * version, or known.
   */
  onDelivered(serial: Serial, digest: string | undefined, kind: 'axfr' | 'ixfr', at: number): boolean {
    // A node that shows an older serial after the transfer may need another one.
    const isAgain = this.isDelivered && !(this.#isInDoubt && digest !== undefined)
    if (this.isOver || !reaches(serial, this.target) || isAgain) return false
    const { delays } = this.#parts
    this.#state = 'delivered'
    this.#isInDoubt = false
    this.#notifyAt = NEVER
    this.#underWay = undefined
    this.#kept.trail.takenAt = at
    this.#kept.trail.takenBy = kind
    this.#kept.isNew = true
    if (digest !== undefined) this.#kept.writeDelivered(serial, digest, at)
    this.#leaveServing()
    if (this.#isAsking) return true
    const usual = delays.firstQueryMs(this.#lane.node.id)
    this.#delayMs = DELIVERED_QUERY_MS
    if (this.#lane.isBusy || usual > MOST_PUT_OFF_MS) this.#askIn(usual)
    else if (this.#parts.serving.wait(this.zone.name, this.target, this)) {
      this.#askIn(MOST_PUT_OFF_MS)
      this.#isPutOff = true
    } else this.#askIn(usual)
    return true
  }

  /** All nodes have transferred the version, or are no longer expected to. */
  onAllServed(): void {
    const { takenAt } = this.#kept.trail
    if (this.isOver || this.#isAsking || takenAt === undefined || this.#queryAt === NEVER) return
    const leftMs = this.#parts.delays.firstQueryMs(this.#lane.node.id) - (this.#parts.clock.now() - takenAt)
    this.#askIn(Math.max(0, leftMs))
    // The wait for the others is not the node's.
    if (leftMs < 0) this.#isPutOff = true
  }

  #askIn(ms: number): void {
    if (ms <= 1 && !this.#lane.isBusy) {
      this.#isPutOff = false
      this.#ask()
      return
    }
    this.#queryIn(ms)
    this.#arm()
  }

  /** The node is reached by another path: earlier messages may never have arrived. */
  onSwitched(): void {
    if (this.#state !== 'notifying' || (this.#underWay === undefined && this.#notifyAt === NEVER)) return
    // A NOTIFY that the change cut short does not count.
    if (this.#underWay !== undefined && this.#kept.trail.notifiesSent <= MOST_NOTIFIES) this.#notifies -= 1
    this.#sendNotify()
    this.#arm()
  }

  ring(now: number): void {
    if (this.isOver) return
    if (now + 1 > this.#notifyAt) this.#sendNotify()
    if (!this.#isAsking && now + 1 > this.#queryAt) this.#ask()
    else this.#arm()
  }

  #arm(): void {
    const at = this.#isAsking ? this.#notifyAt : Math.min(this.#queryAt, this.#notifyAt)
    if (at === NEVER) this.#parts.alarms.clear(this)
    else this.#parts.alarms.set(this, at)
  }

  #queryIn(ms: number): void {
    const at = performance.now() + ms
    this.#isPutOff = this.#lane.isBusy
    this.#queryAt = this.#isPutOff ? Math.ceil(at / TOGETHER_MS) * TOGETHER_MS : at
  }

  #ask(): void {
    this.#isAsking = true
    this.#queryAt = NEVER
    this.#arm()
    this.#kept.write()
    const isOfDelivered = this.isDelivered
    void this.#parts.observer.observe(this.#lane.node, this.zone, false).then((serial) => this.#onAnswer(serial, isOfDelivered))
  }

  #onAnswer(serial: Serial | undefined, isOfDelivered: boolean): void {
    this.#isAsking = false
    if (this.isOver) return
    if (serial !== undefined && reaches(serial, this.target)) {
      const { delays, clock } = this.#parts
      const { takenAt } = this.#kept.trail
      this.#kept.write()
      if (takenAt !== undefined && isOfDelivered && !this.#isPutOff) delays.note(this.#lane.node.id, clock.now() - takenAt)
      this.#end('confirmed')
      return
    }
    if (performance.now() - this.#startedAt > DEADLINE_MS) {
      this.#end('unreached')
      return
    }
    if (isOfDelivered) this.onLacking(serial)
    if (this.isDelivered && !isOfDelivered) {
      // It was delivered while the query was under way: the next one is the first that can succeed.
      this.#queryIn(this.#parts.delays.firstQueryMs(this.#lane.node.id))
      this.#delayMs = DELIVERED_QUERY_MS
    } else {
      this.#queryIn(this.#delayMs)
      this.#delayMs = Math.min(MAX_QUERY_MS, this.#delayMs * 2)
      if (serial !== undefined && !this.isDelivered && performance.now() - this.#startedAt > MAX_QUERY_MS)
        this.#lane.onRefusal(this)
    }
    this.#arm()
  }

  /** An observation shows `serial`, which is older than the version, or none. A node that has transferred that may have lost it. */
  onLacking(serial: Serial | undefined): void {
    const { takenAt } = this.#kept.trail
    if (this.#state !== 'delivered' || takenAt === undefined) return
    const { board, clock, delays } = this.#parts
    const { id } = this.#lane.node
    this.#losses ??= new LossWatch()
    if (serial === undefined && nodeCell(board, this.zone.name, id).lostAt === undefined) this.#losses.noteSilence()
    else if (this.#losses.isDue({ now: clock.now(), takenAt, usualMs: delays.firstQueryMs(id), isBusy: this.#lane.isBusy })) {
      this.#isInDoubt = true
      this.#announce(this.#retriesMs[0] ?? MAX_QUERY_MS)
    }
  }

  /**
   * Repeats NOTIFY (RFC 1996 §3.6) with growing waits until the node transfers the version. A node that answered may still fail to
   * transfer, and would wait for its own timers.
   */
  #sendNotify(): void {
    this.#notifyAt = NEVER
    const waitMs = this.#retriesMs[this.#notifies]
    if (waitMs === undefined || this.#state !== 'notifying') return
    this.#notifies += 1
    this.#announce(waitMs)
  }

  #announce(waitMs: number): void {
    this.#kept.trail.notifySentAt ??= this.#parts.clock.now()
    this.#kept.trail.notifiesSent += 1
    this.#kept.isNew = true
    this.#notifySentAt = performance.now()
    const sent = this.#kept.trail.notifiesSent
    this.#underWay = sent
    this.#parts.notify.send(this.#lane.node, this.zone, this.#soa, waitMs, (outcome) => {
      if (this.#underWay === sent) this.#onOutcome(outcome, waitMs)
    })
  }

  #onOutcome(outcome: NotifyOutcome, waitMs: number): void {
    this.#underWay = undefined
    this.#kept.noteNotify(outcome)
    if (this.#state === 'delivered') return
    if (outcome.kind !== 'answered') this.#leaveServing()
    if (outcome.kind === 'silent') this.#lane.onSilence()
    else if (outcome.kind === 'answered') this.#lane.onAnswer()
    const isFinal = outcome.kind === 'refused' || (outcome.kind === 'unreachable' && this.#lane.node.paths.length === 1)
    if (isFinal) {
      this.#lane.onRefusal(this)
      return
    }
    this.#notifyAt = Math.max(performance.now(), this.#notifySentAt + waitMs)
    this.#arm()
  }

  #end(outcome: DeliveryOutcome): void {
    this.#state = outcome
    this.#leaveServing()
    this.#parts.alarms.clear(this)
    this.#lane.onEnd(this, outcome)
  }
}

const reaches = (serial: Serial, target: Serial): boolean => {
  const order = compareSerials(serial, target)
  return order === 'equal' || order === 'newer'
}
