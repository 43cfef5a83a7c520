/** Liveness, readiness and metrics. No token is needed, except for the metrics. */
import { Router } from 'express'
import type { AliveAnswer, ReadyAnswer } from '../../../lib/answers/hub-answers.js'
import { expiredCertificates } from '../certificate-watch.js'
import type { ApiContext } from '../context.js'

/** An answer is repeated for this long: frequent callers cost nothing. */
const READY_MS = 1_000

/** The parts that this hub lacks to be ready; empty when ready. `names`: with the name of a zone, for callers who may know it. */
export async function missing(context: ApiContext, names: boolean): Promise<string[]> {
  const { fleet, sums } = context.matrix
  await sums.settle()
  const lacks: string[] = []
  const redis = context.redisLack()
  if (redis !== undefined) lacks.push(redis)
  const { unreleased, unreleasedCount } = sums
  if (unreleasedCount > 0) {
    const [first] = names ? unreleased : []
    const among = first === undefined ? '' : `, ${first} among them`
    lacks.push(`${unreleasedCount} of ${fleet.zones.size} zones have no released version yet${among}`)
  }
  const primaries = [...fleet.primaries.keys()].flatMap((id) => sums.primary(id) ?? []).filter(({ total }) => total > 0)
  if (primaries.length > 0 && primaries.every((sum) => sum.count('silent') === sum.total)) lacks.push('no primary answers')
  if (sums.isNoNodeAnswering) lacks.push('no node answers')
  lacks.push(...expiredCertificates(context.matrix.config, context.matrix.now()))
  return lacks
}

export function probeRoutes(context: ApiContext): Router {
  const router = Router()
  let known: { lacks: Promise<string[]>; at: number } | undefined
  router.get('/healthz', (_req, res) => {
    res.json({ alive: true } satisfies AliveAnswer)
  })
  router.get('/readyz', async (_req, res) => {
    const now = performance.now()
    if (known === undefined || now - known.at >= READY_MS) known = { lacks: missing(context, false), at: now }
    const lacks = await known.lacks
    res.status(lacks.length === 0 ? 200 : 503).json({ ready: lacks.length === 0, missing: lacks } satisfies ReadyAnswer)
  })
  return router
}
