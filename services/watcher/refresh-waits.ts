/** How long zones wait after a failed refresh. Pure: the caller passes the time. */
import type { ZoneName } from '../../lib/dns/name.js'
import { retryRefreshMs, retryMs, type TimerBounds } from './refresh-timer.js'

/** A NOTIFY may be forged or repeated: it shortens a wait to this share of RETRY, but no further. */
const NOTIFY_SHARE = 8

interface Wait {
  until: number
  /** A NOTIFY shortens the wait to no earlier than this time. */
  least: number
}

export class RefreshWaits {
  readonly #waits = new Map<ZoneName, Wait>()

  /** A refresh failed for the `failures`th time in a row. Returns when the next one may begin, milliseconds as `now`. */
  begin(zone: ZoneName, now: number, retrySeconds: number, failures: number, bounds: TimerBounds): number {
    const until = now + retryRefreshMs(retrySeconds, failures, bounds, Math.random())
    this.#waits.set(zone, { until, least: now + retryMs(retrySeconds, bounds) / NOTIFY_SHARE })
    return until
  }

  end(zone: ZoneName): void {
    this.#waits.delete(zone)
  }

  /** A primary reports a change of the zone. */
  shorten(zone: ZoneName): void {
    const wait = this.#waits.get(zone)
    if (wait !== undefined) wait.until = Math.min(wait.until, wait.least)
  }

  /** The time at which a refresh may begin; 0 for at once. */
  until(zone: ZoneName): number {
    return this.#waits.get(zone)?.until ?? 0
  }
}
