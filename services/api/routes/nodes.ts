/** Nodes: the list, and the zones of each. */
import { Router } from 'express'
import type { NodesAnswer, NodeSummaryAnswer } from '../../../lib/answers/node-answers.js'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import { endpointText } from '../../../lib/dns/endpoint.js'
import { type ApiContext, answerOf, nodeNamed } from '../context.js'
import { lagOf } from '../zone-sum.js'
import { oldKeysJson } from '../old-keys.js'
import { nodeZoneJson, pathsJson, time } from '../json.js'
import { scopeOf } from '../scope.js'
import type { ScopedNode } from '../scoped-sums.js'
import { veilFor } from '../veil.js'

export function nodeRoutes(context: ApiContext): Router {
  const router = Router()

  const summary = (node: FleetNode, { states, total, behindSince }: ScopedNode): NodeSummaryAnswer => {
    const sum = context.matrix.sums.node(node.id)!
    const drain = context.board.get('drains', node.id)
    return {
      id: node.id,
      cloud: node.cloud,
      cluster: node.cluster ?? null,
      site: node.site ?? null,
      kind: node.kind ?? null,
      identity: node.identity ?? null,
      address: endpointText(node.paths[0]!.address),
      paths: pathsJson(node, context.board.get('paths', node.id)),
      oldKeys: oldKeysJson('node', node, context.matrix),
      drained: drain?.drained ?? false,
      drainedBy: drain?.drained ? drain.by : null,
      drainReason: drain?.drained ? (drain.reason ?? null) : null,
      states,
      lagSeconds: lagOf(behindSince, context.matrix.now()),
      observedAt: time(sum.newestAnswer),
      inSync: states['in-sync'] ?? 0,
      total,
    }
  }

  router.get('/nodes', async (_req, res) => {
    await context.matrix.sums.settle()
    const scope = scopeOf(context, res)
    const nodes = [...context.matrix.fleet.nodes.values()].filter((node) => scope.hasNode(node))
    const sums = await context.matrix.scoped.nodes(scope)
    res.json({ nodes: nodes.map((node) => summary(node, sums(node))) } satisfies NodesAnswer)
  })

  router.get('/nodes/:node', async (req, res) => {
    const node = nodeNamed(context, res, req.params.node)
    const all = context.matrix.fleet.zonesOf(node.id)
    const scope = scopeOf(context, res)
    const zones = scope.hasAllZones ? all : all.filter(({ name }) => scope.hasName(name))
    const [server] = await Promise.all([context.servers.of(node, all), context.matrix.sums.settle()])
    const sums = await context.matrix.scoped.nodes(scope)
    const veil = veilFor(context, res)
    await answerOf(context, zones.length)(res, async (out) => {
      res.type('json')
      await out.write(`${JSON.stringify(veil.over({ ...summary(node, sums(node)), server })).slice(0, -1)},"zones":{`)
      for (const [i, zone] of zones.entries()) {
        const view = nodeZoneJson(context.matrix.nodeZone(zone, node))
        await out.write(`${i === 0 ? '' : ','}${JSON.stringify(zone.name)}:${JSON.stringify(veil.over(view))}`)
      }
      await out.write('}}')
    })
  })

  return router
}
