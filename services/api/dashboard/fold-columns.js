/** Local clusters as one column each: the worst member counts. Pure. */
import { stateRow, STATES } from './states.js'

/** @typedef {import('./answers.js').MatrixNodeAnswer} FleetNode */
/** @typedef {import('./answers.js').NodeSummaryAnswer} NodeSummary */
/** @typedef {import('./answers.js').State} State */

export class Folds {
  isOn = false
  /** Node ids of each folded column. @type {Map<string, string[]>} */
  #members = new Map()

  /** Columns for nodes in this order: a cluster is where its first member is. @param {readonly FleetNode[]} nodes @returns {FleetNode[]} */
  columns(nodes) {
    if (!this.isOn) return [...nodes]
    const members = clustersOf(nodes)
    return nodes.flatMap((node) => {
      const own = members.get(node.cluster ?? '')
      if (own === undefined) return [node]
      if (own[0] !== node.id) return []
      const id = `${node.cluster} ×${own.length}`
      this.#members.set(id, own)
      return [{ ...node, id }]
    })
  }

  forget() {
    this.#members.clear()
  }

  /** The node itself for a column that is one node. @param {string} column */
  membersOf(column) {
    return this.#members.get(column) ?? [column]
  }

  /**
   * The member that most needs an operator, and of several the one that is most behind; undefined when none serves the zone.
   * @template {{ state: State, lagSeconds: number }} C @param {string} column @param {(node: string) => C | undefined} cellOf
   */
  worst(column, cellOf) {
    /** @type {{ node: string, cell: C } | undefined} */
    let worst
    for (const node of this.membersOf(column)) {
      const cell = cellOf(node)
      if (cell === undefined) continue
      if (worst === undefined || urgency(cell) < urgency(worst.cell) || isLater(cell, worst.cell)) worst = { node, cell }
    }
    return worst
  }

  /**
   * The sums of the members together.
   * @param {string} column @param {ReadonlyMap<string, NodeSummary>} sums
   * @returns {Pick<NodeSummary, 'states' | 'inSync' | 'total'> | undefined}
   */
  sum(column, sums) {
    const own = this.membersOf(column).flatMap((node) => sums.get(node) ?? [])
    if (own.length === 0) return undefined
    const total = (/** @type {(sum: NodeSummary) => number} */ of) => own.reduce((all, sum) => all + of(sum), 0)
    const states = STATES.map(({ state }) => [state, total((sum) => sum.states[state] ?? 0)]).filter(([, n]) => n !== 0)
    return { states: Object.fromEntries(states), inSync: total(({ inSync }) => inSync), total: total((sum) => sum.total) }
  }
}

/** True for a folded cluster: no id of a node has a blank. @param {string} column */
export const isFold = (column) => column.includes(' ')

/** Clusters with several members, each with the ids in the order of the nodes. @param {readonly FleetNode[]} nodes */
export function clustersOf(nodes) {
  /** @type {Map<string, string[]>} */
  const clusters = new Map()
  for (const { id, cluster } of nodes) if (cluster !== null) clusters.set(cluster, [...(clusters.get(cluster) ?? []), id])
  for (const [cluster, members] of clusters) if (members.length < 2) clusters.delete(cluster)
  return clusters
}

/** @param {{ state: State }} cell */
const urgency = ({ state }) => stateRow(state).order
/** @param {{ state: State, lagSeconds: number }} a @param {{ state: State, lagSeconds: number }} b */
const isLater = (a, b) => urgency(a) === urgency(b) && a.lagSeconds > b.lagSeconds
