/**
 * Decides if one more node may leave its service addresses, by the verdicts of one hub. Pure.
 *
 * A local cluster counts as one node: it is out when more than half of its members are withdrawn, or when no member that is left
 * can serve. Until then a member leaves without a place in the budget, because the others of its site serve the same users.
 */
import type { FleetNode } from './fleet.js'
import { unitOf } from './units.js'

export type BudgetNode = Pick<FleetNode, 'id' | 'cloud' | 'cluster'>

export interface BudgetFacts {
  nodes: Iterable<BudgetNode>
  isWithdrawn: (id: string) => boolean
  /** The node may take over the users of the one that leaves. */
  isSpare: (node: BudgetNode) => boolean
  /** Units of one cloud that may be out at once. */
  atMost: number
}

/** `member`: the rest of its cluster serves · `unit`: its unit is out with it, and needs a place in the budget. */
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
  if (own.serves && !isOut(own.withdrawn, own.size)) return 'member'
  units.delete(unitOf(node))
  let left = atMost
  let hasSpare = false
  for (const { cloud, size, withdrawn, serves } of units.values()) {
    const isServing = serves && !isOut(withdrawn, size)
    if (isServing && cloud === node.cloud) hasSpare = true
    if (isServing || withdrawn === 0) continue
    if (cloud !== node.cloud) return 'other-cloud'
    left -= 1
  }
  if (left < 1) return 'budget'
  return hasSpare ? 'unit' : 'last'
}

/** Units of a cloud. */
export function unitCountOf(nodes: Iterable<BudgetNode>, cloud: string): number {
  const units = new Set<string>()
  for (const node of nodes) if (node.cloud === cloud) units.add(unitOf(node))
  return units.size
}
