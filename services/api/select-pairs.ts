/** The pairs of zone and node that an order selects. */
import type { Response } from 'express'
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetNode } from '../../lib/fleet/fleet.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { type PairSelection, selectPairs } from '../../lib/fleet/pair-selection.js'
import type { TargetsJob } from '../../lib/queue/jobs.js'
import { pause } from '../../lib/runtime/turns.js'
import type { ApiContext } from './context.js'
import { ApiProblem } from './problem.js'
import { scopeOf } from './scope.js'

export interface Selection extends PairSelection {
  /** The job transfers the zone from a primary first: a newer version reaches every node. */
  transfers?: boolean
  states?: readonly NodeState[] | undefined
}

/** Pairs that a job lists one by one; of more, it names zones and nodes. */
const MOST_LISTED = 1_000
/** Names in one job: a megabyte in Redis, which is written, read and checked in one turn each. */
const MOST_NAMES = 30_000
/** Names in one order: enough for all zones of the largest fleets, in all groups of nodes that clouds make. */
const MOST_IN_ORDER = 2_000_000
/** Zones whose nodes are judged before other work runs. */
export const ZONES_PER_SLICE = 50

/** Throws ApiProblem 404 for a cloud that the config does not have, 403 for one outside the scope. */
export function cloudsNamed(
  context: ApiContext,
  res: Response,
  names: readonly string[] | undefined,
): readonly string[] | undefined {
  const { clouds, nodes } = context.matrix.fleet
  const scope = scopeOf(context, res)
  for (const name of new Set(names)) {
    // An answer must not show which other clouds exist.
    if (!scope.seesCloud(name, nodes.values())) scope.expectKnown(`cloud ${name.slice(0, 100)}`)
    if (!clouds.has(name)) throw new ApiProblem(404, 'unknown-cloud', `there is no cloud ${name.slice(0, 100)} in the config`)
  }
  return names
}

/**
 * The pairs of an order, for one job or, where they have many names, several: the words of the selection, or, where it names states,
 * the pairs that are in one of them now. None when there is no pair. The pairs of a caller are those of now too where the rules of its
 * scope do not show that all are in it. Throws ApiProblem 403 for a pair outside the scope, and 422 where each zone is in the states
 * at other nodes, so that the names are too many.
 */
export async function pairsOf(
  context: ApiContext,
  res: Response,
  { states, transfers = false, ...select }: Selection,
): Promise<TargetsJob[]> {
  const scope = scopeOf(context, res)
  const { nodes } = context.matrix.fleet
  const isAllIn = states === undefined && scope.hasAllOf(select, (id) => nodes.get(id)) && (scope.hasAllNodes || !transfers)
  const pairs = new GroupedPairs()
  let looked = 0
  for (const selected of selectPairs(select, context.matrix.fleet)) {
    if (++looked % ZONES_PER_SLICE === 0) await pause()
    if (selected === undefined) continue
    if (isAllIn) return await jobsOf([select])
    const chosen: FleetNode[] = []
    for (const node of selected.nodes) {
      // Before the state: a refusal must not show that of another caller's pair.
      scope.expectPair(selected.zone.name, node)
      if (states?.includes(context.matrix.nodeZone(selected.zone, node).state) === false) continue
      if (transfers) scope.expectWholeZone(selected.zone)
      chosen.push(node)
    }
    pairs.add(selected.zone.name, chosen)
    if (pairs.names > MOST_IN_ORDER)
      throw new ApiProblem(
        422,
        'too-many',
        `over ${MOST_IN_ORDER} names of zones and nodes${states === undefined ? '' : ' in these states'}; name fewer zones, nodes or clouds`,
      )
  }
  return await pairs.jobs()
}

/** Jobs that name these pairs, each with as many names as one may have. */
async function jobsOf(selections: readonly PairSelection[]): Promise<TargetsJob[]> {
  const jobs: TargetsJob[] = []
  let part: PairSelection[] = []
  let room = MOST_NAMES
  const end = (): void => {
    if (part.length > 0) jobs.push({ targets: [], select: part.length === 1 ? part[0] : part })
    part = []
    room = MOST_NAMES
  }
  for (const selection of selections) {
    const { zones, nodes = [] } = selection
    let at = 0
    do {
      await pause()
      if (room <= nodes.length) end()
      const some = zones?.slice(at, at + Math.max(1, room - nodes.length))
      part.push(some === undefined ? selection : { ...selection, zones: some })
      room -= nodes.length + (some?.length ?? 0)
      at += some?.length ?? 0
    } while (at < (zones?.length ?? 0))
  }
  end()
  return jobs
}

/** Pairs by the nodes of each zone: zones with the same nodes are named together. */
class GroupedPairs {
  readonly #groups = new Map<string, { zones: ZoneName[]; nodes: readonly FleetNode[] }>()
  #count = 0
  names = 0

  add(zone: ZoneName, nodes: readonly FleetNode[]): void {
    if (nodes.length === 0) return
    const key = nodes.map(({ id }) => id).join(' ')
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, { zones: [zone], nodes })
    else group.zones.push(zone)
    this.names += 1 + (group === undefined ? nodes.length : 0)
    this.#count += nodes.length
  }

  /** None without a pair. */
  async jobs(): Promise<TargetsJob[]> {
    const groups = [...this.#groups.values()]
    if (this.#count > MOST_LISTED)
      return await jobsOf(groups.map(({ zones, nodes }) => ({ zones, nodes: nodes.map(({ id }) => id) })))
    const targets = groups.flatMap(({ zones, nodes }) => zones.flatMap((zone) => nodes.map(({ id }) => ({ zone, node: id }))))
    return this.#count === 0 ? [] : [{ targets }]
  }
}

/** A force is one job: its parts would have a pace each. */
export const tooManyToForce = (): ApiProblem =>
  new ApiProblem(
    422,
    'too-many',
    `a force names ${MOST_NAMES} zones and nodes at most; name fewer zones, nodes or clouds, or all`,
  )

export const nothingSelected = (): ApiProblem =>
  new ApiProblem(422, 'nothing-selected', 'no node serves the selected zones; name other zones, nodes or clouds')
