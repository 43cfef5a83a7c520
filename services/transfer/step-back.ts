/**
 * Transfers that would take a node back: the node has, or is forced to get, a version that another process of the installation
 * released, and this one does not have it yet. After the refusal the node asks its next primary. Only AXFR: a node that is forced to
 * transfer names no serial.
 */
import { isNewer } from '../../lib/dns/serial.js'
import { nodeCell } from '../../lib/observe/node-cells.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey } from '../../lib/state/tables.js'
import type { Query } from './query.js'

/** A force runs no longer than this; its cell may stay when its worker was killed. */
const FORCE_MS = 600_000

export function wouldStepBack(
  { offer, asker }: Pick<Query, 'offer' | 'asker'>,
  { board, clock }: { board: Board; clock: Clock },
): boolean {
  if (asker.kind === 'hub') return false
  const { zone, serial } = offer
  // Where machines share the zones of a hub, the owner of the zone writes the cell, and this machine may follow it later.
  const released = board.get('zones', zone.name)?.released?.serial
  return asker.nodes.some((node) => {
    const force = board.get('forces', pairKey(zone.name, node))
    if (force?.outcome === 'running' && clock.now() - force.at < FORCE_MS && isNewer(force.serial, serial)) return true
    const { serial: observed, lostAt } = nodeCell(board, zone.name, node)
    if (observed === undefined || lostAt !== undefined || !isNewer(observed, serial)) return false
    // A node that is ahead of every release is to go back.
    return released !== undefined && !isNewer(observed, released)
  })
}
