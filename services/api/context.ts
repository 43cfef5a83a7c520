/** What the routes work with, and the look-ups they share. */
import type { Request, Response } from 'express'
import { parseZoneName, type ZoneName } from '../../lib/dns/name.js'
import { ZonecastError } from '../../lib/errors.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { Board } from '../../lib/state/board.js'
import type { Idempotency } from '../../lib/state/idempotency.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { Config } from '../../config/config.js'
import { callerOf } from './auth.js'
import type { Matrix } from './matrix.js'
import { ApiProblem, noSuchNode, noSuchZone } from './problem.js'
import { MAX_NAME_TEXT } from './schemas.js'

export interface ApiContext {
  matrix: Matrix
  store: ZoneStore
  board: Board
  bus: SignalBus
  queues: JobQueues
  log: Logger
  metrics: Metrics
  idempotency: Idempotency
  /** Roles that this process plays. */
  roles: readonly string[]
  redisUp: () => boolean
  /** Writes what has changed to Redis now. */
  share: () => Promise<void>
  /** What is wrong with Redis, for people. */
  redisLack: () => string | undefined
  reload: () => Config
  version: string
}

/** A zone of the config by any spelling, with or without the final dot. Throws ApiProblem 400, 404. */
export function zoneNamed(context: ApiContext, text: string): FleetZone {
  if (text.length > MAX_NAME_TEXT)
    throw new ApiProblem(400, 'bad-name', 'a zone name has at most 255 octets', {
      errors: [{ field: 'zone', message: 'is longer than 255 octets' }],
    })
  let name: ZoneName
  try {
    name = parseZoneName(text)
  } catch (error) {
    if (!(error instanceof ZonecastError)) throw error
    throw new ApiProblem(400, 'bad-name', error.message, { errors: [{ field: 'zone', message: error.message }] })
  }
  const zone = context.matrix.fleet.zones.get(name)
  if (!zone) throw noSuchZone(name)
  return zone
}

export function nodeNamed(context: ApiContext, id: string): FleetNode {
  const node = context.matrix.fleet.nodes.get(id)
  if (!node) throw noSuchNode(id)
  return node
}

export function requireRedis(context: ApiContext): void {
  if (!context.redisUp())
    throw new ApiProblem(503, 'redis-down', 'redis is away, so no job can be queued; try again when readyz is ready')
}

/**
 * Runs a mutation once per Idempotency-Key and caller: a repeated request gets the first answer. `work` returns status and
 * body.
 */
export async function mutate(
  context: ApiContext,
  req: Request,
  res: Response,
  work: () => Promise<{ status: number; body: unknown }>,
): Promise<void> {
  const key = req.get('idempotency-key')
  if (key !== undefined && !/^[\x21-\x7e]{1,200}$/.test(key))
    throw new ApiProblem(400, 'bad-key', 'Idempotency-Key has 1 to 200 printable characters', {
      errors: [{ field: 'Idempotency-Key', message: 'does not fit' }],
    })
  const caller = callerOf(res)
  const request = `${req.method} ${req.originalUrl} ${JSON.stringify(req.body ?? {})}`
  const outcome =
    key === undefined
      ? { kind: 'answer' as const, answer: await work() }
      : await context.idempotency.once(`${caller.name} ${key}`, request, work)
  if (outcome.kind === 'other')
    throw new ApiProblem(422, 'other-request', 'this Idempotency-Key was used for another request; choose a new one')
  if (outcome.kind === 'pending')
    throw new ApiProblem(409, 'in-progress', 'a request with this Idempotency-Key is still being worked on')
  const { answer } = outcome
  context.log.info({ op: 'api', by: caller.name, method: req.method, path: req.path, status: answer.status }, 'operator command')
  res.status(answer.status).json(answer.body)
}
