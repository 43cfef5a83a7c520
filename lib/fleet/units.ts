/**
 * Units: a node, or a local cluster with all its members. Stages and budgets count units, because the members of a cluster serve the
 * same users.
 */
import type { FleetNode } from './fleet.js'

type Named = Pick<FleetNode, 'id' | 'cluster'>

/** The name of its cluster, or its own. */
export const unitOf = ({ id, cluster }: Named): string => cluster ?? id

/** Lists of nodes name a node, or a cluster for all its members. */
export const isNamed = (name: string, { id, cluster }: Named): boolean => name === id || name === cluster

/** Nodes by unit, in the order in which the units first appear. */
export function unitsOf<T extends Named>(nodes: Iterable<T>): Map<string, T[]> {
  const units = new Map<string, T[]>()
  for (const node of nodes) {
    const unit = units.get(unitOf(node))
    if (unit === undefined) units.set(unitOf(node), [node])
    else unit.push(node)
  }
  return units
}
