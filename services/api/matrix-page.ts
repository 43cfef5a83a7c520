/** The sync matrix, complete or in pages: the zones that fit the filter by name, each with its nodes. */
import type { MatrixRowAnswer } from '../../lib/answers/zone-answers.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { pause } from '../../lib/runtime/turns.js'
import type { AnswerWriter } from './answer-writer.js'
import { nodeZoneJson, zoneSummaryJson } from './json.js'
import type { Matrix } from './matrix.js'
import type { Veil } from './veil.js'
import { placeAfter } from './sorted-names.js'

export interface MatrixFilter {
  zone: FleetZone | undefined
  /** Ids of the only nodes to show. */
  nodes: ReadonlySet<string> | undefined
  match: string | undefined
  states: readonly NodeState[] | undefined
  limit: number | undefined
  after: string | undefined
  /** Rows and cells of other zones and nodes are left out. */
  sees: { zone: (zone: FleetZone) => boolean; node: (id: string) => boolean }
}

/** Zones read before other work runs. */
const ZONES_PER_SLICE = 50

/** Yields the rows of the page, and returns the name of the last zone for `after` when there are more; else null. */
export async function* matrixRows(matrix: Matrix, filter: MatrixFilter): AsyncGenerator<MatrixRowAnswer, string | null> {
  const { zone, limit = Number.POSITIVE_INFINITY, states } = filter
  await matrix.sums.settle()
  let rows = 0
  let seen = 0
  let last: string | null = null
  for (const each of zone ? [zone] : inOrder(matrix, filter, await matrix.names())) {
    if (++seen % ZONES_PER_SLICE === 0) await pause()
    if (each === undefined) continue
    if (states && !mayFit(matrix, each, states)) continue
    const row = rowOf(matrix.row(each), filter)
    if (!row) continue
    if (rows === limit) return last
    yield row
    last = each.name
    rows += 1
  }
  return null
}

/** Writes `{"zones":[…]` and leaves the object open. Returns the name for `after`. */
export async function writeMatrix(
  matrix: Matrix,
  filter: MatrixFilter,
  out: AnswerWriter,
  veil: Pick<Veil, 'over'> = { over: (value) => value },
): Promise<string | null> {
  const rows = matrixRows(matrix, filter)
  await out.write('{"zones":[')
  for (let i = 0; ; i++) {
    const { done, value } = await rows.next()
    if (done) {
      await out.write(']')
      return value
    }
    await out.write(`${i === 0 ? '' : ','}${JSON.stringify(veil.over(value))}`)
  }
}

/** True when a node of the zone, or a zone without nodes, was in one of these states when it was last judged. */
function mayFit(matrix: Matrix, zone: FleetZone, states: readonly NodeState[]): boolean {
  const sum = matrix.sums.zone(zone.name)
  // The state of a zone may be worse than that of all its nodes.
  if (states.includes('held') && sum?.flags.isHeld) return true
  if (states.includes('conflict') && (sum?.flags.hasConflict || sum?.flags.isBehind)) return true
  return sum === undefined || sum.total === 0 || states.some((state) => sum.has(state))
}

/**
 * By name, so that a page continues the one before whatever was added since. Yields undefined for a zone that does not fit, so
 * that the search has pauses.
 */
function* inOrder(
  matrix: Matrix,
  { match, after, nodes, sees }: MatrixFilter,
  names: readonly string[],
): Generator<FleetZone | undefined> {
  const part = match?.toLowerCase()
  for (let i = after === undefined ? 0 : placeAfter(names, after); i < names.length; i++) {
    const name = names[i]!
    const zone = part === undefined || name.includes(part) ? matrix.fleet.zones.get(name as FleetZone['name']) : undefined
    const fits = nodes === undefined || zone?.nodes.some(({ id }) => nodes.has(id))
    yield zone !== undefined && fits && sees.zone(zone) ? zone : undefined
  }
}

function rowOf({ summary, nodes }: ReturnType<Matrix['row']>, filter: MatrixFilter): MatrixRowAnswer | undefined {
  const { nodes: only, states, sees } = filter
  const chosen = [...nodes].filter(([id]) => only?.has(id) ?? true)
  if (only !== undefined && chosen.length === 0) return undefined
  const shown = chosen.filter(([id]) => sees.node(id))
  const held: NodeState[] = summary.held === undefined ? [] : ['held']
  const has = [summary.state, ...held, ...shown.map(([, { state }]) => state)]
  if (states && !has.some((state) => states.includes(state))) return undefined
  return { ...zoneSummaryJson(summary), nodes: Object.fromEntries(shown.map(([id, view]) => [id, nodeZoneJson(view)])) }
}
