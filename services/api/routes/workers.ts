/** The worker processes of this hub, and the zones that each owns. */
import { Router } from 'express'
import type { WorkersAnswer } from '../../../lib/answers/worker-answers.js'
import type { ApiContext } from '../context.js'
import { scopeOf } from '../scope.js'
import { time } from '../json.js'

export function workerRoutes(context: ApiContext): Router {
  const router = Router()
  router.get('/workers', (_req, res) => {
    // Their errors name zones.
    scopeOf(context, res).expectAll('the list of workers')
    res.json({
      workers: context.workers().map(({ name, host, pid, state, error, shards, zones, startedAt, seenAt }) => ({
        name,
        host: host ?? null,
        pid: pid ?? null,
        state,
        error: error ?? null,
        shards,
        zones,
        startedAt: time(startedAt),
        seenAt: time(seenAt),
      })),
    } satisfies WorkersAnswer)
  })
  return router
}
