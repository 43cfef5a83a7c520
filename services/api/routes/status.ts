/** Sums over everything, and the sync matrix. */
import { Router } from 'express'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { hubsOf } from '../../../lib/state/hub-presence.js'
import { callerOf } from '../auth.js'
import { type ApiContext, nodeNamed, zoneNamed } from '../context.js'
import { time } from '../json.js'
import { matrixPage } from '../matrix-page.js'
import { matrixQuery } from '../schemas.js'
import { missing } from './probes.js'

export function statusRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/status', async (_req, res) => {
    const { fleet, config } = context.matrix
    const { observe, unknownAfterLooks } = config.defaults
    res.json({
      hub: config.hub,
      version: context.version,
      zones: fleet.zones.size,
      nodes: fleet.nodes.size,
      states: await context.matrix.stateSums(),
      hubs: hubsOf(context.board, config.hub, context.matrix.now()).map((hub) => ({
        name: hub.name,
        state: hub.isAway ? 'away' : 'up',
        config: hub.hasOtherConfig ? 'differs' : 'same',
        version: hub.version,
        seenAt: time(hub.seenAt),
        startedAt: time(hub.startedAt),
      })),
      redis: context.redisUp() ? 'up' : 'down',
      held: [...fleet.zones.values()].filter((zone) => isHeld(context, zone)).map(({ name }) => name),
      missing: missing(context),
      now: time(context.matrix.now()),
      // Older than this, an observation says nothing any more: whoever looks at the nodes has stopped.
      observationsHoldSeconds: (unknownAfterLooks * observe.everyMs) / 1000,
      caller: callerOf(res),
    })
  })

  router.get('/matrix', async (req, res) => {
    const query = matrixQuery.parse(req.query)
    const only = query.node === undefined ? undefined : nodeNamed(context, query.node).id
    const page = await matrixPage(context.matrix, {
      zone: query.zone === undefined ? undefined : zoneNamed(context, query.zone),
      node: only,
      match: query.match,
      states: query.state,
      limit: query.limit,
      after: query.after,
    })
    const nodes = [...context.matrix.fleet.nodes.values()].filter(({ id }) => only === undefined || id === only)
    res.json({
      ...page,
      nodes: nodes.map(({ id, cloud, site }) => ({ id, cloud, site: site ?? null })),
      pageLagSeconds: context.matrix.config.defaults.lag.pageMs / 1000,
    })
  })

  return router
}

/** A version waits for a person, or the zone is on hold. */
const isHeld = ({ matrix, board }: ApiContext, zone: FleetZone): boolean =>
  board.get('orders', zone.name)?.hold !== undefined ||
  (matrix.zoneCell(zone)?.rollouts.some(({ state }) => state === 'held' || state === 'halted') ?? false)
