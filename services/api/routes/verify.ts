/** Orders to compare what nodes serve with the released version. Each is a job. */
import { type Response, Router } from 'express'
import type { JobQueuedAnswer } from '../../../lib/answers/job-answers.js'
import { atLeast, callerOf } from '../auth.js'
import { type ApiContext, mutate, idsNamed, requireRedis, zoneNamed } from '../context.js'
import { queueAll } from '../queued-jobs.js'
import { cloudsNamed, nothingSelected, pairsOf, type Selection } from '../select-pairs.js'
import { nodeVerifyBody, verifyBody, zoneVerifyBody } from '../order-schemas.js'
import type { VerifyJob } from '../../../lib/queue/jobs.js'

export function verifyRoutes(context: ApiContext): Router {
  const router = Router()
  const operator = atLeast('operator')

  const verify = async (
    res: Response,
    selection: Selection,
    { how, reason }: { how: VerifyJob['how']; reason?: string | undefined },
  ): Promise<{ status: number; body: JobQueuedAnswer }> => {
    const pairs = await pairsOf(context, res, selection)
    if (pairs.length === 0) throw nothingSelected()
    requireRedis(context)
    const order = { how, by: callerOf(res).name, reason, at: context.matrix.now() }
    return await queueAll(pairs, (part) => context.queues.enqueueVerify({ ...part, ...order }))
  }

  router.post('/zones/:zone/verify', operator, async (req, res) => {
    const zone = zoneNamed(context, res, String(req.params.zone))
    const body = zoneVerifyBody.parse(req.body ?? {})
    const nodes = idsNamed(context, res, body.nodes)
    const clouds = cloudsNamed(context, res, body.clouds)
    await mutate(context, req, res, () => verify(res, { zones: [zone.name], nodes, clouds }, body))
  })

  router.post('/nodes/:node/verify', operator, async (req, res) => {
    const nodes = idsNamed(context, res, [String(req.params.node)])
    const body = nodeVerifyBody.parse(req.body ?? {})
    const zones = body.zones?.map((name) => zoneNamed(context, res, name).name)
    await mutate(context, req, res, () => verify(res, { zones, nodes }, body))
  })

  router.post('/verify', operator, async (req, res) => {
    const body = verifyBody.parse(req.body ?? {})
    const zones = body.zones?.map((name) => zoneNamed(context, res, name).name)
    const nodes = idsNamed(context, res, body.nodes)
    const clouds = cloudsNamed(context, res, body.clouds)
    await mutate(context, req, res, () => verify(res, { zones, groups: body.groups, nodes, clouds }, body))
  })

  return router
}
