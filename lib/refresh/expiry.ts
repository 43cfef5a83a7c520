/** When a zone must no longer be offered (RFC 1034 §4.3.5, RFC 7314 §4). Pure. */
import { compareSerials, type Serial } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { Board } from '../state/board.js'
import { type PrimaryCell, pairKey, type ZoneCell } from '../state/tables.js'

/** Milliseconds since 1970; undefined while nothing is held. */
export function expiresAt(zone: ZoneCell, soaExpireSeconds: number, primaries: Iterable<PrimaryCell>): number | undefined {
  const held = zone.released
  if (!held) return undefined
  // A transfer starts the clock; later it is a primary that says the serial is still ours.
  let latest = zone.refreshedAt + zone.expireSeconds * 1000
  for (const primary of primaries) {
    const confirms = primary.error === undefined && (isSame(primary.serial, held.serial) || isSame(primary.serial, zone.newest))
    if (confirms) latest = Math.max(latest, primary.checkedAt + (primary.expireSeconds ?? soaExpireSeconds) * 1000)
  }
  return latest
}

const isSame = (a: Serial | undefined, b: Serial | undefined): boolean =>
  a !== undefined && b !== undefined && compareSerials(a, b) === 'equal'

/** Whether the zone must no longer be offered; never while nothing is held. */
export function hasExpired(board: Board, zone: FleetZone, now: number): boolean {
  const deadline = expiryOf(board, zone)
  return deadline !== undefined && deadline < now
}

/** As `expiresAt`, from what is known of the zone. */
export function expiryOf(board: Board, zone: FleetZone): number | undefined {
  const cell = board.get('zones', zone.name)
  const cells = zone.primaries.flatMap((primary) => board.get('primaries', pairKey(zone.name, primary.id)) ?? [])
  return cell && expiresAt(cell, cell.expireSeconds, cells)
}
