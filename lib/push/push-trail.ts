/** The trail of a delivery, for `zonecast why`: the times of its steps, as the board keeps them. */
import type { Serial } from '../dns/serial.js'
import type { PushTrail } from '../state/tables.js'

export const newTrail = (target: Serial, now: number): PushTrail => ({
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
export function trailToWrite(trail: PushTrail, written: PushTrail | undefined): PushTrail | undefined {
  // The newest delivery of the pair writes.
  if (written && written.startedAt > trail.startedAt) return undefined
  const isOfTarget = written?.target === trail.target
  // The delivery that brought the node to the version stays on record; a repeated one does not replace it.
  if (isOfTarget && written.confirmedAt !== undefined && written.startedAt < trail.startedAt) return undefined
  return { ...trail, confirmedAt: isOfTarget && written.startedAt === trail.startedAt ? written.confirmedAt : undefined }
}
