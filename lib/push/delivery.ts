/**
 * Delivers one released version to one node: sends NOTIFY and observes the node until its own answer shows the serial. When the
 * transfer server has sent the node the version, the next query comes at once; that alone confirms nothing.
 *
 *   notifying ──the node transferred it──▶ delivered ──its answer shows the serial──▶ confirmed
 *       │  queries after 100 ms, doubling     │  queries when it usually serves it, then after 3 ms, doubling
 *       ├─────────────────────────────────────┴──deadline──▶ unreached
 *       ╰──a newer version, a drain or a reload──▶ superseded
 */
import { guard } from '../runtime/guard.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import type { PushTrail } from '../state/tables.js'
import { nodeCell, notePush } from '../observe/node-cells.js'
import type { NodePaths } from '../observe/node-paths.js'
import type { ServeDelays } from './serve-delay.js'
import type { NodeObserver } from '../observe/node-observer.js'
import type { NotifyOutcome, NotifySender } from './notify-sender.js'

const DELIVERED_QUERY_MS = 3
const FIRST_QUERY_MS = 100
const MAX_QUERY_MS = 5_000
/** After this the node is handed to the queue, which tries again with growing delays. */
const DEADLINE_MS = 45_000

/** Most NOTIFYs of one delivery, however often the path changes. */
const MOST_NOTIFIES = 12

export type DeliveryOutcome = 'confirmed' | 'unreached' | 'superseded'
type DeliveryState = 'notifying' | 'delivered' | DeliveryOutcome

export interface DeliveryParts {
  board: Board
  clock: Clock
  observer: Pick<NodeObserver, 'observe'>
  notify: Pick<NotifySender, 'send'>
  delays: ServeDelays
  paths: NodePaths
  /** Waits between NOTIFYs; a reload changes them. */
  notifyRetries: { readonly retriesMs: readonly number[] }
}

export class Delivery {
  readonly #node: FleetNode
  readonly #zone: FleetZone
  readonly target: Serial
  readonly #soa: Buffer
  readonly #board: Board
  readonly #clock: Clock
  readonly #observer: Pick<NodeObserver, 'observe'>
  readonly #notify: Pick<NotifySender, 'send'>
  readonly #delays: ServeDelays
  readonly #paths: NodePaths
  readonly #retriesMs: readonly number[]
  #trail: PushTrail
  #state: DeliveryState = 'notifying'
  /** The trail has changed since it was last written to the board. */
  #isTrailNew = false
  #wake: (() => void) | undefined

  constructor(node: FleetNode, zone: FleetZone, target: Serial, soa: Buffer, parts: DeliveryParts) {
    this.#node = node
    this.#zone = zone
    this.target = target
    this.#soa = soa
    this.#board = parts.board
    this.#clock = parts.clock
    this.#observer = parts.observer
    this.#notify = parts.notify
    this.#delays = parts.delays
    this.#paths = parts.paths
    this.#retriesMs = parts.notifyRetries.retriesMs
    this.#trail = {
      target,
      startedAt: this.#clock.now(),
      notifySentAt: undefined,
      notifiesSent: 0,
      notifyAnsweredAt: undefined,
      notifyError: undefined,
      takenAt: undefined,
      takenBy: undefined,
      confirmedAt: undefined,
    }
  }

  /** Runs to its end; never throws. */
  async run(): Promise<DeliveryOutcome> {
    void this.#notifyUntilDelivered()
    const deadline = this.#clock.now() + DEADLINE_MS
    let delay = FIRST_QUERY_MS
    let paced: DeliveryState = 'notifying'
    for (;;) {
      await this.#wait(delay)
      if (this.isOver) return 'superseded'
      this.#writeTrail()
      if (paced !== this.#state) {
        paced = this.#state
        delay = DELIVERED_QUERY_MS
        const usual = this.#delays.firstQueryMs(this.#node.id)
        if (usual > 1) await this.#wait(usual)
        if (this.isOver) return 'superseded'
      } else delay = Math.min(MAX_QUERY_MS, delay * 2)
      const serial = await this.#observer.observe(this.#node, this.#zone, false)
      if (this.isOver) return 'superseded'
      if (serial !== undefined && reaches(serial, this.target)) {
        this.#state = 'confirmed'
        this.#writeTrail()
        if (this.#trail.takenAt !== undefined) this.#delays.note(this.#node.id, this.#clock.now() - this.#trail.takenAt)
        return 'confirmed'
      }
      if (this.#clock.now() > deadline) {
        this.#state = 'unreached'
        return 'unreached'
      }
    }
  }

  /** It has ended, or ends at its next step. */
  get isOver(): boolean {
    return this.#state !== 'notifying' && this.#state !== 'delivered'
  }

  /** The node was sent all of the version. */
  get isDelivered(): boolean {
    return this.#trail.takenAt !== undefined
  }

  /** A newer version replaces this one, or the node is not served any more. */
  supersede(): void {
    if (!this.isOver) this.#state = 'superseded'
    this.#wake?.()
  }

  /** The transfer server sent the node all of `serial`. */
  onDelivered(serial: Serial, kind: 'axfr' | 'ixfr', at: number): void {
    if (!reaches(serial, this.target) || this.isDelivered) return
    if (this.#state === 'notifying') this.#state = 'delivered'
    this.#trail.takenAt = at
    this.#trail.takenBy = kind
    this.#isTrailNew = true
    this.#wake?.()
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        guard('delivery timer', () => this.#wake?.()),
        ms,
      )
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }

  /**
   * Repeats NOTIFY (RFC 1996 §3.6) with growing waits until the node transfers the version. A node that answered may still fail to
   * transfer, and would wait for its own timers.
   */
  async #notifyUntilDelivered(): Promise<void> {
    for (let i = 0; i < this.#retriesMs.length; i++) {
      const waitMs = this.#retriesMs[i]!
      const sentAt = this.#clock.now()
      const outcome = await this.#notifyOnce(waitMs)
      if (outcome !== undefined) this.#noteAnswer(outcome)
      if (outcome?.kind === 'refused' || (outcome?.kind === 'unreachable' && this.#node.paths.length === 1)) return
      // A NOTIFY that a change of path cut short does not count.
      if (outcome === undefined && this.#state === 'notifying') {
        if (this.#trail.notifiesSent <= MOST_NOTIFIES) i -= 1
        continue
      }
      await this.#paths.switched(this.#node, Math.max(0, sentAt + waitMs - this.#clock.now()))
      if (this.#state !== 'notifying') return
    }
  }

  /** Undefined when the node is reached by another path meanwhile: then NOTIFY goes by that one. */
  async #notifyOnce(waitMs: number): Promise<NotifyOutcome | undefined> {
    const sending = this.#notify.send(this.#node, this.#zone, this.#soa, waitMs, () => {
      this.#trail.notifySentAt ??= this.#clock.now()
      this.#trail.notifiesSent += 1
      this.#isTrailNew = true
    })
    if (this.#node.paths.length === 1) return await sending
    return await Promise.race([sending, this.#paths.switched(this.#node, waitMs * 2)])
  }

  #noteAnswer(outcome: NotifyOutcome): void {
    this.#isTrailNew = true
    if (outcome.kind === 'answered') {
      this.#trail.notifyAnsweredAt ??= this.#clock.now()
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
    const written = nodeCell(this.#board, this.#zone.name, this.#node.id).push
    // The newest delivery of the pair writes.
    if (written && written.startedAt > this.#trail.startedAt) return
    // The delivery that brought the node to the version stays on record; a repeated one does not replace it.
    if (written?.target === this.target && written.confirmedAt !== undefined && written.startedAt < this.#trail.startedAt) return
    const isSame = written?.target === this.target && written.startedAt === this.#trail.startedAt
    this.#trail.confirmedAt = isSame ? written.confirmedAt : undefined
    notePush(this.#board, this.#zone.name, this.#node.id, { ...this.#trail }, this.#clock.now())
  }
}

const reaches = (serial: Serial, target: Serial): boolean => {
  const order = compareSerials(serial, target)
  return order === 'equal' || order === 'newer'
}
