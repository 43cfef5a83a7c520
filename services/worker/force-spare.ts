/**
 * Decides if a cloud goes on serving a zone while one of its nodes is forced: another node must be known to serve it. A node that
 * answers that it does not serve the zone is always spared, because a force takes nothing from it.
 */
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
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

export function spareOf(zone: FleetZone, node: FleetNode, parts: SpareParts): Spare {
  const { board, clock } = parts
  if (nodeCell(board, zone.name, node.id).lostAt !== undefined) return 'spared'
  let spare: Spare = 'last'
  for (const other of zone.nodes) {
    if (other.cloud !== node.cloud || other.id === node.id) continue
    const force = board.get('forces', pairKey(zone.name, other.id))
    if (force !== undefined && isUnderWay(force, clock)) spare = 'busy'
    else if (serves(zone, other, parts)) return 'spared'
  }
  return spare
}

function serves(zone: FleetZone, node: FleetNode, parts: SpareParts): boolean {
  const { serial, missed, lostAt, ...facts } = nodeCell(parts.board, zone.name, node.id)
  if (serial === undefined || missed > 0 || lostAt !== undefined || !isInService(parts, node)) return false
  const wanted = parts.store.releasedTo(zone.name, node.id)
  if (facts.differs !== undefined) return false
  return wanted === undefined || serial !== wanted.serial || !DOUBTED.has(contentIn({ serial, missed, lostAt, ...facts }, wanted))
}

export const lastOf = ({ cloud }: FleetNode, { name }: FleetZone): string =>
  `not forced: no other node of cloud ${cloud} is known to serve ${name} (bring one back first, or order it with --all-at-once)`

/** Nodes of the cloud that may be forced at once: one of several that are in service always serves undisturbed. */
export function mostAtOnce(fleet: Fleet, cloud: string, atOnce: number, isServing: (node: FleetNode) => boolean): number {
  const nodes = [...fleet.nodes.values()].filter((node) => node.cloud === cloud && isServing(node)).length
  return Math.max(1, Math.min(atOnce, nodes - 1))
}
