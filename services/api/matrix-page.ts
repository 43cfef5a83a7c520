/** The sync matrix, complete or in pages: the zones that fit the filter by name or by severity, each with its nodes. */
import type { MatrixRowAnswer } from '../../lib/answers/zone-answers.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { pause } from '../../lib/runtime/turns.js'
import type { AnswerWriter } from './answer-writer.js'
import { nodeZoneJson, zoneSummaryJson } from './json.js'
import type { Matrix } from './matrix.js'
import type { Veil } from './veil.js'
import { placeAfter } from './sorted-names.js'
import { SEVERITIES } from './zone-sum.js'

export interface MatrixFilter {
  zone: FleetZone | undefined
  /** Ids of the only nodes to show. */
  nodes: ReadonlySet<string> | undefined
  match: string | undefined
  states: readonly NodeState[] | undefined
  limit: number | undefined
  after: string | undefined
  /** The group of the zone as a member of a catalog. */
  group?: string | undefined
  /** Default: name. */
  sort?: 'name' | 'severity' | undefined
  /** `nodes` is a part of the fleet, such as a cloud: the state of a zone counts only if it does not come from other nodes. */
  isPart?: boolean
  /** Rows and cells of other zones and nodes are left out. */
  sees: { zone: (zone: FleetZone) => boolean; node: (id: string) => boolean }
}

/** Zones read before other work runs. */
const ZONES_PER_SLICE = 50
/** A rank is read from columns: about 1 ms. */
const ZONES_RANKED_PER_SLICE = 2000

/** States that a zone has whatever its nodes answer. */
const OWN_STATES: readonly NodeState[] = ['conflict', 'expired']

/** Yields the rows of the page, and returns the `after` of the next page when there are more; else null. */
export async function* matrixRows(matrix: Matrix, filter: MatrixFilter): AsyncGenerator<MatrixRowAnswer, string | null> {
  const { zone, limit = Number.POSITIVE_INFINITY, states } = filter
  await matrix.sums.settle()
  let rows = 0
  let seen = 0
  let last: string | null = null
  const order = zone ? [{ zone, cursor: zone.name }] : inOrder(matrix, filter, await matrix.names())
  for await (const { zone: each, cursor } of order) {
    if (++seen % ZONES_PER_SLICE === 0) await pause()
    if (each === undefined) continue
    if (states && !mayFit(matrix, each, states)) continue
    const row = rowOf(matrix.row(each), filter)
    if (!row) continue
    if (rows === limit) return last
    yield row
    last = cursor
    rows += 1
  }
  return null
}

/** Writes `{"zones":[…]` and leaves the object open. Returns the `after` of the next page. */
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

/** `zone`: undefined for one that does not fit, so that the search has pauses. `cursor`: `after` of the page that begins behind it. */
interface Candidate {
  zone: FleetZone | undefined
  cursor: string
}

/** The order never depends on the place of a zone in a list, so that a page continues the one before whatever was added since. */
function inOrder(matrix: Matrix, filter: MatrixFilter, names: readonly string[]): Iterable<Candidate> | AsyncIterable<Candidate> {
  const part = filter.match?.toLowerCase()
  const { after, nodes, group, sees, sort } = filter
  const candidate = (name: string): FleetZone | undefined => {
    const zone = part === undefined || name.includes(part) ? matrix.fleet.zones.get(name as FleetZone['name']) : undefined
    const fits =
      (nodes === undefined || zone?.nodes.some(({ id }) => nodes.has(id))) && (group === undefined || zone?.group === group)
    return zone !== undefined && fits && sees.zone(zone) ? zone : undefined
  }
  return sort === 'severity' ? bySeverity(matrix, candidate, names, after) : byName(candidate, names, after)
}

function* byName(
  candidate: (name: string) => FleetZone | undefined,
  names: readonly string[],
  after: string | undefined,
): Generator<Candidate> {
  for (let i = after === undefined ? 0 : placeAfter(names, after); i < names.length; i++)
    yield { zone: candidate(names[i]!), cursor: names[i]! }
}

/** The cursor is the severity and the name of the last zone: `stuck example.com.`. A zone whose severity changes may be missed once. */
async function* bySeverity(
  matrix: Matrix,
  candidate: (name: string) => FleetZone | undefined,
  names: readonly string[],
  after: string | undefined,
): AsyncGenerator<Candidate> {
  const ranks = new Uint8Array(names.length)
  for (const [i, name] of names.entries()) {
    ranks[i] = SEVERITIES.indexOf(matrix.sums.zone(name)?.severity ?? 'unknown')
    if (i % ZONES_RANKED_PER_SLICE === ZONES_RANKED_PER_SLICE - 1) await pause()
  }
  const [state = '', name = ''] = after?.split(' ') ?? []
  const from = after === undefined ? 0 : SEVERITIES.indexOf(state as NodeState)
  if (from < 0) return
  for (let rank = from; rank < SEVERITIES.length; rank++) {
    let i = after !== undefined && rank === from ? placeAfter(names, name) : 0
    for (i = ranks.indexOf(rank, i); i >= 0; i = ranks.indexOf(rank, i + 1))
      yield { zone: candidate(names[i]!), cursor: `${SEVERITIES[rank]} ${names[i]!}` }
  }
}

function rowOf({ summary, nodes }: ReturnType<Matrix['row']>, filter: MatrixFilter): MatrixRowAnswer | undefined {
  const { nodes: only, states, sees, isPart = false } = filter
  const chosen = [...nodes].filter(([id]) => only?.has(id) ?? true)
  if (only !== undefined && chosen.length === 0) return undefined
  const shown = chosen.filter(([id]) => sees.node(id))
  const held: NodeState[] = summary.held === undefined ? [] : ['held']
  // The state of the zone may be that of a node which is not shown.
  const own = isPart && !OWN_STATES.includes(summary.state) ? [] : [summary.state]
  const has = [...own, ...held, ...shown.map(([, { state }]) => state)]
  if (states && !has.some((state) => states.includes(state))) return undefined
  return { ...zoneSummaryJson(summary), nodes: Object.fromEntries(shown.map(([id, view]) => [id, nodeZoneJson(view)])) }
}
