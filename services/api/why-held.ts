/** Why a zone waits for an operator, whatever the state of its nodes: `held` is a fact of the zone beside its worst state. */
import { compareSerials } from '../../lib/dns/serial.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { holdReason } from '../../lib/rollout/machine.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey } from '../../lib/state/tables.js'

/** Undefined when the zone does not wait. */
export function whyHeld(zone: FleetZone, board: Pick<Board, 'get'>): string | undefined {
  const locked = whyLocked(zone, board)
  if (locked !== undefined) return locked
  const waiting = board.get('zones', zone.name)?.rollouts.findLast(({ state }) => state === 'held' || state === 'halted')
  if (waiting) return `serial ${waiting.serial} is ${waiting.state}: ${waiting.reason ?? ''}`
  const hold = board.get('orders', zone.name)?.hold
  return hold && holdReason(hold)
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
