/**
 * Decides if one more node may leave its service addresses, by the verdicts of one hub. Pure.
 *
 * A local cluster counts as one node, and as a withdrawn one with the first member that leaves: else a fault of every second server
 * would take half of the capacity of all clouds. Further members leave in its place, while at most half of them are withdrawn and one
 * that is left can serve; beyond that the cluster is out, and another unit of the cloud must serve.
 */
import type { FleetNode } from './fleet.js'
import { unitOf } from './units.js'

export type BudgetNode = Pick<FleetNode, 'id' | 'cloud' | 'cluster'>

export interface BudgetFacts {
  nodes: Iterable<BudgetNode>
  isWithdrawn: (id: string) => boolean
  /** The node may take over the users of the one that leaves. */
  isSpare: (node: BudgetNode) => boolean
  /** Units of one cloud that may be out, or have members out, at once. */
  atMost: number
}

/** `member`: the rest of its cluster serves · `unit`: its unit is out with it. */
export type Leave = 'member' | 'unit' | 'budget' | 'other-cloud' | 'last'

/** A cluster with so many members, of which so many are withdrawn, carries the users of its site no longer. */
export const isOut = (withdrawn: number, size: number): boolean => withdrawn * 2 > size

export function leaveOf(node: BudgetNode, { nodes, isWithdrawn, isSpare, atMost }: BudgetFacts): Leave {
  const units = new Map<string, { cloud: string; size: number; withdrawn: number; serves: boolean }>()
  for (const each of nodes) {
    const unit = units.get(unitOf(each)) ?? { cloud: each.cloud, size: 0, withdrawn: 0, serves: false }
    units.set(unitOf(each), unit)
    unit.size += 1
    if (each.id === node.id || isWithdrawn(each.id)) unit.withdrawn += 1
    else if (isSpare(each)) unit.serves = true
  }
  const own = units.get(unitOf(node))
  if (own === undefined) return 'last'
  units.delete(unitOf(node))
  let left = atMost
  let hasSpare = false
  for (const { cloud, size, withdrawn, serves } of units.values()) {
    const isServing = serves && !isOut(withdrawn, size)
    if (isServing && cloud === node.cloud) hasSpare = true
    if (withdrawn === 0) continue
    if (cloud !== node.cloud) return 'other-cloud'
    left -= 1
  }
  if (left < 1) return 'budget'
  if (own.serves && !isOut(own.withdrawn, own.size)) return 'member'
  return hasSpare ? 'unit' : 'last'
}

/** Units of a cloud. */
export function unitCountOf(nodes: Iterable<BudgetNode>, cloud: string): number {
  const units = new Set<string>()
  for (const node of nodes) if (node.cloud === cloud) units.add(unitOf(node))
  return units.size
}
