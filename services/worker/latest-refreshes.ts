/** The last refresh of each of the zones refreshed lately: a queued job with the same announcement gets the same outcome. */
import type { ZoneName } from '../../lib/dns/name.js'
import type { RefreshJob } from '../../lib/queue/jobs.js'

/** With more of them all are forgotten: a job that comes late finds its zone up to date. */
const MOST = 10_000

export class LatestRefreshes<T> {
  readonly #turns = new Map<ZoneName, { seen: NonNullable<RefreshJob['seen']>; turn: Promise<T> }>()

  /** Undefined when the job has another announcement than the last refresh, or none. */
  of({ zone, strength, seen }: RefreshJob): Promise<T> | undefined {
    const last = this.#turns.get(zone)
    const isSame =
      last !== undefined &&
      seen !== undefined &&
      last.seen.primary === seen.primary &&
      last.seen.serial === seen.serial &&
      last.seen.at === seen.at
    return isSame && strength === 'refresh' ? last.turn : undefined
  }

  /** Returns `turn`. */
  note({ zone, strength, seen }: RefreshJob, turn: Promise<T>): Promise<T> {
    if (seen === undefined || strength !== 'refresh') return turn
    if (this.#turns.size >= MOST) this.#turns.clear()
    this.#turns.set(zone, { seen, turn })
    return turn
  }
}
