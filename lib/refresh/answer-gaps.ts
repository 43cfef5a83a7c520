/**
 * Finds gaps in the SOA answers of primaries that are longer than the poll interval. In a gap a primary may be restored from a
 * backup and pass the current serial again; its next difference then has an SOA that fits and other content. Pure.
 */
import { soaOf } from '../dns/message.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { PrimaryCell } from '../state/tables.js'
import type { Version } from '../store/version.js'

export interface AnswerGap {
  /** The last answer before the gap, and the first one after it; milliseconds since 1970. */
  since: number
  until: number
}

/** As in the watcher: a zone that changed recently is polled after a tenth of the time since its change. */
const CHANGE_SHARE = 10
/** Polls are spread by a tenth, and a busy hub is late. */
const LATE_FACTOR = 1.5
/** An answer that only moves `checkedAt` is shared with other processes every 5 s. */
const SLACK_MS = 6_000

export class AnswerGaps {
  /** By zone and primary: the time of the last answer, and the latest time of the next one. */
  readonly #last = new Map<string, [checkedAt: number, nextBy: number]>()
  readonly #gaps = new Map<string, AnswerGap>()

  /** Records an SOA answer, or a poll without one. */
  note(pair: string, zone: FleetZone, cell: PrimaryCell): void {
    const last = this.#last.get(pair)
    this.#last.set(pair, [cell.checkedAt, cell.checkedAt + longestMs(zone, cell)])
    if (last === undefined || cell.error !== undefined) return
    // An observed break leads to a comparison or an AXFR anyway.
    if (cell.brokenAt === cell.checkedAt) this.#gaps.delete(pair)
    else if (cell.checkedAt > last[1]) this.#gaps.set(pair, { since: last[0], until: cell.checkedAt })
  }

  /** The primary was not observed for a while, and its content was not compared since. */
  isOpen(pair: string): boolean {
    return this.#gaps.has(pair)
  }

  /** The version came by a difference that the primary may have made from other content. */
  isInDoubt(pair: string, primary: string, { kind, sources }: Pick<Version, 'kind' | 'sources'>): boolean {
    const gap = this.#gaps.get(pair)
    return gap !== undefined && kind === 'ixfr' && Object.hasOwn(sources, primary) && sources[primary]! > gap.since
  }

  /** All records of the primary, requested at `at`, match the current version. */
  close(pair: string, at: number): void {
    if ((this.#gaps.get(pair)?.until ?? at) < at) this.#gaps.delete(pair)
  }
}

/** The longest time to the next answer of a primary that is polled in time. */
function longestMs({ refresh: { minMs, maxMs } }: FleetZone, last: PrimaryCell): number {
  const adaptiveMs = Math.max(minMs, (last.checkedAt - last.since) / CHANGE_SHARE)
  const refreshMs = last.soa === undefined ? maxMs : soaOf(Buffer.from(last.soa, 'base64')).refresh * 1_000
  const wholeMs = Math.min(maxMs, Math.max(minMs, refreshMs))
  return Math.min(wholeMs, adaptiveMs) * LATE_FACTOR + SLACK_MS
}
