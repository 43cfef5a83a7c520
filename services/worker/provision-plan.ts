/** Compares the zones of a node's server with those that the node carries. */
import { shrinkLimit } from '../../lib/checks/shrink-limit.js'
import type { ControlResult, NodeControl } from '../../lib/control/control.js'
import type { ZoneList } from '../../lib/control/zone-list.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { pause } from '../../lib/runtime/turns.js'
import { WorkerError } from './errors.js'

export interface ProvisionPlan {
  add: ZoneName[]
  remove: ZoneName[]
  notes: string[]
  /** The removals are more than the thresholds of the check `shrink` allow. */
  excess: string | undefined
}

export interface PlanParts {
  node: string
  /** The zones that the node carries. */
  carried: readonly FleetZone[]
  /** The catalog that brings the zones to the node, which then has only catalog zones of its own. */
  catalog: ZoneName | undefined
  control: Pick<NodeControl, 'zoneStatus'>
  /** Undefined: the make has no list. */
  list: () => Promise<ControlResult<ZoneList | undefined>>
  /** Names of zones that the hub carried once; asked for where the make has no list. */
  once: () => Promise<readonly ZoneName[]>
}

const ZONES_PER_SLICE = 500
/** The server answers that the zone is configured but not loaded, or that it is a secondary. */
const SECONDARY = /^(secondary|slave)$/

/** Throws WorkerError WORKER_PROVISION_FAILED when the server does not answer. */
export async function makePlan(parts: PlanParts): Promise<ProvisionPlan> {
  const { node, carried, catalog } = parts
  const names = new Set(carried.map(({ name }) => name))
  const wanted = catalog === undefined ? carried : carried.filter((zone) => zone.catalog !== undefined)
  const list = answerOf(node, await parts.list())
  const notes = catalog === undefined ? [] : [`the zones come to ${node} by the catalog ${catalog}`]
  const { add, remove, before } = list === undefined ? await byQuestions(parts, wanted, names) : await byList(list, wanted, names)
  if (list === undefined) notes.push(`${node} cannot list its zones: only zones that this hub knows are compared`)
  return { add, remove, notes, excess: excessOf(node, remove.length, before, carried) }
}

interface Difference {
  add: ZoneName[]
  remove: ZoneName[]
  /** Zones for this hub that the server has now. */
  before: number
}

async function byList(list: ZoneList, wanted: readonly FleetZone[], names: ReadonlySet<ZoneName>): Promise<Difference> {
  const difference: Difference = { add: [], remove: [], before: 0 }
  let done = 0
  for (const { name } of wanted) {
    if (!list.has(name)) difference.add.push(name)
    if (++done % ZONES_PER_SLICE === 0) await pause()
  }
  for (const [name, isOurs] of list) {
    if (isOurs && !names.has(name)) difference.remove.push(name)
    if (isOurs || names.has(name)) difference.before += 1
    if (++done % ZONES_PER_SLICE === 0) await pause()
  }
  return difference
}

async function byQuestions(
  { node, control, once }: PlanParts,
  wanted: readonly FleetZone[],
  names: ReadonlySet<ZoneName>,
): Promise<Difference> {
  const difference: Difference = { add: [], remove: [], before: 0 }
  for (const { name } of wanted) {
    const { isConfigured } = answerOf(node, await control.zoneStatus(name))
    if (isConfigured) difference.before += 1
    else difference.add.push(name)
  }
  for (const name of await once()) {
    if (names.has(name)) continue
    const status = await control.zoneStatus(name)
    // A name that cannot be sent was never added.
    if (status.kind === 'unsupported') continue
    const { isConfigured, details } = answerOf(node, status)
    // A zone that did not load has no type: it may be a primary's, whose file has a mistake.
    if (!isConfigured || !SECONDARY.test(details.type ?? '')) continue
    difference.remove.push(name)
    difference.before += 1
  }
  return difference
}

function excessOf(node: string, gone: number, before: number, carried: readonly FleetZone[]): string | undefined {
  if (gone === 0) return undefined
  const what = `${gone} of ${before} zones of ${node} would be removed`
  if (gone === before) return what
  const [zone] = carried
  const limit = zone && shrinkLimit(gone, before, zone.checks.shrink)
  return limit === undefined || limit.isOver ? `${what}; checks.shrink allows fewer than ${limit?.percent ?? 100} %` : undefined
}

function answerOf<T>(node: string, result: ControlResult<T>): T {
  if (result.kind === 'ok') return result.value
  throw new WorkerError({ code: 'WORKER_PROVISION_FAILED', node }, result.error)
}
