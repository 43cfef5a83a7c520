/**
 * Carries out an operator's choice between two contents under one serial: the chosen one becomes the newest version, or the
 * conflicting versions are dropped.
 */
import type { ZoneName } from '../dns/name.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { ZoneOrders } from '../rollout/record.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Board } from '../state/board.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import type { ReleaseDecider } from './release-decider.js'
import { noteConflict } from './zone-cells.js'

export interface ChooseParts {
  board: Board
  clock: Clock
  log: Logger
  decider: ReleaseDecider
  /** Runs the work when no refresh of the zone is under way. */
  inTurn: <T>(zone: ZoneName, work: () => Promise<T>) => Promise<T>
  /** A rollout has progressed: nodes that may have the version must be notified. */
  onProgress: (zone: FleetZone, stored: StoredZone, version: Version) => void
}

export async function carryOutChoice(zone: FleetZone, stored: StoredZone, orders: ZoneOrders, parts: ChooseParts): Promise<void> {
  const { clock, decider, log, board, inTurn, onProgress } = parts
  const { latest } = stored
  const conflicts = stored.conflicting.list
  if (!latest || conflicts.length === 0) return
  // Only the last choice counts: it revokes the earlier ones.
  const chosen = orders.decisions.findLast(
    ({ kind, primary, serial }) => kind === 'approve' && primary !== undefined && serial === latest.serial,
  )
  if (!chosen) return
  const isKnown =
    chosen.digest === latest.digest
      ? chosen.at > Math.max(...conflicts.map(({ seenAt }) => seenAt))
      : conflicts.some((other) => other.digest === chosen.digest)
  if (!isKnown) return
  const other = conflicts.find(({ digest }) => digest === chosen.digest)
  const line = { zone: zone.name, op: 'conflict', serial: latest.serial, by: chosen.by, reason: chosen.reason }
  if (other) {
    const version = await inTurn(zone.name, () =>
      stored.conflicting.adopt(other, async (contents, change, written) => ({
        seenAt: other.seenAt,
        committedAt: clock.now(),
        from: other.from,
        sources: { [other.from]: other.seenAt },
        ...(await decider.decide(zone, stored, contents, change, {
          expired: false,
          approvedBy: chosen,
          objection: undefined,
          written,
        })),
      })),
    )
    log.warn({ ...line, from: other.from }, 'content of another primary chosen')
    onProgress(zone, stored, version)
  } else {
    await stored.conflicting.drop()
    log.warn({ ...line, from: latest.from }, 'current content chosen')
  }
  noteConflict(board, stored, clock.now(), undefined)
}
