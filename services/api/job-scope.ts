/**
 * Which jobs and audit entries a caller with a scope may see: those about zones and nodes in the scope alone. Only callers without a
 * scope may see the others, such as a reload.
 */
import type { Fact, Target } from '../../lib/audit/line.js'
import { parseZoneName, type ZoneName } from '../../lib/dns/name.js'
import type { PairSelection } from '../../lib/fleet/pair-selection.js'
import type { JobView } from '../../lib/queue/jobs.js'
import type { ApiContext } from './context.js'
import type { Scope } from './scope.js'

interface Subjects {
  zones: readonly string[]
  nodes: readonly string[]
  clouds: readonly string[]
}

/** An order about zones touches every node that it does not exclude, and the other way round. */
function hasSubjects(
  { matrix: { fleet } }: Pick<ApiContext, 'matrix'>,
  scope: Scope,
  { zones, nodes, clouds }: Subjects,
): boolean {
  if (zones.length + nodes.length + clouds.length === 0) return false
  if (zones.length === 0 && !scope.hasAllZones) return false
  const areNodesIn =
    nodes.length + clouds.length > 0
      ? nodes.every((id) => {
          const node = fleet.nodes.get(id)
          return node !== undefined && scope.hasNode(node)
        }) && clouds.every((cloud) => [...fleet.nodes.values()].every((node) => node.cloud !== cloud || scope.hasNode(node)))
      : zones.every((name) => {
          const zone = fleet.zones.get(name as ZoneName)
          return scope.hasAllNodes || (zone !== undefined && scope.hasZone(zone))
        })
  return areNodesIn && zones.every((zone) => scope.hasName(zone as ZoneName))
}

export function isInScope(context: Pick<ApiContext, 'matrix'>, scope: Scope, { data, progress }: JobView): boolean {
  if (scope.isAll) return true
  const { zone, zones, node, targets, select } = (data ?? {}) as Record<string, unknown>
  const shown = typeof progress === 'object' && progress !== null && 'targets' in progress ? progress.targets : []
  const pairs = [...(Array.isArray(targets) ? (targets as { zone: string; node: string }[]) : []), ...shown]
  const selected = (select ?? {}) as PairSelection
  // The zones of a group may be others by now.
  if (selected.groups !== undefined) return false
  return hasSubjects(context, scope, {
    zones: [...textsIn(zone), ...textsIn(zones), ...textsIn(selected.zones), ...new Set(pairs.map((pair) => pair.zone))],
    nodes: [...textsIn(node), ...textsIn(selected.nodes), ...new Set(pairs.map((pair) => pair.node))],
    clouds: textsIn(selected.clouds),
  })
}

export function isTargetInScope(context: Pick<ApiContext, 'matrix'>, scope: Scope, target: Target): boolean {
  const { zone, zones, catalog, node, nodes, clouds } = target
  return hasSubjects(context, scope, {
    zones: [...textsIn(zone), ...textsIn(zones), ...textsIn(catalog)].map(canonical),
    nodes: [...textsIn(node), ...textsIn(nodes)],
    clouds: textsIn(clouds),
  })
}

const textsIn = (value: Fact | unknown): string[] =>
  typeof value === 'string' ? [value] : Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []

function canonical(text: string): string {
  try {
    return parseZoneName(text)
  } catch {
    return text
  }
}
