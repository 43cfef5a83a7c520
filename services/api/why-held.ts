/** Why a zone waits for an operator, whatever the state of its nodes: `held` is a fact of the zone beside its worst state. */
import { compareSerials } from '../../lib/dns/serial.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { holdReason } from '../../lib/rollout/machine.js'
import type { Board } from '../../lib/state/board.js'
import { type ApprovalRules, approvalsNeeded, approvalsOf, approvalsText } from '../../lib/release/approvals.js'
import { pairKey } from '../../lib/state/tables.js'
import type { RolloutMark } from '../../lib/state/version-marks.js'

/** Undefined when the zone does not wait. */
export function whyHeld(zone: FleetZone, board: Pick<Board, 'get'>, rules?: ApprovalRules): string | undefined {
  const locked = whyLocked(zone, board)
  if (locked !== undefined) return locked
  const waiting = board.get('zones', zone.name)?.rollouts.findLast(({ state }) => state === 'held' || state === 'halted')
  if (waiting) {
    const { serial, state, reason = '' } = waiting
    return `serial ${serial} is ${state}${rules === undefined ? '' : approvalNote(waiting, rules, zone, board)}: ${reason}`
  }
  const hold = board.get('orders', zone.name)?.hold
  return hold && holdReason(hold)
}

/** ` (1 of 2 approvals, by ann)`, where several are needed. */
function approvalNote(
  { serial, digest, state, verdict, findings }: RolloutMark,
  rules: ApprovalRules,
  { name }: FleetZone,
  board: Pick<Board, 'get'>,
): string {
  const isHeldByCheck = state === 'held' && verdict === 'hold'
  const needed = approvalsNeeded(rules, { isHeldByCheck, reports: findings })
  return needed <= 1 ? '' : ` (${approvalsText(approvalsOf(board.get('orders', name), { serial, digest }), needed)})`
}

/**
 * A version that was released to no node has a serial above the one that a primary serves by now, which the hub cannot transfer
 * then.
 */
function whyLocked(zone: FleetZone, board: Pick<Board, 'get'>): string | undefined {
  const cell = board.get('zones', zone.name)
  const newest = cell?.rollouts.at(-1)
  const released = cell?.released?.serial
  if (released === undefined || !newest || (newest.state !== 'held' && newest.state !== 'rejected')) return undefined
  for (const { id } of zone.primaries) {
    const served = board.get('primaries', pairKey(zone.name, id))?.serial
    if (served === undefined || compareSerials(served, newest.serial) !== 'older') continue
    if (compareSerials(served, released) === 'newer')
      return `${id} serves serial ${served}, older than serial ${newest.serial}, which is ${newest.state}, so it is not transferred: raise its serial above ${newest.serial}`
  }
  return undefined
}
