/** Zones are added to nodes and removed from them, over their control channels: a plan at first, the changes by a second order. */
import { Router } from 'express'
import type { JobQueuedAnswer } from '../../../lib/answers/job-answers.js'
import { sealedProvision } from '../../../lib/queue/job-seals.js'
import { atLeast, callerOf } from '../auth.js'
import { type ApiContext, mutate, nodeNamed, requireRedis } from '../context.js'
import { provisionBody } from '../order-schemas.js'
import { ApiProblem } from '../problem.js'
import { scopeOf } from '../scope.js'
import { setupFor } from './configuration.js'

export function provisionRoutes(context: ApiContext): Router {
  const router = Router()

  router.post('/nodes/:node/provision', atLeast('admin'), async (req, res) => {
    const node = nodeNamed(context, res, String(req.params.node))
    scopeOf(context, res).expectEveryZone(`the list of zones of ${node.id}`)
    const { apply, yes, reason } = provisionBody.parse(req.body ?? {})
    setupFor(context, node)
    if (node.control === undefined)
      throw new ApiProblem(
        422,
        'no-control',
        `${node.id} has no control channel: configure nodes.${node.id}.control, or install the output of "zonecast render ${node.id}"`,
      )
    await mutate(context, req, res, async () => {
      requireRedis(context)
      const order = { node: node.id, apply, yes, by: callerOf(res).name, reason, at: context.matrix.now() }
      const job = await context.queues.enqueueProvision(sealedProvision(order, context.seals))
      return { status: 202, body: { job } satisfies JobQueuedAnswer }
    })
  })

  return router
}
