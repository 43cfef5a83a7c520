/** Computes when a zone must no longer be served (RFC 1034 §4.3.5, RFC 7314 §4). Pure. */
import type { Soa } from '../dns/message.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { Board } from './board.js'
import { type PrimaryCell, pairKey, type ZoneCell } from './tables.js'

/** Milliseconds since 1970; undefined while the zone has no version. */
export function expiresAt(zone: ZoneCell, soaExpireSeconds: number, primaries: Iterable<PrimaryCell>): number | undefined {
  const held = zone.released
  if (!held) return undefined
  // A transfer starts the clock; later answers of a primary with the current serial restart it.
  const least = zone.leastSeconds ?? 0
  let latest = zone.refreshedAt + Math.max(zone.expireSeconds, least) * 1000
  for (const primary of primaries) {
    const confirms = primary.error === undefined && (isSame(primary.serial, held.serial) || isSame(primary.serial, zone.newest))
    if (confirms) latest = Math.max(latest, primary.checkedAt + Math.max(primary.expireSeconds ?? soaExpireSeconds, least) * 1000)
  }
  return latest
}

/**
 * Seconds that a zone lives after each answer of a primary, when its EXPIRE would end before the next one: REFRESH + RETRY, if
 * EXPIRE is less (RFC 1912 §2.2 requires more). Undefined when EXPIRE is long enough.
 */
export const leastSecondsOf = ({ refresh, retry, expire }: Soa): number | undefined =>
  expire < refresh + retry ? refresh + retry : undefined

const isSame = (a: Serial | undefined, b: Serial | undefined): boolean =>
  a !== undefined && b !== undefined && compareSerials(a, b) === 'equal'

/** The zone must no longer be served; never true while it has no version. */
export function hasExpired(board: Board, zone: FleetZone, now: number): boolean {
  const deadline = expiryOf(board, zone)
  return deadline !== undefined && deadline < now
}

/** As `expiresAt`, from the board. */
export function expiryOf(board: Board, zone: FleetZone): number | undefined {
  const cell = board.get('zones', zone.name)
  const cells = zone.primaries.flatMap((primary) => board.get('primaries', pairKey(zone.name, primary.id)) ?? [])
  return cell && expiresAt(cell, cell.expireSeconds, cells)
}
