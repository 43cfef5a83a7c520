/** What we write down of a node's answers and silences: the board's `nodes` table. */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { Board } from '../state/board.js'
import { type NodeCell, type PushTrail, pairKey } from '../state/tables.js'

const BLANK: NodeCell = {
  at: 0,
  serial: undefined,
  since: 0,
  observedAt: undefined,
  missed: 0,
  error: undefined,
  push: undefined,
}

export const nodeCell = (board: Board, zone: ZoneName, node: string): NodeCell => board.get('nodes', pairKey(zone, node)) ?? BLANK

/** The node answered with this serial. */
export function noteAnswer(board: Board, zone: ZoneName, node: string, serial: Serial, now: number): NodeCell {
  const before = nodeCell(board, zone, node)
  const push =
    before.push && before.push.target === serial && before.push.confirmedAt === undefined
      ? { ...before.push, confirmedAt: now }
      : before.push
  const cell: NodeCell = {
    ...before,
    at: now,
    serial,
    since: before.serial === serial ? before.since : now,
    observedAt: now,
    missed: 0,
    error: undefined,
    push,
  }
  board.set('nodes', pairKey(zone, node), cell)
  return cell
}

/** The node did not answer, or not with the zone. `counts`: it was one of the regular looks. */
export function noteSilence(board: Board, zone: ZoneName, node: string, error: string, counts: boolean, now: number): void {
  const before = nodeCell(board, zone, node)
  board.set('nodes', pairKey(zone, node), { ...before, at: now, missed: before.missed + (counts ? 1 : 0), error })
}

export function notePush(board: Board, zone: ZoneName, node: string, push: PushTrail, now: number, error?: string): void {
  const before = nodeCell(board, zone, node)
  board.set('nodes', pairKey(zone, node), { ...before, at: now, push, ...(error === undefined ? {} : { error }) })
}
