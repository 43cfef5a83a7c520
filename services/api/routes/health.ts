/** The verdict about a node, or a local cluster, for the router beside it. */
import { Router } from 'express'
import type { HealthAnswer } from '../../../lib/answers/health-answers.js'
import { type ApiContext, nodesNamed } from '../context.js'
import { time } from '../json.js'
import { healthQuery } from '../schemas.js'

export function healthRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/nodes/:node/health', (req, res) => {
    const { status } = healthQuery.parse(req.query)
    const { node } = req.params
    const [first, ...mates] = nodesNamed(context, res, node)
    const { verdict, why, since, ttlMs } =
      first.id === node ? context.health.of(node) : context.health.ofCluster([first, ...mates])
    const answer: HealthAnswer = {
      verdict,
      why: why ?? null,
      node,
      since: time(since),
      ttlSeconds: Math.ceil(ttlMs / 1000),
    }
    res.set('cache-control', 'no-store')
    res.status(verdict === 'withdraw' && status === 'verdict' ? 503 : 200).json(answer)
  })

  return router
}
