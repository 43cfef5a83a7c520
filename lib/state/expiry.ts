/** When a zone must no longer be offered (RFC 1034 §4.3.5, RFC 7314 §4). Pure. */
import type { Soa } from '../dns/message.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { Board } from './board.js'
import { type PrimaryCell, pairKey, type ZoneCell } from './tables.js'

/** Milliseconds since 1970; undefined while nothing is held. */
export function expiresAt(zone: ZoneCell, soaExpireSeconds: number, primaries: Iterable<PrimaryCell>): number | undefined {
  const held = zone.released
  if (!held) return undefined
  // A transfer starts the clock; later it is a primary that says the serial is still ours.
  const least = zone.leastSeconds ?? 0
  let latest = zone.refreshedAt + Math.max(zone.expireSeconds, least) * 1000
  for (const primary of primaries) {
    const confirms = primary.error === undefined && (isSame(primary.serial, held.serial) || isSame(primary.serial, zone.newest))
    if (confirms) latest = Math.max(latest, primary.checkedAt + Math.max(primary.expireSeconds ?? soaExpireSeconds, least) * 1000)
  }
  return latest
}

/**
 * Seconds that a zone lives after each answer of a primary, when its EXPIRE would end it before the next one: REFRESH + RETRY, where
 * EXPIRE is less (RFC 1912 §2.2 asks for more than that). Undefined where EXPIRE has room.
 */
export const leastSecondsOf = ({ refresh, retry, expire }: Soa): number | undefined =>
  expire < refresh + retry ? refresh + retry : undefined

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
