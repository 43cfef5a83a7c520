/** Polls a primary for a zone's SOA and records the answer: the board's `primaries` table. */
import { compareSerials } from '../dns/serial.js'
import { describeError } from '../errors.js'
import type { FleetZone, Primary } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Board } from '../state/board.js'
import { type PrimaryCell, pairKey } from '../state/tables.js'
import { overTcp, type SoaAnswer, soaManner, type SoaQuerier } from '../transport/soa-query.js'

/** Interval at which a success that only moves `checkedAt` is shared with other processes. */
const SHARE_EVERY_MS = 5_000

export interface PrimaryWatchParts {
  soa: Pick<SoaQuerier, 'ask'>
  board: Board
  clock: Clock
  metrics: Metrics
}

/** Resolves with the answer or with the error; never rejects. */
export async function askPrimary(zone: FleetZone, primary: Primary, parts: PrimaryWatchParts): Promise<SoaAnswer | Error> {
  const { soa, board, clock, metrics } = parts
  const key = pairKey(zone.name, primary.id)
  try {
    const port = primary.key === undefined ? 'fresh' : 'shared'
    const answer = await soa.ask(primary, zone.apex, zone.catalog === undefined ? soaManner(port) : overTcp(soaManner(port)))
    metrics.soaQueries.inc({ target: 'primary', outcome: 'ok' })
    noteServed(board, key, answer, zone, clock.now())
    return answer
  } catch (error) {
    metrics.soaQueries.inc({ target: 'primary', outcome: 'failed' })
    const now = clock.now()
    const before = board.get('primaries', key)
    board.set('primaries', key, {
      serial: undefined,
      checkedAt: now,
      since: now,
      expireSeconds: undefined,
      ...before,
      at: now,
      error: describeError(error),
      failures: (before?.failures ?? 0) + 1,
    })
    return error as Error
  }
}

/** A primary that was polled later than this multiple of its interval was not watched. */
const MOST_LATE = 3
const LEAST_GAP_MS = 300_000

/** The served content may not continue its earlier one. */
function isBroken(before: PrimaryCell | undefined, { soa }: SoaAnswer, text: string, zone: FleetZone, now: number): boolean {
  if (before?.serial === undefined || before.error !== undefined) return true
  const order = compareSerials(soa.serial, before.serial)
  if (order === 'older' || order === 'unordered') return true
  if (order === 'equal' && before.soa !== undefined && before.soa !== text) return true
  const turnMs = Math.min(zone.refresh.maxMs, Math.max(zone.refresh.minMs, soa.refresh * 1000))
  return now - before.checkedAt > Math.max(LEAST_GAP_MS, turnMs * MOST_LATE)
}

function noteServed(board: Board, key: string, answer: SoaAnswer, zone: FleetZone, now: number): void {
  const before = board.get('primaries', key)
  const { serial, stored } = answer.soa
  const soa = stored.toString('base64')
  const broken = isBroken(before, answer, soa, zone, now)
  const same =
    before !== undefined &&
    before.error === undefined &&
    before.serial !== undefined &&
    compareSerials(before.serial, serial) === 'equal' &&
    !broken
  const cell: PrimaryCell = {
    at: now,
    serial,
    highest: before?.highest !== undefined && compareSerials(before.highest, serial) === 'newer' ? before.highest : serial,
    checkedAt: now,
    since: same ? before.since : now,
    soa,
    brokenAt: broken ? now : before?.brokenAt,
    error: undefined,
    failures: 0,
    expireSeconds: answer.expireSeconds,
  }
  if (same && now - before.at < SHARE_EVERY_MS) {
    // Known here at once; the others get it with the next share.
    before.checkedAt = now
    before.expireSeconds = answer.expireSeconds
  } else board.set('primaries', key, cell)
}
