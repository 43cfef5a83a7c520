/** Is it alive, can it do its whole job, what do its counters say. Without token, except the metrics. */
import { Router } from 'express'
import type { ApiContext } from '../context.js'

/** What this hub lacks to do its whole job; empty when ready. */
export function missing(context: ApiContext): string[] {
  const { matrix } = context
  const lacks: string[] = []
  const redis = context.redisLack()
  if (redis !== undefined) lacks.push(redis)
  const without = [...matrix.fleet.zones.values()].filter((zone) => matrix.zoneCell(zone)?.released === undefined)
  if (without.length > 0)
    lacks.push(
      `${without.length} of ${matrix.fleet.zones.size} zones have no released version yet, ${without[0]!.name} among them`,
    )
  return lacks
}

export function probeRoutes(context: ApiContext): Router {
  const router = Router()
  router.get('/healthz', (_req, res) => {
    res.json({ alive: true })
  })
  router.get('/readyz', (_req, res) => {
    const lacks = missing(context)
    res.status(lacks.length === 0 ? 200 : 503).json({ ready: lacks.length === 0, missing: lacks })
  })
  return router
}
