/** Asks a primary for a zone's SOA and writes down what it said: the board's `primaries` table. */
import { compareSerials } from '../dns/serial.js'
import { describeError } from '../errors.js'
import type { FleetZone, Primary } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Board } from '../state/board.js'
import { type PrimaryCell, pairKey } from '../state/tables.js'
import type { SoaAnswer, SoaQuerier } from '../transport/soa-query.js'

/** A success that only moves `checkedAt` is shared with others this often. */
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
    const answer = await soa.ask({ address: primary.address, key: primary.key }, zone.apex)
    metrics.soaQueries.inc({ target: 'primary', outcome: 'ok' })
    noteServed(board, key, answer, clock.now())
    return answer
  } catch (error) {
    metrics.soaQueries.inc({ target: 'primary', outcome: 'failed' })
    const now = clock.now()
    const before = board.get('primaries', key)
    board.set('primaries', key, {
      at: now,
      serial: before?.serial,
      highest: before?.highest,
      checkedAt: before?.checkedAt ?? now,
      since: before?.since ?? now,
      error: describeError(error),
      failures: (before?.failures ?? 0) + 1,
      expireSeconds: before?.expireSeconds,
    })
    return error as Error
  }
}

function noteServed(board: Board, key: string, answer: SoaAnswer, now: number): void {
  const before = board.get('primaries', key)
  const { serial } = answer.soa
  const same =
    before !== undefined &&
    before.error === undefined &&
    before.serial !== undefined &&
    compareSerials(before.serial, serial) === 'equal'
  const cell: PrimaryCell = {
    at: now,
    serial,
    highest: before?.highest !== undefined && compareSerials(before.highest, serial) === 'newer' ? before.highest : serial,
    checkedAt: now,
    since: same ? before.since : now,
    error: undefined,
    failures: 0,
    expireSeconds: answer.expireSeconds,
  }
  if (same && now - before.at < SHARE_EVERY_MS) {
    // Known here at once; the others hear of it with the next share.
    before.checkedAt = now
    before.expireSeconds = answer.expireSeconds
  } else board.set('primaries', key, cell)
}
