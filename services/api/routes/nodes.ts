/** Nodes: who there is, and what each serves. */
import { Router } from 'express'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import { countStates } from '../../../lib/fleet/zone-view.js'
import { endpointText } from '../../../lib/transport/errors.js'
import { type ApiContext, nodeNamed } from '../context.js'
import { nodeZoneJson, pathsJson, time } from '../json.js'

export function nodeRoutes(context: ApiContext): Router {
  const router = Router()

  const summary = (node: FleetNode): Record<string, unknown> => {
    const views = context.matrix.fleet.zonesOf(node.id).map((zone) => context.matrix.nodeZone(zone, node))
    const drain = context.board.get('drains', node.id)
    return {
      id: node.id,
      cloud: node.cloud,
      site: node.site ?? null,
      address: endpointText(node.paths[0]!),
      paths: pathsJson(node, context.board.get('paths', node.id)),
      drained: drain?.drained ?? false,
      drainedBy: drain?.drained ? drain.by : null,
      drainReason: drain?.drained ? (drain.reason ?? null) : null,
      states: countStates(views),
      lagSeconds: Math.max(0, ...views.map(({ lagSeconds }) => lagSeconds)),
      observedAt: time(Math.max(0, ...views.map(({ observedAt }) => observedAt ?? 0))),
      inSync: views.filter(({ state }) => state === 'in-sync').length,
      total: views.length,
    }
  }

  router.get('/nodes', (_req, res) => {
    res.json({ nodes: [...context.matrix.fleet.nodes.values()].map(summary) })
  })

  router.get('/nodes/:node', (req, res) => {
    const node = nodeNamed(context, req.params.node)
    const zones = context.matrix.fleet
      .zonesOf(node.id)
      .map((zone) => [zone.name, nodeZoneJson(context.matrix.nodeZone(zone, node))])
    res.json({ ...summary(node), zones: Object.fromEntries(zones) })
  })

  return router
}
