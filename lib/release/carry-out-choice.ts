/** Of two contents under one serial a person chose one: it becomes the newest version, or the others are let go. */
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
  /** When no refresh of the zone is under way. */
  inTurn: <T>(zone: ZoneName, work: () => Promise<T>) => Promise<T>
  /** A rollout has come further: who may have the version has to be told. */
  onProgress: (zone: FleetZone, stored: StoredZone, version: Version) => void
}

export async function carryOutChoice(zone: FleetZone, stored: StoredZone, orders: ZoneOrders, parts: ChooseParts): Promise<void> {
  const { clock, decider, log, board, inTurn, onProgress } = parts
  const { latest } = stored
  const conflicts = stored.conflicting.list
  if (!latest || conflicts.length === 0) return
  // The last choice counts alone: an earlier one was taken back by it.
  const chosen = orders.decisions.findLast(({ primary, serial }) => primary !== undefined && serial === latest.serial)
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
    log.warn({ ...line, from: other.from }, 'the content of another primary takes the place of ours')
    onProgress(zone, stored, version)
  } else {
    await stored.conflicting.drop()
    log.warn({ ...line, from: latest.from }, 'the content that we have is the right one')
  }
  noteConflict(board, stored, clock.now(), undefined)
}
