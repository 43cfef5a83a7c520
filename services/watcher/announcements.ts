/**
 * Judges the SOA in a NOTIFY, which is unsecured information about the primary's serial (RFC 1996 §3.7). If it is worth it, the
 * transfer begins at once, and the SOA query goes out a little later instead of before it.
 */
import { isNewer, type Serial } from '../../lib/dns/serial.js'
import type { PrimaryCell, ZoneCell } from '../../lib/state/tables.js'

/** After an unconfirmed announcement, which may be forged, announcements of the primary only cause an SOA query for this long. */
const DISTRUST_MS = 60_000

/** State of one primary for one zone. */
export class Announcements {
  #accepted: Serial | undefined
  #distrustedUntil = 0

  /**
   * Decides by the state of the zone and of the primary: a primary that sends difference sequences is asked for one, so that a
   * false announcement costs no AXFR; a primary that was silent gets only an SOA query.
   */
  isWorth(announced: Serial, zone: ZoneCell | undefined, primary: PrimaryCell | undefined, now: number): boolean {
    if (now < this.#distrustedUntil || zone?.error !== undefined || primary?.error !== undefined) return false
    if (zone?.newest === undefined || !isNewer(announced, zone.newest)) return false
    if (zone.trail?.kind !== 'ixfr' || zone.trail.serial !== zone.newest) return false
    this.#accepted = announced
    return true
  }

  /** The primary announced nothing that its own answer must still show, or failed to. */
  isFresh(now: number): boolean {
    return this.#accepted === undefined && this.#distrustedUntil <= now
  }

  /** Compares the primary's own answer to its announcement; undefined when it did not answer. */
  judge(served: Serial | undefined, now: number): void {
    if (this.#accepted !== undefined && (served === undefined || isNewer(this.#accepted, served)))
      this.#distrustedUntil = now + DISTRUST_MS
    this.#accepted = undefined
  }
}
