/** Vantage points: their tasks and reports, the list of them, and the catchment that they see. */
import { type RequestHandler, Router } from 'express'
import type { z } from 'zod'
import {
  type CatchmentAnswer,
  type CatchmentRowAnswer,
  type VantageAnswer,
  VantageReport,
  type VantageRowAnswer,
  type VantagesAnswer,
  type VantageTakenAnswer,
  type VantageTasksAnswer,
} from '../../../lib/answers/vantage-answers.js'
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import { callerOf } from '../auth.js'
import type { ApiContext } from '../context.js'
import { time } from '../json.js'
import type { Reach } from '../probes/catchment.js'
import type { Vantage } from '../probes/vantages.js'
import { ApiProblem } from '../problem.js'
import { isProbeInScope, type Scope, scopeOf } from '../scope.js'

/** A vantage point reports for itself alone: with its own name, and with the role that has no other right. */
const asVantage: RequestHandler<{ vantage: string }> = (req, res, next) => {
  const { name, role } = callerOf(res)
  if (role !== 'vantage') throw new ApiProblem(403, 'role', `${name} is ${role}; this needs vantage`)
  if (name !== req.params.vantage)
    throw new ApiProblem(403, 'vantage', `${name} reports as ${name} alone: give the vantage point the name of its token`)
  next()
}

/** For callers with the role vantage. `readBody`: the handlers that read a JSON body. */
export function vantageReportRoutes({ vantages }: Pick<ApiContext, 'vantages'>, readBody: RequestHandler[]): Router {
  const router = Router()

  router.get('/vantages/:vantage/tasks', asVantage, async (req, res) => {
    res.json((await vantages.tasksFor(req.params.vantage)) satisfies VantageTasksAnswer)
  })

  router.post(
    '/vantages/:vantage/results',
    asVantage,
    ...(readBody as unknown as RequestHandler<{ vantage: string }>[]),
    (req, res) => {
      const report: z.infer<typeof VantageReport> = VantageReport.parse(req.body ?? {})
      res.json(vantages.take(req.params.vantage, report) satisfies VantageTakenAnswer)
    },
  )

  return router
}

export function vantageRoutes(context: ApiContext): Router {
  const router = Router()
  const { vantages } = context
  const { matrix } = context

  /** No result of a lost vantage point counts. */
  const resultsOf = (vantage: Vantage, scope: Scope): ProbeAnswer[] =>
    vantage.state === 'lost' ? [] : vantage.results.sorted().filter((probe) => isProbeInScope(matrix.fleet, scope, probe))

  router.get('/vantages', (_req, res) => {
    const scope = scopeOf(context, res)
    res.json({
      vantages: vantages.list().map((vantage) => vantageJson(vantage, resultsOf(vantage, scope))),
    } satisfies VantagesAnswer)
  })

  router.get('/vantages/:vantage', (req, res) => {
    const vantage = vantages.find(req.params.vantage)
    if (vantage === undefined)
      throw new ApiProblem(
        404,
        'unknown-vantage',
        `there is no vantage point ${req.params.vantage.slice(0, 100)}: give it a token with the role vantage under api.tokens`,
      )
    const results = resultsOf(vantage, scopeOf(context, res))
    res.json({ ...vantageJson(vantage, results), results } satisfies VantageAnswer)
  })

  router.get('/catchment', (_req, res) => {
    const scope = scopeOf(context, res)
    const rows = vantages
      .list()
      .flatMap((vantage) => [...vantage.catchment.list()].map((reach) => catchmentJson(vantage, reach)))
      .filter((row) => isReachInScope(context, scope, row))
    res.json({ catchment: rows } satisfies CatchmentAnswer)
  })

  return router
}

export function vantageJson({ name, state, since, reportedAt }: Vantage, results: Iterable<ProbeAnswer>): VantageRowAnswer {
  const probes: VantageRowAnswer['probes'] = {}
  for (const probe of results) probes[probe.state] = (probes[probe.state] ?? 0) + 1
  return { name, state, since: time(since), reportedAt: time(reportedAt), probes }
}

function catchmentJson({ name, state }: Vantage, reach: Reach): CatchmentRowAnswer {
  return {
    vantage: name,
    cloud: reach.cloud,
    address: reach.address,
    reaches: [...reach.units],
    instances: Array.from(reach.instances, ([instance, { node, at }]) => ({ instance, node: node ?? null, at: time(at) })),
    since: time(reach.since),
    at: time(reach.at),
    isCurrent: state === 'up',
    changes: reach.changes.map(({ at, from, to }) => ({ at: time(at), from: [...from], to: [...to] })),
  }
}

/** The changes name every node of the cloud. */
const isReachInScope = ({ matrix: { fleet } }: ApiContext, scope: Scope, { cloud }: Pick<CatchmentRowAnswer, 'cloud'>): boolean =>
  [...fleet.nodes.values()].every((node) => node.cloud !== cloud || scope.hasNode(node))
