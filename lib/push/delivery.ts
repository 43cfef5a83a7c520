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
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Alarm, Alarms } from '../runtime/alarms.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import type { PushTrail } from '../state/tables.js'
import { nodeCell, noteDelivered, notePush } from '../observe/node-cells.js'
import type { ServeDelays } from './serve-delay.js'
import type { NodeObserver } from '../observe/node-observer.js'
import type { NotifyOutcome, NotifySender } from './notify-sender.js'
import { newTrail, trailToWrite } from './push-trail.js'

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

export type DeliveryOutcome = 'confirmed' | 'unreached' | 'superseded'
type DeliveryState = 'notifying' | 'delivered' | DeliveryOutcome

export interface DeliveryParts {
  board: Board
  clock: Clock
  alarms: Alarms
  observer: Pick<NodeObserver, 'observe'>
  notify: Pick<NotifySender, 'send'>
  delays: ServeDelays
  /** Waits between NOTIFYs; a reload changes them. */
  notifyRetries: { readonly retriesMs: readonly number[] }
}

/** The deliveries to one node, to which this one belongs. */
export interface Lane {
  readonly node: FleetNode
  /** Many deliveries run or wait: throughput counts more than the delay of one. */
  readonly isBusy: boolean
  /** Usual time from NOTIFY to transfer, milliseconds. */
  readonly takeMs: number
  /** The node has answered a NOTIFY. */
  onAnswer(): void
  /** The node has not answered a NOTIFY. */
  onSilence(): void
  /** The node answers, and has not transferred the zone so far. */
  onRefusal(delivery: Delivery): void
  onEnd(delivery: Delivery, outcome: DeliveryOutcome): void
}

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
  readonly #trail: PushTrail
  readonly #retriesMs: readonly number[]
  #state: DeliveryState = 'notifying'
  /** The trail has changed since it was last written to the board. */
  #isTrailNew = false
  #queryAt = NEVER
  #delayMs = FIRST_QUERY_MS
  #isAsking = false
  /** The query was put off to leave with others: its answer does not show how long the node takes. */
  #isPutOff = false
  #notifyAt = NEVER
  #notifySentAt = 0
  /** NOTIFYs so far, without those that a change of path cut short. */
  #notifies = 0
  /** Counts NOTIFYs: an outcome of an earlier one is late. Undefined while none is under way. */
  #underWay: number | undefined

  constructor(lane: Lane, zone: FleetZone, target: Serial, soa: Buffer, parts: DeliveryParts) {
    this.#lane = lane
    this.zone = zone
    this.target = target
    this.#soa = soa
    this.#parts = parts
    this.#retriesMs = parts.notifyRetries.retriesMs
    this.#trail = newTrail(target, parts.clock.now())
  }

  start(): void {
    const { isBusy, takeMs } = this.#lane
    this.#queryIn(isBusy ? Math.max(BUSY_QUERY_MS, Math.min(MAX_QUERY_MS, takeMs * PATIENCE)) : FIRST_QUERY_MS)
    this.#sendNotify()
    this.#arm()
  }

  /** It has ended. */
  get isOver(): boolean {
    return this.#state !== 'notifying' && this.#state !== 'delivered'
  }

  /** The node was sent all of the version. */
  get isDelivered(): boolean {
    return this.#trail.takenAt !== undefined
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
    if (this.isOver || !reaches(serial, this.target) || this.isDelivered) return false
    const { board, delays } = this.#parts
    this.#state = 'delivered'
    this.#notifyAt = NEVER
    this.#underWay = undefined
    this.#trail.takenAt = at
    this.#trail.takenBy = kind
    this.#isTrailNew = true
    if (digest !== undefined) {
      const cell = nodeCell(board, this.zone.name, this.#lane.node.id)
      const trail = trailToWrite(this.#trail, cell.push)
      this.#isTrailNew = false
      noteDelivered(board, this.zone.name, this.#lane.node.id, { serial, digest }, at, trail)
    }
    if (this.#isAsking) return true
    const usual = delays.firstQueryMs(this.#lane.node.id)
    this.#delayMs = DELIVERED_QUERY_MS
    if (usual > 1 || this.#lane.isBusy) {
      this.#queryIn(usual)
      this.#arm()
    } else this.#ask()
    return true
  }

  /** The node is reached by another path: earlier messages may never have arrived. */
  onSwitched(): void {
    if (this.#state !== 'notifying' || (this.#underWay === undefined && this.#notifyAt === NEVER)) return
    // A NOTIFY that the change cut short does not count.
    if (this.#underWay !== undefined && this.#trail.notifiesSent <= MOST_NOTIFIES) this.#notifies -= 1
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
    this.#writeTrail()
    const isOfDelivered = this.isDelivered
    void this.#parts.observer.observe(this.#lane.node, this.zone, false).then((serial) => this.#onAnswer(serial, isOfDelivered))
  }

  #onAnswer(serial: Serial | undefined, isOfDelivered: boolean): void {
    this.#isAsking = false
    if (this.isOver) return
    if (serial !== undefined && reaches(serial, this.target)) {
      const { delays, clock } = this.#parts
      const { takenAt } = this.#trail
      this.#writeTrail()
      if (takenAt !== undefined && isOfDelivered && !this.#isPutOff) delays.note(this.#lane.node.id, clock.now() - takenAt)
      this.#end('confirmed')
      return
    }
    if (performance.now() - this.#startedAt > DEADLINE_MS) {
      this.#end('unreached')
      return
    }
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

  /**
   * Repeats NOTIFY (RFC 1996 §3.6) with growing waits until the node transfers the version. A node that answered may still fail to
   * transfer, and would wait for its own timers.
   */
  #sendNotify(): void {
    this.#notifyAt = NEVER
    const waitMs = this.#retriesMs[this.#notifies]
    if (waitMs === undefined || this.#state !== 'notifying') return
    this.#notifies += 1
    this.#trail.notifySentAt ??= this.#parts.clock.now()
    this.#trail.notifiesSent += 1
    this.#isTrailNew = true
    this.#notifySentAt = performance.now()
    const sent = this.#trail.notifiesSent
    this.#underWay = sent
    this.#parts.notify.send(this.#lane.node, this.zone, this.#soa, waitMs, (outcome) => {
      if (this.#underWay === sent) this.#onOutcome(outcome, waitMs)
    })
  }

  #onOutcome(outcome: NotifyOutcome, waitMs: number): void {
    this.#underWay = undefined
    this.#noteAnswer(outcome)
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

  #noteAnswer(outcome: NotifyOutcome): void {
    this.#isTrailNew = true
    if (outcome.kind === 'answered') {
      this.#trail.notifyAnsweredAt ??= this.#parts.clock.now()
      this.#trail.notifyError = undefined
      return
    }
    this.#trail.notifyError = outcome.reason
    // Silence can outlast every query, and no other step would write it.
    this.#writeTrail()
  }

  /** Writes the trail to the board, once for several steps: twenty nodes that transfer a version together make many. */
  #writeTrail(): void {
    if (!this.#isTrailNew) return
    this.#isTrailNew = false
    const { board, clock } = this.#parts
    const trail = trailToWrite(this.#trail, nodeCell(board, this.zone.name, this.#lane.node.id).push)
    if (trail) notePush(board, this.zone.name, this.#lane.node.id, trail, clock.now())
  }

  #end(outcome: DeliveryOutcome): void {
    this.#state = outcome
    this.#parts.alarms.clear(this)
    this.#lane.onEnd(this, outcome)
  }
}

const reaches = (serial: Serial, target: Serial): boolean => {
  const order = compareSerials(serial, target)
  return order === 'equal' || order === 'newer'
}
