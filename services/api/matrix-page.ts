/** One page of the sync matrix: zones by name, those that fit the filter, each with its nodes. */
import type { FleetZone } from '../../lib/fleet/fleet.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { nodeZoneJson, zoneSummaryJson } from './json.js'
import type { Matrix } from './matrix.js'

export interface MatrixFilter {
  zone: FleetZone | undefined
  /** Id of the only node to show. */
  node: string | undefined
  match: string | undefined
  states: readonly NodeState[] | undefined
  limit: number | undefined
  after: string | undefined
}

export interface MatrixPage {
  zones: Record<string, unknown>[]
  /** Name of the last zone when there are more, for `after`. */
  next: string | null
}

export async function matrixPage(matrix: Matrix, filter: MatrixFilter): Promise<MatrixPage> {
  const { zone, limit = Number.POSITIVE_INFINITY } = filter
  const zones: Record<string, unknown>[] = []
  for await (const whole of matrix.rows(zone ? [zone] : inOrder(matrix, filter))) {
    const row = rowOf(whole, filter)
    if (!row) continue
    if (zones.length === limit) return { zones, next: zones.at(-1)!.name as string }
    zones.push(row)
  }
  return { zones, next: null }
}

/** By name, so that a page goes on where the one before ended whatever was added meanwhile. */
function inOrder(matrix: Matrix, { match, after, node }: MatrixFilter): FleetZone[] {
  const part = match?.toLowerCase()
  const zones = node === undefined ? [...matrix.fleet.zones.values()] : matrix.fleet.zonesOf(node)
  return zones
    .filter(({ name }) => (after === undefined || name > after) && (part === undefined || name.includes(part)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function rowOf(
  { summary, nodes }: ReturnType<Matrix['row']>,
  { node, states }: MatrixFilter,
): Record<string, unknown> | undefined {
  if (node !== undefined && !nodes.has(node)) return undefined
  const shown = [...nodes].filter(([id]) => node === undefined || id === node)
  // A zone that no node carries has a state of its own.
  const has = shown.length === 0 ? [summary.state] : shown.map(([, { state }]) => state)
  if (states && !has.some((state) => states.includes(state))) return undefined
  return { ...zoneSummaryJson(summary), nodes: Object.fromEntries(shown.map(([id, view]) => [id, nodeZoneJson(view)])) }
}
