/**
 * The SOA in a NOTIFY, which is an unsecured hint at what the primary serves (RFC 1996 §3.7). Where it is worth it, the transfer begins
 * at once, and the SOA query goes out a little later instead of before it.
 */
import { isNewer, type Serial } from '../../lib/dns/serial.js'
import type { PrimaryCell, ZoneCell } from '../../lib/state/tables.js'

/** Somebody else may have sent it in the name of the primary: for so long its hints only lead to an SOA query. */
const DISTRUST_MS = 60_000

/** Of one primary for one zone. */
export class Announcements {
  #taken: Serial | undefined
  #distrustedUntil = 0

  /**
   * By what is known of the zone, and of the primary: one that gives differences is asked for another one, so that a hint in vain costs
   * no whole transfer; and one that was silent is asked for its SOA alone.
   */
  isWorth(hint: Serial, zone: ZoneCell | undefined, primary: PrimaryCell | undefined, now: number): boolean {
    if (now < this.#distrustedUntil || zone?.error !== undefined || primary?.error !== undefined) return false
    if (zone?.newest === undefined || !isNewer(hint, zone.newest)) return false
    if (zone.trail?.kind !== 'ixfr' || zone.trail.serial !== zone.newest) return false
    this.#taken = hint
    return true
  }

  /** What the primary said when it was asked; undefined when it did not answer. */
  judge(served: Serial | undefined, now: number): void {
    if (this.#taken !== undefined && (served === undefined || isNewer(this.#taken, served)))
      this.#distrustedUntil = now + DISTRUST_MS
    this.#taken = undefined
  }
}
