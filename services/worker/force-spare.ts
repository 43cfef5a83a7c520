/**
 * Decides if a cloud goes on serving a zone while one of its nodes is forced: another node must be known to serve it. A node that
 * answers that it does not serve the zone is always spared, because a force takes nothing from it.
 */
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { unitsOf } from '../../lib/fleet/units.js'
import { contentIn, nodeCell } from '../../lib/observe/node-cells.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Board } from '../../lib/state/board.js'
import type { ForceCell } from '../../lib/state/force-cell.js'
import { pairKey } from '../../lib/state/tables.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

export interface SpareParts {
  board: Board
  store: Pick<ZoneStore, 'releasedTo'>
  clock: Clock
  isDrained: (node: string) => boolean
}

/** `spared`: it may be forced · `busy`: another node is being forced for the zone, so wait · `last`: no other node serves it. */
export type Spare = 'spared' | 'busy' | 'last'

/** A force that was begun so long ago, and has no outcome, ended with its worker. */
const RUN_MS = 1_800_000

/** Contents that the answers of a node do not prove to be the released one. */
export const DOUBTED: ReadonlySet<string> = new Set(['other', 'unknown', 'elsewhere'])

export const isUnderWay = ({ outcome, at }: Pick<ForceCell, 'outcome' | 'at'>, clock: Clock): boolean =>
  outcome === 'running' && clock.now() - at < RUN_MS

/** The node answers, and is not drained. */
export const isInService = ({ board, isDrained }: Pick<SpareParts, 'board' | 'isDrained'>, { id }: FleetNode): boolean =>
  !isDrained(id) && board.get('contacts', id)?.silentSince === undefined

/**
 * `mayBeOnly`: the only node of a cloud has no other to wait for, and is forced when an order names it, or by the hub itself. Where the
 * content of the node is in doubt, another node with a doubted content is no worse: all of a cloud may have the same other one.
 */
export function spareOf(zone: FleetZone, node: FleetNode, parts: SpareParts, mayBeOnly: boolean): Spare {
  const { board, clock } = parts
  if (nodeCell(board, zone.name, node.id).lostAt !== undefined) return 'spared'
  const others = othersOf(zone, node)
  if (others.length === 0 && mayBeOnly) return 'spared'
  if (isClusterBusy(others, node, zone, parts)) return 'busy'
  const isNoWorse = isDoubted(zone, node, parts)
  let spare: Spare = 'last'
  for (const other of others) {
    const force = board.get('forces', pairKey(zone.name, other.id))
    if (force !== undefined && isUnderWay(force, clock)) spare = 'busy'
    else if (answers(zone, other, parts) && (isNoWorse || !isDoubted(zone, other, parts))) return 'spared'
  }
  return spare
}

/** Another member of its cluster is being forced for the zone, and no further one answers: their site would have no server. */
function isClusterBusy(others: readonly FleetNode[], { cluster }: FleetNode, zone: FleetZone, parts: SpareParts): boolean {
  if (cluster === undefined) return false
  const mates = others.filter((other) => other.cluster === cluster)
  const isForced = ({ id }: FleetNode): boolean => {
    const force = parts.board.get('forces', pairKey(zone.name, id))
    return force !== undefined && isUnderWay(force, parts.clock)
  }
  return mates.some(isForced) && !mates.some((mate) => !isForced(mate) && answers(zone, mate, parts))
}

/** Nodes of its cloud that have the zone, too. */
const othersOf = ({ nodes }: FleetZone, { id, cloud }: FleetNode): FleetNode[] =>
  nodes.filter((other) => other.cloud === cloud && other.id !== id)

function answers(zone: FleetZone, node: FleetNode, parts: SpareParts): boolean {
  const { serial, missed, lostAt } = nodeCell(parts.board, zone.name, node.id)
  return serial !== undefined && missed === 0 && lostAt === undefined && isInService(parts, node)
}

function isDoubted(zone: FleetZone, node: FleetNode, parts: SpareParts): boolean {
  const cell = nodeCell(parts.board, zone.name, node.id)
  if (cell.differs !== undefined) return true
  const wanted = parts.store.releasedTo(zone.name, node.id)
  return wanted !== undefined && cell.serial === wanted.serial && DOUBTED.has(contentIn(cell, wanted))
}

export const lastOf = (node: FleetNode, zone: FleetZone): string =>
  othersOf(zone, node).length === 0
    ? `not forced: ${node.id} is the only node of cloud ${node.cloud} for ${zone.name} (name it with --node, or order it with --all-at-once)`
    : `not forced: no other node of cloud ${node.cloud} is known to serve ${zone.name} (bring one back first, or order it with --all-at-once)`

/**
 * Nodes of the cloud that may be forced at once: one of several units (a node, or a local cluster) that are in service always serves
 * undisturbed.
 */
export function mostAtOnce(fleet: Fleet, cloud: string, atOnce: number, isServing: (node: FleetNode) => boolean): number {
  const units = unitsOf([...fleet.nodes.values()].filter((node) => node.cloud === cloud && isServing(node))).size
  return Math.max(1, Math.min(atOnce, units - 1))
}
