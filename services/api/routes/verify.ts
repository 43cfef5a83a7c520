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
    const pairs = await pairsOf(context, selection)
    if (pairs === undefined) throw nothingSelected()
    requireRedis(context)
    const order = { ...pairs, how, by, reason, at: context.matrix.now() }
    return { status: 202, body: { job: await context.queues.enqueueVerify(order) } }
  }

  router.post('/zones/:zone/verify', operator, async (req, res) => {
    const zone = zoneNamed(context, String(req.params.zone))
    const body = zoneVerifyBody.parse(req.body ?? {})
    const nodes = body.nodes?.map((id) => nodeNamed(context, id).id)
    const clouds = cloudsNamed(context, body.clouds)
    await mutate(context, req, res, () => verify({ zones: [zone.name], nodes, clouds }, body, callerOf(res).name))
  })

  router.post('/nodes/:node/verify', operator, async (req, res) => {
    const node = nodeNamed(context, String(req.params.node))
    const body = nodeVerifyBody.parse(req.body ?? {})
    const zones = body.zones?.map((name) => zoneNamed(context, name).name)
    await mutate(context, req, res, () => verify({ zones, nodes: [node.id] }, body, callerOf(res).name))
  })

  router.post('/verify', operator, async (req, res) => {
    const body = verifyBody.parse(req.body ?? {})
    const zones = body.zones?.map((name) => zoneNamed(context, name).name)
    const nodes = body.nodes?.map((id) => nodeNamed(context, id).id)
    const clouds = cloudsNamed(context, body.clouds)
    await mutate(context, req, res, () => verify({ zones, groups: body.groups, nodes, clouds }, body, callerOf(res).name))
  })

  return router
}
