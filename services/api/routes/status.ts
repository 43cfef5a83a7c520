/** Sums over everything, and the sync matrix. */
import { Router } from 'express'
import { countStates, type NodeZoneView } from '../../../lib/fleet/zone-view.js'
import { type ApiContext, nodeNamed, zoneNamed } from '../context.js'
import { nodeZoneJson, zoneSummaryJson } from '../json.js'
import { matrixQuery } from '../schemas.js'

export function statusRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/status', (_req, res) => {
    const { fleet, config } = context.matrix
    const views: NodeZoneView[] = []
    for (const zone of fleet.zones.values()) views.push(...context.matrix.row(zone).nodes.values())
    res.json({
      hub: config.hub,
      version: context.version,
      zones: fleet.zones.size,
      nodes: fleet.nodes.size,
      states: countStates(views),
      redis: context.redisUp() ? 'up' : 'down',
      held: [],
    })
  })

  router.get('/matrix', (req, res) => {
    const query = matrixQuery.parse(req.query)
    const zones = query.zone === undefined ? [...context.matrix.fleet.zones.values()] : [zoneNamed(context, query.zone)]
    const only = query.node === undefined ? undefined : nodeNamed(context, query.node).id
    const rows = zones.map((zone) => {
      const { summary, nodes } = context.matrix.row(zone)
      const shown = [...nodes].filter(([id]) => only === undefined || id === only)
      return { ...zoneSummaryJson(summary), nodes: Object.fromEntries(shown.map(([id, view]) => [id, nodeZoneJson(view)])) }
    })
    const nodes = [...context.matrix.fleet.nodes.values()].filter(({ id }) => only === undefined || id === only)
    res.json({
      zones: only === undefined ? rows : rows.filter((row) => only in row.nodes),
      nodes: nodes.map(({ id, cloud, site }) => ({ id, cloud, site: site ?? null })),
    })
  })

  return router
}
