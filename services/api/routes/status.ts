/** Sums over everything, and the sync matrix. */
import { Router } from 'express'
import { longestSweepMs } from '../../../lib/fleet/sweep-length.js'
import type { StatusAnswer } from '../../../lib/answers/hub-answers.js'
import type { PrimariesAnswer } from '../../../lib/answers/primary-answers.js'
import type { MatrixAnswer } from '../../../lib/answers/zone-answers.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { hubsOf } from '../../../lib/state/hub-presence.js'
import { type ApiContext, answerOf, idsNamed, nodesSeenBy, zoneNamed } from '../context.js'
import { time } from '../json.js'
import { writeMatrix } from '../matrix-page.js'
import { primariesInTrouble, primarySummary } from '../primaries.js'
import { matrixQuery } from '../schemas.js'
import { type Scope, scopeOf } from '../scope.js'
import { veilFor } from '../veil.js'
import { missing } from './probes.js'
import { callerJson } from './session.js'

/** Most names of held zones in an answer; `zones_held` in the metrics counts all. */
const MAX_HELD = 1_000

function firstHeld(names: Iterable<string>): string[] {
  const first: string[] = []
  for (const name of names) if (first.push(name) === MAX_HELD) break
  return first.sort()
}

function* heldIn({ matrix }: ApiContext, scope: Scope): Generator<string> {
  for (const name of matrix.sums.held) {
    const zone = matrix.fleet.zones.get(name as FleetZone['name'])
    if (scope.isAll || (zone !== undefined && scope.hasZone(zone))) yield name
  }
}

export function statusRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/status', async (_req, res) => {
    const { fleet, config } = context.matrix
    const scope = scopeOf(context, res)
    const lacks = await missing(context, scope.isAll)
    const seen = await context.matrix.scoped.of(scope)
    const { observe, unknownAfterMissed } = config.defaults
    res.json({
      hub: config.hub,
      version: context.version,
      ...seen,
      hubs: hubsOf(context.board, config.hub, context.matrix.now()).map((hub) => ({
        name: hub.name,
        state: hub.isAway ? 'away' : 'up',
        config: hub.hasOtherConfig ? 'differs' : 'same',
        version: hub.version,
        seenAt: time(hub.seenAt),
        startedAt: time(hub.startedAt),
      })),
      redis: context.redisUp() ? 'up' : 'down',
      held: firstHeld(heldIn(context, scope)),
      missing: lacks,
      // They name zones.
      primaries: scope.isAll ? primariesInTrouble(context.matrix) : [],
      now: new Date(context.matrix.now()).toISOString(),
      // An older observation is not valid any more: the worker has stopped to observe nodes.
      observationsHoldSeconds: (unknownAfterMissed * longestSweepMs(observe, fleet)) / 1000,
      caller: callerJson(context, res),
    } satisfies StatusAnswer)
  })

  router.get('/primaries', async (_req, res) => {
    scopeOf(context, res).expectAll('the list of primaries, with their zones,')
    const { matrix } = context
    await matrix.sums.settle()
    res.json({
      primaries: [...matrix.fleet.primaries.values()].map((primary) => primarySummary(matrix, primary)),
    } satisfies PrimariesAnswer)
  })

  router.get('/matrix', async (req, res) => {
    const query = matrixQuery.parse(req.query)
    const only = query.node === undefined ? undefined : new Set(idsNamed(context, res, [query.node]))
    const scope = scopeOf(context, res)
    const { cloud, site } = query
    const isPart = cloud !== undefined || site !== undefined
    const nodes = [...context.matrix.fleet.nodes.values()].filter(
      (node) =>
        (only?.has(node.id) ?? true) &&
        scope.hasNode(node) &&
        (cloud === undefined || node.cloud === cloud) &&
        (site === undefined || node.site === site),
    )
    const filter = {
      zone: query.zone === undefined ? undefined : zoneNamed(context, res, query.zone),
      nodes: isPart ? new Set(nodes.map(({ id }) => id)) : only,
      match: query.match,
      states: query.state,
      limit: query.limit,
      after: query.after,
      group: query.group,
      sort: query.sort,
      isPart,
      sees: { zone: (zone: FleetZone) => scope.hasZone(zone), node: nodesSeenBy(context, res) },
    }
    const pairs = (filter.zone ? 1 : Math.min(query.limit ?? Infinity, context.matrix.fleet.zones.size)) * nodes.length
    await answerOf(context, pairs)(res, async (out) => {
      res.type('json')
      const next = await writeMatrix(context.matrix, filter, out, veilFor(context, res))
      const rest = {
        next,
        nodes: nodes.map(({ id, cloud, cluster, site }) => ({ id, cloud, cluster: cluster ?? null, site: site ?? null })),
        primaries: scope.isAll ? primariesInTrouble(context.matrix) : [],
        pageLagSeconds: context.matrix.config.defaults.lag.pageMs / 1000,
      } satisfies Omit<MatrixAnswer, 'zones'>
      await out.write(`,${JSON.stringify(rest).slice(1)}`)
    })
  })

  return router
}
