/** Orders of operators: refresh, resync, drain, reload. Each is a job or done at once (docs/contract.md). */
import { type Response, Router } from 'express'
import type { z } from 'zod'
import type { ReloadAnswer } from '../../../lib/answers/hub-answers.js'
import type { JobQueuedAnswer, NoJobAnswer } from '../../../lib/answers/job-answers.js'
import type { DrainAnswer } from '../../../lib/answers/node-answers.js'
import { ZonecastError } from '../../../lib/errors.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { sealedResync } from '../../../lib/queue/job-seals.js'
import type { JobView } from '../../../lib/queue/jobs.js'
import { pause } from '../../../lib/runtime/turns.js'
import { atLeast, callerOf } from '../auth.js'
import { answerShort } from '../heavy-answers.js'
import { type ApiContext, idsNamed, mutate, nodesNamed, requireRedis, zoneNamed } from '../context.js'
import { JobScope } from '../job-scope.js'
import { jobJson } from '../json.js'
import { ApiProblem } from '../problem.js'
import { queueAll } from '../queued-jobs.js'
import { cloudsNamed, nothingSelected, pairsOf, type Selection, tooManyToForce, ZONES_PER_SLICE } from '../select-pairs.js'
import { scopeOf } from '../scope.js'
import { veilFor } from '../veil.js'
import { drainBody, nodeResyncBody, refreshBody, reloadBody, resyncBody, undrainBody, zoneResyncBody } from '../order-schemas.js'

type ResyncWish = Pick<z.infer<typeof resyncBody>, 'states' | 'strength' | 'allAtOnce' | 'reason'>

export function commandRoutes(context: ApiContext): Router {
  const router = Router()
  const jobScope = new JobScope(context)
  const operator = atLeast('operator')

  const releasedSerial = (zone: FleetZone): number | undefined => context.matrix.zoneCell(zone)?.released?.serial

  const requireSerial = (zone: FleetZone, serial: number | undefined): void => {
    const released = releasedSerial(zone)
    if (serial !== undefined && serial !== released)
      throw new ApiProblem(409, 'other-serial', `serial ${serial} is not the released one (${released ?? 'none'})`)
  }

  /** The zones that are named, or, with a serial, those of which it is the released one; undefined for all. */
  const zonesAt = async (
    res: Response,
    names: readonly string[] | undefined,
    all: Iterable<FleetZone>,
    serial: number | undefined,
  ): Promise<ZoneName[] | undefined> => {
    const named = names?.map((name) => zoneNamed(context, res, name))
    if (serial === undefined) return named?.map(({ name }) => name)
    const found: ZoneName[] = []
    let looked = 0
    for (const zone of named ?? all) {
      if (releasedSerial(zone) === serial) found.push(zone.name)
      if (++looked % ZONES_PER_SLICE === 0) await pause()
    }
    return found
  }

  const resync = async (
    res: Response,
    selection: Selection,
    { states, strength, allAtOnce, reason }: ResyncWish,
  ): Promise<{ status: number; body: JobQueuedAnswer | NoJobAnswer }> => {
    const pairs = await pairsOf(context, res, {
      ...selection,
      states,
      transfers: strength === 'refresh' || strength === 'retransfer',
    })
    if (pairs.length === 0 && states === undefined) throw nothingSelected()
    // No pair is in such a state: the order succeeds with nothing to do.
    if (pairs.length === 0) return { status: 200, body: { job: null } }
    // The parts of an order run side by side: a force would have several paces in one cloud.
    if (strength === 'force' && pairs.length > 1) throw tooManyToForce()
    requireRedis(context)
    const { name: by } = callerOf(res)
    const order = { strength, by, reason, allAtOnce, named: selection.nodes !== undefined, at: context.matrix.now() }
    return await queueAll(pairs, async (part) =>
      context.queues.enqueueResync(await sealedResync({ ...part, ...order }, context.seals, context.matrix.now())),
    )
  }

  router.post('/zones/:zone/refresh', operator, async (req, res) => {
    const zone = zoneNamed(context, res, String(req.params.zone))
    // A newer version reaches every node.
    scopeOf(context, res).expectWholeZone(zone)
    const body = refreshBody.parse(req.body ?? {})
    requireSerial(zone, body.serial)
    await mutate(context, req, res, async () => {
      requireRedis(context)
      const job = await context.queues.enqueueRefresh({
        zone: zone.name,
        strength: body.strength,
        askFirst: true,
        reason: 'operator',
        seen: undefined,
      })
      return { status: 202, body: { job } satisfies JobQueuedAnswer }
    })
  })

  router.post('/zones/:zone/resync', operator, async (req, res) => {
    const zone = zoneNamed(context, res, String(req.params.zone))
    const body = zoneResyncBody.parse(req.body ?? {})
    requireSerial(zone, body.serial)
    const nodes = idsNamed(context, res, body.nodes)
    await mutate(context, req, res, () =>
      resync(res, { zones: [zone.name], nodes, clouds: cloudsNamed(context, res, body.clouds) }, body),
    )
  })

  router.post('/nodes/:node/resync', operator, async (req, res) => {
    const nodes = nodesNamed(context, res, String(req.params.node))
    const body = nodeResyncBody.parse(req.body ?? {})
    const zones = await zonesAt(res, body.zones, context.matrix.fleet.zonesOf(nodes[0].id), body.serial)
    await mutate(context, req, res, () => resync(res, { zones, nodes: nodes.map(({ id }) => id) }, body))
  })

  router.post('/resync', operator, async (req, res) => {
    const body = resyncBody.parse(req.body ?? {})
    const zones = await zonesAt(res, body.zones, context.matrix.fleet.zones.values(), body.serial)
    const nodes = idsNamed(context, res, body.nodes)
    await mutate(context, req, res, () =>
      resync(res, { zones, groups: body.groups, nodes, clouds: cloudsNamed(context, res, body.clouds) }, body),
    )
  })

  for (const [path, drained, body] of [
    ['drain', true, drainBody],
    ['undrain', false, undrainBody],
  ] as const)
    router.post(`/nodes/:node/${path}`, operator, async (req, res) => {
      const name = String(req.params.node)
      const nodes = nodesNamed(context, res, name)
      scopeOf(context, res).expectEveryZone(`the delivery of every zone to ${name}`)
      const isDrained = (id: string): boolean => context.board.get('drains', id)?.drained ?? false
      const { reason } = body.parse(req.body ?? {})
      await mutate(
        context,
        req,
        res,
        async () => {
          for (const { id } of nodes)
            if (isDrained(id) !== drained)
              context.board.set('drains', id, { at: context.matrix.now(), drained, by: callerOf(res).name, reason })
          return { status: 200, body: { node: name, drained } satisfies DrainAnswer }
        },
        { before: () => ({ drained: nodes.every(({ id }) => isDrained(id)) }) },
      )
    })

  router.get('/jobs', async (_req, res) => {
    requireRedis(context)
    const scope = scopeOf(context, res)
    const jobs: JobView[] = []
    for (const job of await context.queues.list(100)) if (await jobScope.has(scope, job)) jobs.push(job)
    const veil = veilFor(context, res)
    // A resync of pairs in certain states names each of them, so jobs are written one by one.
    await answerShort(res, async (out) => {
      res.type('json')
      await out.write('{"jobs":[')
      for (const [i, job] of jobs.entries()) await out.write(`${i === 0 ? '' : ','}${JSON.stringify(veil.over(jobJson(job)))}`)
      await out.write(']}')
    })
  })

  router.get('/jobs/:job', async (req, res) => {
    requireRedis(context)
    const job = await context.queues.find(req.params.job)
    if (!job) throw new ApiProblem(404, 'unknown-job', `there is no job ${req.params.job.slice(0, 100)}`)
    const scope = scopeOf(context, res)
    if (!(await jobScope.has(scope, job))) scope.expectAll(`job ${job.id}`)
    res.json(jobJson(job))
  })

  router.post('/reload', atLeast('admin'), async (req, res) => {
    scopeOf(context, res).expectAll('the config')
    reloadBody.parse(req.body ?? {})
    await mutate(context, req, res, async () => {
      try {
        const config = await context.reload()
        return { status: 200, body: { zones: config.zones.size, nodes: config.nodes.size } satisfies ReloadAnswer }
      } catch (error) {
        const errors = error instanceof ZonecastError && 'mistakes' in error.fault ? error.fault.mistakes : undefined
        throw new ApiProblem(422, 'bad-config', (error as Error).message, errors === undefined ? {} : { errors })
      }
    })
  })

  return router
}
