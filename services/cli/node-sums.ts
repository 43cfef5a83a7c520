/** Pairs of zone and node, and their sums by node for reports that would be too long pair by pair: one dead node is one line. */
import type { NodeState } from '../../lib/fleet/node-state.js'
import type { MatrixAnswer, NodeZoneAnswer } from './answers.js'

export interface Pair {
  zone: string
  node: string
  cloud: string
  at: NodeZoneAnswer
}

export interface NodeSum {
  node: string
  cloud: string
  pairs: Pair[]
  /** Pairs in each state, most first. */
  states: [state: NodeState, count: number][]
  lagSeconds: number
  /** The most common error of the pairs, with its count. */
  error: { text: string; count: number } | undefined
}

export function pairsOf({ zones, nodes }: MatrixAnswer): Pair[] {
  return zones.flatMap((zone) =>
    nodes.flatMap(({ id, cloud }) => {
      const at = zone.nodes[id]
      return at === undefined ? [] : [{ zone: zone.name, node: id, cloud, at }]
    }),
  )
}

/** In the order in which the nodes first appear in `pairs`. */
export function sumsByNode(pairs: readonly Pair[]): NodeSum[] {
  const byNode = new Map<string, Pair[]>()
  for (const pair of pairs) {
    const own = byNode.get(pair.node)
    if (own) own.push(pair)
    else byNode.set(pair.node, [pair])
  }
  return [...byNode].map(([node, own]) => {
    const [error] = counted(own.flatMap(({ at }) => (at.error ? [at.error] : [])))
    return {
      node,
      cloud: own[0]!.cloud,
      pairs: own,
      states: counted(own.map(({ at }) => at.state)),
      lagSeconds: own.reduce((most, { at }) => Math.max(most, at.lagSeconds), 0),
      error: error && { text: error[0], count: error[1] },
    }
  })
}

function counted<T>(values: readonly T[]): [T, number][] {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)
}

/** The matrix with only the nodes of `cloud` and only the pairs in one of `states`; zones without a pair left are gone. */
export function narrowed(
  matrix: MatrixAnswer,
  { cloud, states }: { cloud?: string | undefined; states: readonly NodeState[] },
): MatrixAnswer {
  if (cloud === undefined && states.length === 0) return matrix
  const kept = matrix.nodes.filter((node) => cloud === undefined || node.cloud === cloud)
  const ids = new Set(kept.map(({ id }) => id))
  const zones = matrix.zones.flatMap((zone) => {
    // The state of a zone may be worse than that of all its nodes: then all of them are shown.
    const isHeld = zone.held != null && states.includes('held')
    const isWhole = states.length === 0 || isHeld || states.includes(zone.state)
    const cells = Object.entries(zone.nodes).filter(([id, { state }]) => ids.has(id) && (isWhole || states.includes(state)))
    return cells.length === 0 ? [] : [{ ...zone, nodes: Object.fromEntries(cells) }]
  })
  const shown = new Set(zones.flatMap((zone) => Object.keys(zone.nodes)))
  return { ...matrix, zones, nodes: states.length === 0 ? kept : kept.filter(({ id }) => shown.has(id)) }
}
