/** Gauges read off the board when somebody asks for metrics (contract §7); per-zone labels only up to a number of zones. */
import { Gauge, type Registry } from 'prom-client'
import { countStates } from '../../lib/fleet/zone-view.js'
import { ROLLOUT_STATES } from '../../lib/rollout/record.js'
import { hubsOf } from '../../lib/state/hub-presence.js'
import type { ApiContext } from './context.js'
import { pathsJson } from './json.js'

export function registerGauges(registry: Registry, context: ApiContext): void {
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    collect: (set: (labels: Record<L, string>, value: number) => void) => void | Promise<void>,
  ): void => {
    const metric: Gauge<L> = new Gauge({
      name: `zonecast_${name}`,
      help,
      labelNames,
      registers: [registry],
      collect: async () => {
        metric.reset()
        await collect((labels, value) => metric.set(labels, value))
      },
    })
  }
  const { matrix } = context
  // More series than that would drown the collector.
  const fewZones = (): boolean => matrix.fleet.zones.size <= matrix.config.api.zonesInMetrics

  gauge('build_info', 'Version of zonecast; always 1', ['version'], (set) => set({ version: context.version }, 1))
  gauge('zone_serial', 'Serial by source: released, or as a primary serves it', ['zone', 'source'], (set) => {
    if (!fewZones()) return
    for (const zone of matrix.fleet.zones.values()) {
      const released = matrix.zoneCell(zone)?.released?.serial
      if (released !== undefined) set({ zone: zone.name, source: 'released' }, released)
      for (const { id } of zone.primaries) {
        const serial = matrix.primaryCell(zone, id)?.serial
        if (serial !== undefined) set({ zone: zone.name, source: id }, serial)
      }
    }
  })
  gauge('node_zone_serial', "Serial in the node's own last answer", ['node', 'cloud', 'zone'], (set) => {
    if (!fewZones()) return
    for (const zone of matrix.fleet.zones.values())
      for (const node of zone.nodes) {
        const serial = matrix.nodeCell(zone, node.id)?.serial
        if (serial !== undefined) set({ node: node.id, cloud: node.cloud, zone: zone.name }, serial)
      }
  })
  gauge('node_zone_lag_seconds', 'Age of the oldest release the node has not reached', ['node', 'cloud', 'zone'], (set) => {
    if (!fewZones()) return
    for (const zone of matrix.fleet.zones.values())
      for (const node of zone.nodes)
        set({ node: node.id, cloud: node.cloud, zone: zone.name }, matrix.nodeZone(zone, node).lagSeconds)
  })
  gauge('nodes_in_state', 'Pairs of zone and node by cloud and state', ['cloud', 'state'], (set) => {
    for (const cloud of matrix.fleet.clouds) {
      const views = [...matrix.fleet.zones.values()].flatMap((zone) =>
        zone.nodes.filter((node) => node.cloud === cloud).map((node) => matrix.nodeZone(zone, node)),
      )
      for (const [state, count] of Object.entries(countStates(views))) set({ cloud, state }, count)
    }
  })
  gauge('primaries_disagree', '1 when primaries serve two contents under one serial', ['zone'], (set) => {
    for (const zone of matrix.fleet.zones.values()) {
      const conflict = matrix.zoneCell(zone)?.conflict !== undefined
      if (conflict || fewZones()) set({ zone: zone.name }, conflict ? 1 : 0)
    }
  })
  gauge('rollouts', 'Zones by the state of their newest rollout', ['state'], (set) => {
    const counts = new Map<string, number>()
    for (const zone of matrix.fleet.zones.values()) {
      const state = matrix.zoneCell(zone)?.rollouts.at(-1)?.state
      if (state !== undefined) counts.set(state, (counts.get(state) ?? 0) + 1)
    }
    for (const state of ROLLOUT_STATES) set({ state }, counts.get(state) ?? 0)
  })
  gauge('node_path_in_use', '1 for the control address in use of a node that has several', ['node', 'path'], (set) => {
    for (const node of matrix.fleet.nodes.values())
      if (node.paths.length > 1)
        for (const { address, inUse } of pathsJson(node, context.board.get('paths', node.id)))
          set({ node: node.id, path: address }, inUse ? 1 : 0)
  })
  gauge('hub_up', '1 for each hub that was heard of lately over Redis', ['hub'], (set) => {
    for (const hub of hubsOf(context.board, matrix.config.hub, matrix.now())) set({ hub: hub.name }, hub.isAway ? 0 : 1)
  })
  gauge('hub_config_differs', '1 for each hub that runs on another config than this one', ['hub'], (set) => {
    for (const hub of hubsOf(context.board, matrix.config.hub, matrix.now())) set({ hub: hub.name }, hub.hasOtherConfig ? 1 : 0)
  })
  gauge('last_observation_timestamp_seconds', 'When the node last answered, over all its zones', ['node'], (set) => {
    for (const node of matrix.fleet.nodes.values()) {
      const newest = Math.max(0, ...matrix.fleet.zonesOf(node.id).map((zone) => matrix.nodeCell(zone, node.id)?.observedAt ?? 0))
      if (newest > 0) set({ node: node.id }, newest / 1000)
    }
  })
  gauge('jobs', 'Jobs by queue and state', ['queue', 'state'], async (set) => {
    if (!context.redisUp()) return
    for (const [queue, states] of Object.entries(await context.queues.counts()))
      for (const [state, count] of Object.entries(states)) set({ queue, state }, count)
  })
}
