/** The pairs of zone and node that an order names. */
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import type { ResyncJob } from '../../lib/queue/jobs.js'
import { pause } from '../../lib/runtime/turns.js'
import type { ApiContext } from './context.js'
import { ApiProblem } from './problem.js'

export interface Selection {
  zones: readonly FleetZone[]
  nodes?: readonly FleetNode[] | undefined
  clouds?: readonly string[] | undefined
  states?: readonly NodeState[] | undefined
}

/** Most pairs of one order: its job names each of them in Redis. */
const MAX_TARGETS = 200_000
/** Zones whose nodes are judged before other work runs. */
export const ZONES_PER_SLICE = 50

/** Throws ApiProblem 404 for a cloud that the config does not have. */
export function cloudsNamed(context: ApiContext, names: readonly string[] | undefined): readonly string[] | undefined {
  for (const name of new Set(names))
    if (!context.matrix.fleet.clouds.has(name))
      throw new ApiProblem(404, 'unknown-cloud', `there is no cloud ${name.slice(0, 100)} in the config`)
  return names
}

/** Throws ApiProblem 422 for too many. */
export async function pairsOf(context: ApiContext, { zones, nodes, clouds, states }: Selection): Promise<ResyncJob['targets']> {
  // Sets: a body may name thousands of zones and nodes, and repeat names.
  const ids = nodes && new Set(nodes.map(({ id }) => id))
  const cloudIds = clouds && new Set(clouds)
  const targets: ResyncJob['targets'] = []
  for (const [i, zone] of [...new Set(zones)].entries()) {
    if (i % ZONES_PER_SLICE === 0) await pause()
    if (targets.length > MAX_TARGETS)
      throw new ApiProblem(422, 'too-many', `over ${MAX_TARGETS} pairs of zone and node; name fewer zones, nodes or clouds`)
    for (const node of zone.nodes) {
      if (ids?.has(node.id) === false || cloudIds?.has(node.cloud) === false) continue
      if (states && !states.includes(context.matrix.nodeZone(zone, node).state)) continue
      targets.push({ zone: zone.name, node: node.id })
    }
  }
  return targets
}

export const nothingSelected = (): ApiProblem =>
  new ApiProblem(422, 'nothing-selected', 'no node serves the selected zones; name other zones, nodes or clouds')
