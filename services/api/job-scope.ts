/**
 * Which jobs and audit entries a caller with a scope may see: those about zones and nodes in the scope alone. Only callers without a
 * scope may see the others, such as a reload.
 */
import type { Fact, Target } from '../../lib/audit/line.js'
import { parseZoneName, type ZoneName } from '../../lib/dns/name.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import { listOfSelections, type PairSelections } from '../../lib/fleet/pair-selection.js'
import type { JobView } from '../../lib/queue/jobs.js'
import { pause } from '../../lib/runtime/turns.js'
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
  if (!zones.every((zone) => scope.hasName(zone as ZoneName))) return false
  if (scope.hasAllNodes) return true
  if (nodes.length + clouds.length === 0)
    return zones.every((name) => {
      const zone = fleet.zones.get(name as ZoneName)
      return zone !== undefined && scope.hasZone(zone)
    })
  return nodes.every((id) => isNodeIn(fleet, scope, id)) && clouds.every((cloud) => scope.hasCloud(cloud))
}

/** `name`: of a node, or of a local cluster, which is in the scope when all its members are. */
function isNodeIn({ nodes }: Pick<Fleet, 'nodes'>, scope: Scope, name: string): boolean {
  const node = nodes.get(name)
  if (node !== undefined) return scope.hasNode(node)
  let hasMember = false
  for (const member of nodes.values()) {
    if (member.cluster !== name) continue
    if (!scope.hasNode(member)) return false
    hasMember = true
  }
  return hasMember
}

/** A job may name 30,000 zones, and a reader asks for a hundred jobs every second. */
const KEEP_MS = 10_000
const MOST = 2_000

/** Decides whether a caller may see a job, and remembers it for some seconds: the pairs of a job do not change. */
export class JobScope {
  readonly #context: Pick<ApiContext, 'matrix'>
  /** By scope and job, oldest first. */
  readonly #known = new Map<string, { at: number; has: Promise<boolean> }>()

  constructor(context: Pick<ApiContext, 'matrix'>) {
    this.#context = context
  }

  /** Everything that the job is about is in the scope. Many pairs are checked in slices. */
  async has(scope: Scope, job: JobView): Promise<boolean> {
    if (scope.isAll) return true
    const key = `${job.id} ${scope.text}`
    const known = this.#known.get(key)
    if (known !== undefined && performance.now() - known.at < KEEP_MS) return await known.has
    const has = this.#judge(scope, job)
    this.#known.delete(key)
    this.#known.set(key, { at: performance.now(), has })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest)
    return await has
  }

  async #judge(scope: Scope, { data, progress }: JobView): Promise<boolean> {
    const { fleet } = this.#context.matrix
    const { zone, zones, node, targets, select } = (data ?? {}) as Record<string, unknown>
    const shown = typeof progress === 'object' && progress !== null && 'targets' in progress ? progress.targets : []
    const listed = Array.isArray(targets) ? (targets as { zone: string; node: string }[]) : []
    const isListed = listed.length + shown.length > 0
    for (const pairs of [shown, listed])
      for (const pair of pairs) {
        if (!scope.hasName(pair.zone as ZoneName) || !(scope.hasAllNodes || isNodeIn(fleet, scope, pair.node))) return false
        await pause()
      }
    if (select !== undefined) {
      for (const selection of listOfSelections(select as PairSelections)) {
        if (!scope.hasAllOf(selection, (id) => fleet.nodes.get(id))) return false
        await pause()
      }
      return true
    }
    const names = { zones: [...textsIn(zone), ...textsIn(zones)], nodes: textsIn(node), clouds: [] }
    if (isListed && names.zones.length + names.nodes.length === 0) return true
    return hasSubjects(this.#context, scope, names)
  }
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
