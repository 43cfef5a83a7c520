/** The verdict about a node for the router beside it. */
import { Router } from 'express'
import type { HealthAnswer } from '../../../lib/answers/health-answers.js'
import { type ApiContext, nodeNamed } from '../context.js'
import { time } from '../json.js'

export function healthRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/nodes/:node/health', (req, res) => {
    const node = nodeNamed(context, res, req.params.node)
    const { verdict, why, since, ttlMs } = context.health.of(node.id)
    const answer: HealthAnswer = {
      verdict,
      why: why ?? null,
      node: node.id,
      since: time(since),
      ttlSeconds: Math.ceil(ttlMs / 1000),
    }
    res.set('cache-control', 'no-store')
    res.status(verdict === 'withdraw' ? 503 : 200).json(answer)
  })

  return router
}
