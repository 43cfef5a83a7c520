/** When a zone must no longer be offered (RFC 1034 §4.3.5, RFC 7314 §4). Pure. */
import { compareSerials } from '../dns/serial.js'
import type { PrimaryCell, ZoneCell } from '../state/tables.js'

/** Milliseconds since 1970; undefined while nothing is held. */
export function expiresAt(zone: ZoneCell, soaExpireSeconds: number, primaries: Iterable<PrimaryCell>): number | undefined {
  const held = zone.released
  if (!held) return undefined
  // A transfer starts the clock; later it is a primary that says the serial is still ours.
  let latest = zone.refreshedAt + zone.expireSeconds * 1000
  for (const primary of primaries) {
    const confirms =
      primary.serial !== undefined && primary.error === undefined && compareSerials(primary.serial, held.serial) === 'equal'
    if (confirms) latest = Math.max(latest, primary.checkedAt + (primary.expireSeconds ?? soaExpireSeconds) * 1000)
  }
  return latest
}
