/**
 * One released version on its way to one node: NOTIFY, and looks until the node's own answer shows the serial. The transfer
 * server's word that the node has taken the version makes the next look come at once; it proves nothing by itself.
 *
 *   notifying ──taken──▶ looking closely (when it usually shows, then 3 ms, doubling) ──serial shown──▶ confirmed
 *       ╰──no word──▶ looking now and then (100 ms, doubling) ─────╯ ╰──deadline──▶ unreached
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

const CLOSE_LOOK_MS = 3
const FAR_LOOK_MS = 100
const MAX_LOOK_MS = 5_000
/** After this the node is handed to the queue, which tries again with growing delays. */
const DEADLINE_MS = 45_000

/** However often the path changes. */
const MOST_NOTIFIES = 12

export type DeliveryOutcome = 'confirmed' | 'unreached' | 'superseded'

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
  /** The trail has moved on since the board last heard of it. */
  #unsaid = false
  #over = false
  #taken = false
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
    void this.#notifyUntilTaken()
    const deadline = this.#clock.now() + DEADLINE_MS
    let delay = FAR_LOOK_MS
    let close = false
    for (;;) {
      await this.#wait(delay)
      if (this.#over) return 'superseded'
      this.#tell()
      if (this.#taken && !close) {
        close = true
        delay = CLOSE_LOOK_MS
        const usual = this.#delays.firstLookMs(this.#node.id)
        if (usual > 1) await this.#wait(usual)
        if (this.#over) return 'superseded'
      } else delay = Math.min(MAX_LOOK_MS, delay * 2)
      const serial = await this.#observer.observe(this.#node, this.#zone, false)
      if (this.#over) return 'superseded'
      if (serial !== undefined && reaches(serial, this.target)) {
        this.#over = true
        this.#tell()
        if (this.#trail.takenAt !== undefined) this.#delays.note(this.#node.id, this.#clock.now() - this.#trail.takenAt)
        return 'confirmed'
      }
      if (this.#clock.now() > deadline) {
        this.#over = true
        return 'unreached'
      }
    }
  }

  /** It has ended, or ends at its next step. */
  get isOver(): boolean {
    return this.#over
  }

  /** The node has been sent all of it. */
  get isDelivered(): boolean {
    return this.#taken
  }

  /** A newer version takes this one's place. */
  supersede(): void {
    this.#over = true
    this.#wake?.()
  }

  /** The node has been sent all of `serial`. */
  onDelivered(serial: Serial, kind: 'axfr' | 'ixfr', at: number): void {
    if (!reaches(serial, this.target) || this.#taken) return
    this.#taken = true
    this.#trail.takenAt = at
    this.#trail.takenBy = kind
    this.#unsaid = true
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
   * NOTIFY again and again (RFC 1996 §3.6), with growing waits, until the node takes the version: one that has answered may
   * still fail to transfer, and would wait for its own timers.
   */
  async #notifyUntilTaken(): Promise<void> {
    for (let i = 0; i < this.#retriesMs.length; i++) {
      const waitMs = this.#retriesMs[i]!
      const sentAt = this.#clock.now()
      const outcome = await this.#notifyOnce(waitMs)
      if (outcome !== undefined) this.#noteAnswer(outcome)
      if (outcome?.kind === 'refused' || (outcome?.kind === 'unreachable' && this.#node.paths.length === 1)) return
      // One that was cut short by a change of path does not count.
      if (outcome === undefined && !this.#over && !this.#taken) {
        if (this.#trail.notifiesSent <= MOST_NOTIFIES) i -= 1
        continue
      }
      await this.#paths.switched(this.#node, Math.max(0, sentAt + waitMs - this.#clock.now()))
      if (this.#over || this.#taken) return
    }
  }

  /** Undefined when the node turns out to be reached by another path: then it is told by that one. */
  async #notifyOnce(waitMs: number): Promise<NotifyOutcome | undefined> {
    const sending = this.#notify.send(this.#node, this.#zone, this.#soa, waitMs, () => {
      this.#trail.notifySentAt ??= this.#clock.now()
      this.#trail.notifiesSent += 1
      this.#unsaid = true
    })
    if (this.#node.paths.length === 1) return await sending
    return await Promise.race([sending, this.#paths.switched(this.#node, waitMs * 2)])
  }

  #noteAnswer(outcome: NotifyOutcome): void {
    this.#unsaid = true
    if (outcome.kind === 'answered') {
      this.#trail.notifyAnsweredAt ??= this.#clock.now()
      this.#trail.notifyError = undefined
      return
    }
    this.#trail.notifyError = outcome.reason
    // Silence can outlast every look: then nobody else comes by to tell it.
    this.#tell()
  }

  /** Brings the board up to date, once for several steps: twenty nodes that take a version together make many. */
  #tell(): void {
    if (!this.#unsaid) return
    this.#unsaid = false
    const held = nodeCell(this.#board, this.#zone.name, this.#node.id).push
    // The newest delivery of the pair writes; a late word of an older one is dropped.
    if (held && held.startedAt > this.#trail.startedAt) return
    // What brought the node there is the story of the version; doing it again for good measure is not.
    if (held?.target === this.target && held.confirmedAt !== undefined && held.startedAt < this.#trail.startedAt) return
    const isSame = held?.target === this.target && held.startedAt === this.#trail.startedAt
    this.#trail.confirmedAt = isSame ? held.confirmedAt : undefined
    notePush(this.#board, this.#zone.name, this.#node.id, { ...this.#trail }, this.#clock.now())
  }
}

const reaches = (serial: Serial, target: Serial): boolean => {
  const order = compareSerials(serial, target)
  return order === 'equal' || order === 'newer'
}
