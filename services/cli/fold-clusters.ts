/** The sync matrix with each local cluster as one column: its worst member counts. Pure. */
import { WORST_FIRST } from '../../lib/fleet/zone-view.js'
import type { MatrixAnswer, NodeZoneAnswer } from './answers.js'

/** `ams ×2`: no name of a node has a blank. */
const columnOf = (cluster: string, size: number): string => `${cluster} ×${size}`

export function foldClusters(matrix: MatrixAnswer): MatrixAnswer {
  const clusters = new Map<string, string[]>()
  for (const { id, cluster } of matrix.nodes) if (cluster != null) clusters.set(cluster, [...(clusters.get(cluster) ?? []), id])
  if (clusters.size === 0) return matrix
  const columns = new Map([...clusters].map(([cluster, members]) => [columnOf(cluster, members.length), members]))
  const columnAt = new Map([...columns].flatMap(([column, members]) => members.map((id) => [id, column] as const)))
  const nodes = matrix.nodes.flatMap((node) => {
    const column = columnAt.get(node.id)
    if (column === undefined) return [node]
    return columns.get(column)![0] === node.id ? [{ ...node, id: column, cluster: null }] : []
  })
  const zones = matrix.zones.map((zone) => {
    const single = Object.entries(zone.nodes).filter(([id]) => !columnAt.has(id))
    const folded = [...columns].flatMap(([column, members]) => {
      const cell = worstOf(members.flatMap((id) => (zone.nodes[id] === undefined ? [] : [{ id, at: zone.nodes[id] }])))
      return cell === undefined ? [] : [[column, cell] as const]
    })
    return { ...zone, nodes: Object.fromEntries([...single, ...folded]) }
  })
  return { ...matrix, nodes, zones }
}

function worstOf(cells: readonly { id: string; at: NodeZoneAnswer }[]): NodeZoneAnswer | undefined {
  const state = WORST_FIRST.find((each) => cells.some(({ at }) => at.state === each))
  if (state === undefined) return undefined
  const alike = cells.filter(({ at }) => at.state === state)
  const worst = alike.reduce((a, b) => (b.at.lagSeconds > a.at.lagSeconds ? b : a))
  const { id, at } = worst
  return at.state === 'in-sync' ? at : { ...at, error: `${id}${at.error === null ? '' : `: ${at.error}`}` }
}
