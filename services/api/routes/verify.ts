/** Orders to compare what nodes serve with the released version. Each is a job. */
import { Router } from 'express'
import type { JobQueuedAnswer } from '../../../lib/answers/job-answers.js'
import { atLeast, callerOf } from '../auth.js'
import { type ApiContext, mutate, nodeNamed, requireRedis, zoneNamed } from '../context.js'
import { cloudsNamed, nothingSelected, pairsOf, type Selection } from '../select-pairs.js'
import { nodeVerifyBody, verifyBody, zoneVerifyBody } from '../order-schemas.js'
import type { VerifyJob } from '../../../lib/queue/jobs.js'

export function verifyRoutes(context: ApiContext): Router {
  const router = Router()
  const operator = atLeast('operator')

  const verify = async (
    selection: Selection,
    { how, reason }: { how: VerifyJob['how']; reason?: string | undefined },
    by: string,
  ): Promise<{ status: number; body: JobQueuedAnswer }> => {
    const targets = await pairsOf(context, selection)
    if (targets.length === 0) throw nothingSelected()
    requireRedis(context)
    return { status: 202, body: { job: await context.queues.enqueueVerify({ targets, how, by, reason }) } }
  }

  router.post('/zones/:zone/verify', operator, async (req, res) => {
    const zone = zoneNamed(context, String(req.params.zone))
    const body = zoneVerifyBody.parse(req.body ?? {})
    const nodes = body.nodes?.map((id) => nodeNamed(context, id))
    const clouds = cloudsNamed(context, body.clouds)
    await mutate(context, req, res, () => verify({ zones: [zone], nodes, clouds }, body, callerOf(res).name))
  })

  router.post('/nodes/:node/verify', operator, async (req, res) => {
    const node = nodeNamed(context, String(req.params.node))
    const body = nodeVerifyBody.parse(req.body ?? {})
    const zones = body.zones?.map((name) => zoneNamed(context, name)) ?? context.matrix.fleet.zonesOf(node.id)
    await mutate(context, req, res, () => verify({ zones, nodes: [node] }, body, callerOf(res).name))
  })

  router.post('/verify', operator, async (req, res) => {
    const body = verifyBody.parse(req.body ?? {})
    const zones = body.zones?.map((name) => zoneNamed(context, name)) ?? [...context.matrix.fleet.zones.values()]
    const nodes = body.nodes?.map((id) => nodeNamed(context, id))
    const clouds = cloudsNamed(context, body.clouds)
    await mutate(context, req, res, () => verify({ zones, nodes, clouds }, body, callerOf(res).name))
  })

  return router
}
