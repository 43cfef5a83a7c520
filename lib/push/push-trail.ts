/** The trail of a delivery, for `zonecast why`: the times of its steps, as the board keeps them. */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import { nodeCell, noteDelivered, notePush } from '../observe/node-cells.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import type { PushTrail } from '../state/tables.js'
import type { NotifyOutcome } from './notify-sender.js'

const newTrail = (target: Serial, now: number): PushTrail => ({
  target,
  startedAt: now,
  notifySentAt: undefined,
  notifiesSent: 0,
  notifyAnsweredAt: undefined,
  notifyError: undefined,
  takenAt: undefined,
  takenBy: undefined,
  confirmedAt: undefined,
})

/** A copy of the trail for the board, in place of `written`; undefined when that one stays. */
function trailToWrite(trail: PushTrail, written: PushTrail | undefined): PushTrail | undefined {
  // The newest delivery of the pair writes.
  if (written && written.startedAt > trail.startedAt) return undefined
  const isOfTarget = written?.target === trail.target
  // The delivery that brought the node to the version stays on record; a repeated one does not replace it.
  if (isOfTarget && written.confirmedAt !== undefined && written.startedAt < trail.startedAt) return undefined
  return { ...trail, confirmedAt: isOfTarget && written.startedAt === trail.startedAt ? written.confirmedAt : undefined }
}

/** The trail of one delivery, and its way to the board: once for several steps, as twenty nodes that transfer a version make many. */
export class TrailKeeper {
  readonly trail: PushTrail
  readonly #zone: ZoneName
  readonly #node: string
  readonly #parts: { board: Board; clock: Clock }
  /** The trail has changed since it was last written. */
  isNew = false

  constructor(zone: ZoneName, node: string, target: Serial, parts: { board: Board; clock: Clock }) {
    this.#zone = zone
    this.#node = node
    this.#parts = parts
    this.trail = newTrail(target, parts.clock.now())
  }

  write(): void {
    if (!this.isNew) return
    this.isNew = false
    const { board, clock } = this.#parts
    const trail = trailToWrite(this.trail, nodeCell(board, this.#zone, this.#node).push)
    if (trail) notePush(board, this.#zone, this.#node, trail, clock.now())
  }

  noteNotify(outcome: NotifyOutcome): void {
    this.isNew = true
    if (outcome.kind === 'answered') {
      this.trail.notifyAnsweredAt ??= this.#parts.clock.now()
      this.trail.notifyError = undefined
      return
    }
    this.trail.notifyError = outcome.reason
    // Silence can outlast every query, and no other step would write it.
    this.write()
  }

  /** Writes the trail together with the version that the node was sent. */
  writeDelivered(serial: Serial, digest: string, at: number): void {
    const { board } = this.#parts
    const trail = trailToWrite(this.trail, nodeCell(board, this.#zone, this.#node).push)
    this.isNew = false
    noteDelivered(board, this.#zone, this.#node, { serial, digest }, at, trail)
  }
}
