/** The context of the routes, and the look-ups that they share. */
import type { Request, Response } from 'express'
import type { Member } from '../../lib/catalog/membership.js'
import { parseZoneName, type ZoneName } from '../../lib/dns/name.js'
import { ZonecastError } from '../../lib/errors.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { ChainAnchor } from '../../lib/audit/check-folder.js'
import type { Audit } from '../../lib/audit/trail.js'
import type { Fact } from '../../lib/audit/line.js'
import type { Board } from '../../lib/state/board.js'
import type { Idempotency } from '../../lib/state/idempotency.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { Seals } from '../../lib/state/seals.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { WorkerView } from '../../lib/shards/shard-map.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { Config } from '../../config/config.js'
import { slipInName } from '../../config/zone-name-slips.js'
import { actOf, type MutationFacts } from './audit-act.js'
import { callerOf } from './auth.js'
import { answerShort, type HeavyAnswers } from './heavy-answers.js'
import type { Matrix } from './matrix.js'
import type { NodeServers } from './node-servers.js'
import type { HealthRounds } from './health/health-rounds.js'
import type { Identities } from './probes/identities.js'
import type { ProbeRounds } from './probes/probe-rounds.js'
import type { Vantages } from './probes/vantages.js'
import { ApiProblem, noSuchNode, noSuchZone } from './problem.js'
import { MAX_NAME_TEXT } from './schemas.js'
import { scopeOf } from './scope.js'
import type { Sessions } from './sessions.js'

export interface ApiContext {
  heavy: HeavyAnswers
  matrix: Matrix
  servers: Pick<NodeServers, 'of'>
  probes: Pick<ProbeRounds, 'list' | 'probe' | 'results'>
  vantages: Pick<Vantages, 'list' | 'find' | 'results' | 'tasksFor' | 'take'>
  health: Pick<HealthRounds, 'of' | 'ofCluster'>
  identities: Pick<Identities, 'nodesOf' | 'learn'>
  store: ZoneStore
  board: Board
  bus: SignalBus
  queues: JobQueues
  /** Seals orders that a worker carries out. */
  seals: Pick<Seals, 'sealText'>
  log: Logger
  metrics: Metrics
  idempotency: Idempotency
  /** The worker of the zone runs in this process. */
  worksOn: (zone: string) => boolean
  /** The worker processes of this hub. */
  workers: () => WorkerView[]
  redisUp: () => boolean
  /** Writes changes to Redis now. */
  share: () => Promise<void>
  /** The current problem with Redis, as a sentence. */
  redisLack: () => string | undefined
  reload: () => Promise<Config>
  /** The members of consumed catalogs. */
  members: ReadonlyMap<ZoneName, Member>
  audit: Audit
  /** Lines of audit chains that other places know: peer hubs, and Redis. */
  auditAnchors: () => Promise<ChainAnchor[]>
  version: string
  sessions: Sessions
}

/** Most pairs of zone and node in a short answer: some milliseconds of work. */
const SHORT_PAIRS = 2_000

/** Chooses how to write an answer over so many pairs of zone and node: at once, or in the queue of long answers. */
export function answerOf(context: ApiContext, pairs: number): HeavyAnswers['answer'] {
  return pairs <= SHORT_PAIRS ? answerShort : (res, work) => context.heavy.answer(res, work)
}

/** Finds a zone in the scope of the caller by any spelling, with or without the final dot. Throws ApiProblem 400, 403, 404. */
export function zoneNamed(context: ApiContext, res: Response, text: string): FleetZone {
  if (text.length > MAX_NAME_TEXT)
    throw new ApiProblem(400, 'bad-name', 'a zone name has at most 255 octets', {
      errors: [{ field: 'zone', message: 'is longer than 255 octets' }],
    })
  const bad = (message: string) => new ApiProblem(400, 'bad-name', message, { errors: [{ field: 'zone', message }] })
  const slip = slipInName(text)
  if (slip !== undefined) throw bad(slip)
  let name: ZoneName
  try {
    name = parseZoneName(text)
  } catch (error) {
    if (!(error instanceof ZonecastError)) throw error
    throw bad(error.message)
  }
  const scope = scopeOf(context, res)
  // Before the look-up: an answer must not show which other zones exist.
  scope.expectName(name)
  const zone = context.matrix.fleet.zones.get(name)
  if (!zone) throw noSuchZone(name)
  scope.expectZone(zone)
  return zone
}

const membersOf = ({ matrix: { fleet } }: ApiContext, cluster: string): string[] =>
  // No cluster has the name of a node: an order over many nodes does not search all nodes for each.
  fleet.nodes.has(cluster) ? [] : [...fleet.nodes.values()].filter((node) => node.cluster === cluster).map(({ id }) => id)

/** Finds a node in the scope of the caller. Throws ApiProblem 403, 404. */
export function nodeNamed(context: ApiContext, res: Response, id: string): FleetNode {
  const node = context.matrix.fleet.nodes.get(id)
  const scope = scopeOf(context, res)
  if (!node) {
    const members = membersOf(context, id).filter((member) => nodesSeenBy(context, res)(member))
    // An answer must not show which other nodes exist.
    if (members.length === 0) scope.expectKnown(`node ${id.slice(0, 100)}`)
    throw noSuchNode(id, members)
  }
  scope.expectNode(node)
  return node
}

/** The node, or every member of the local cluster with this name. Throws ApiProblem 403, 404. */
export function nodesNamed(context: ApiContext, res: Response, name: string): [FleetNode, ...FleetNode[]] {
  const [first, ...others] = membersOf(context, name)
  const isOutside = (id: string): boolean => !nodesSeenBy(context, res)(id)
  // The refusal of a member would name it.
  if (first === undefined || [first, ...others].every(isOutside)) return [nodeNamed(context, res, name)]
  if ([first, ...others].some(isOutside)) scopeOf(context, res).expectKnown(`local cluster ${name}`)
  return [nodeNamed(context, res, first), ...others.map((id) => nodeNamed(context, res, id))]
}

/** The ids of nodes that an order names, by themselves or by their clusters; each once. */
export const idsNamed = (context: ApiContext, res: Response, names: readonly string[] | undefined): string[] | undefined =>
  names && [...new Set([...new Set(names)].flatMap((name) => nodesNamed(context, res, name).map(({ id }) => id)))]

/** True for the id of a node that the caller may see. */
export function nodesSeenBy(context: ApiContext, res: Response): (id: string) => boolean {
  const scope = scopeOf(context, res)
  if (scope.hasAllNodes) return () => true
  return (id) => {
    const node = context.matrix.fleet.nodes.get(id)
    return node !== undefined && scope.hasNode(node)
  }
}

export function requireRedis(context: ApiContext): void {
  if (!context.redisUp())
    throw new ApiProblem(503, 'redis-down', 'redis is unreachable, so no job can be queued; try again when readyz is ready')
}

/**
 * Runs a mutation once per Idempotency-Key and caller: a repeated request gets the first answer. `work` returns status and
 * body. The audit entry is durable before `work` begins; action, object and reason come from the request.
 */
export async function mutate(
  context: ApiContext,
  req: Request,
  res: Response,
  work: () => Promise<{ status: number; body: unknown }>,
  facts: MutationFacts = {},
): Promise<void> {
  const key = req.get('idempotency-key')
  if (key !== undefined && !/^[\x21-\x7e]{1,200}$/.test(key))
    throw new ApiProblem(400, 'bad-key', 'Idempotency-Key has 1 to 200 printable characters', {
      errors: [{ field: 'Idempotency-Key', message: 'does not fit' }],
    })
  const caller = callerOf(res)
  const request = `${req.method} ${req.originalUrl} ${JSON.stringify(req.body ?? {})}`
  const { zone } = req.params
  const who = {
    by: caller.name,
    zone: zone === undefined ? undefined : zoneNamed(context, res, String(zone)).name,
    nodes: context.matrix.fleet.nodes.values(),
  }
  const act = actOf(req, who, facts)
  const audited = () => context.audit.order(act, work, ({ body }) => body as Fact)
  const outcome =
    key === undefined
      ? { kind: 'answer' as const, answer: await audited() }
      : await context.idempotency.once(caller.name, key, request, audited)
  if (outcome.kind === 'other')
    throw new ApiProblem(422, 'other-request', 'this Idempotency-Key was used for another request; choose a new one')
  if (outcome.kind === 'pending')
    throw new ApiProblem(409, 'in-progress', 'a request with this Idempotency-Key is still in progress')
  if (outcome.kind === 'full')
    throw context.redisUp()
      ? new ApiProblem(429, 'keys', 'too many Idempotency-Keys today; send this request without one, or tomorrow', {
          retryAfter: 3600,
        })
      : new ApiProblem(429, 'keys', 'too many Idempotency-Keys while Redis is away; send this request without one, or later', {
          retryAfter: 60,
        })
  const { answer } = outcome
  context.log.info({ op: 'api', by: caller.name, method: req.method, path: req.path, status: answer.status }, 'operator command')
  res.status(answer.status).json(answer.body)
}
