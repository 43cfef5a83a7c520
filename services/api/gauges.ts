/** Gauges read from the sums and the board at each scrape (docs/contract.md). Not here: series for each zone (zone-series.ts). */
import { Gauge, type Registry } from 'prom-client'
import { longestSweepMs } from '../../lib/fleet/sweep-length.js'
import { lagSecondsAt, NODE_STATES } from '../../lib/fleet/node-state.js'
import { PRIMARY_STATES } from '../../lib/fleet/primary-state.js'
import { PROBE_STATES } from '../../lib/probe/judge-visits.js'
import { ROLLOUT_STATES } from '../../lib/rollout/rollout-states.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { hubsOf } from '../../lib/state/hub-presence.js'
import { splitPair } from '../../lib/state/tables.js'
import type { ApiContext } from './context.js'
import { pathsJson } from './json.js'

const IN_SYNC = NODE_STATES.indexOf('in-sync')

export function registerGauges(registry: Registry, context: ApiContext): void {
  const { matrix } = context
  /** Zones that are not in sync on the node. */
  const uncured = (zones: ReadonlySet<ZoneName>, node: string): number => {
    const sum = matrix.sums.node(node)
    let count = 0
    for (const zone of zones) {
      const number = matrix.sums.numberOf(zone)
      if (sum !== undefined && number !== undefined && sum.carries(number) && sum.stateOf(number) !== IN_SYNC) count += 1
    }
    return count
  }
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
        // Without labels, a reset sets 0, which would be a value.
        if (labelNames.length === 0) metric.remove()
        await collect((labels, value) => metric.set(labels, value))
      },
    })
  }
  gauge('build_info', 'Version of zonecast; always 1', ['version'], (set) => set({ version: context.version }, 1))
  gauge('watchdog', "Always 1: an alarm on it that ends shows that no alarm gets through (a dead man's switch)", [], (set) =>
    set({}, 1),
  )
  gauge('nodes_in_state', 'Pairs of zone and node by cloud and state', ['cloud', 'state'], (set) => {
    for (const [cloud, states] of matrix.sums.statesByCloud)
      for (const [state, count] of Object.entries(states)) set({ cloud, state }, count)
  })
  gauge('rollouts', 'Zones by the state of their newest rollout', ['state'], (set) => {
    for (const state of ROLLOUT_STATES) set({ state }, matrix.sums.rollouts.get(state) ?? 0)
  })
  gauge('zones_held', 'Zones with a version that waits for an operator, or on hold', [], (set) => {
    set({}, matrix.sums.held.size)
  })
  gauge('node_path_in_use', '1 for the control address in use of a node that has several', ['node', 'path'], (set) => {
    for (const node of matrix.fleet.nodes.values())
      if (node.paths.length > 1)
        for (const { address, inUse } of pathsJson(node, context.board.get('paths', node.id)))
          set({ node: node.id, path: address }, inUse ? 1 : 0)
  })
  gauge('hub_up', '1 for each hub that reported over Redis lately', ['hub'], (set) => {
    for (const hub of hubsOf(context.board, matrix.config.hub, matrix.now())) set({ hub: hub.name }, hub.isAway ? 0 : 1)
  })
  gauge('hub_config_differs', '1 for each hub whose config differs from that of this one', ['hub'], (set) => {
    for (const hub of hubsOf(context.board, matrix.config.hub, matrix.now())) set({ hub: hub.name }, hub.hasOtherConfig ? 1 : 0)
  })
  gauge('last_observation_timestamp_seconds', 'Time of the last answer of the node, over all its zones', ['node'], (set) => {
    for (const node of matrix.fleet.nodes.values()) {
      const newest = matrix.sums.node(node.id)?.newestAnswer ?? 0
      if (newest > 0) set({ node: node.id }, newest / 1000)
    }
  })
  gauge('oldest_observation_timestamp_seconds', 'Each zone of the node was observed since then', ['node'], (set) => {
    for (const id of matrix.fleet.nodes.keys()) {
      const sweptAt = context.board.get('contacts', id)?.sweptAt
      if (sweptAt !== undefined) set({ node: id }, sweptAt / 1000)
    }
  })
  gauge(
    'verify_timestamp_seconds',
    'Time of the last comparison of a zone on the node with its released version',
    ['node'],
    (set) => {
      for (const node of matrix.fleet.nodes.keys()) {
        const at = context.board.verified.newestAt(node)
        if (at !== undefined) set({ node }, at / 1000)
      }
    },
  )
  gauge(
    'verify_interval_seconds',
    'Time in which each zone on each node is verified once, by verify.every; 0: never by itself',
    [],
    (set) => set({}, matrix.config.verify.everyMs / 1000),
  )
  gauge('verify_differs', 'Zones of the node whose content differs from the released version', ['node'], (set) => {
    const counts = new Map(Array.from(matrix.fleet.nodes.keys(), (node) => [node, 0]))
    for (const [key, { standing }] of context.board.entries('verdicts')) {
      const [, node] = splitPair(key)
      if (standing !== undefined && counts.has(node)) counts.set(node, counts.get(node)! + 1)
    }
    for (const [node, count] of counts) set({ node }, count)
  })
  gauge(
    'sweep_seconds',
    'Time in which each zone of each node is observed once, by observe.every and observe.budget',
    [],
    (set) => {
      set({}, longestSweepMs(matrix.config.defaults.observe, matrix.fleet) / 1000)
    },
  )
  gauge('node_lag_max_seconds', 'Age of the oldest release that a node of the cloud has not reached', ['cloud'], (set) => {
    const worst = new Map(Array.from(matrix.fleet.clouds.keys(), (cloud) => [cloud, 0]))
    for (const node of matrix.fleet.nodes.values()) {
      const since = context.board.get('drains', node.id)?.drained ? undefined : matrix.sums.node(node.id)?.behind.least
      if (since !== undefined && since !== Infinity)
        worst.set(node.cloud, Math.max(worst.get(node.cloud) ?? 0, lagSecondsAt(since, matrix.now())))
    }
    for (const [cloud, seconds] of worst) set({ cloud }, seconds)
  })
  gauge('forces_need_operator', 'Zones of the node with a fault that a forced transfer did not end', ['node'], (set) => {
    for (const { id, control } of matrix.fleet.nodes.values())
      if (control !== undefined) set({ node: id }, uncured(context.board.forced.needing(id), id))
  })
  gauge('primary_up', '1 for each primary that answers for at least one of its zones', ['primary'], (set) => {
    for (const id of matrix.fleet.primaries.keys()) {
      const sum = matrix.sums.primary(id)
      if (sum !== undefined && sum.total > 0) set({ primary: id }, sum.count('silent') < sum.total ? 1 : 0)
    }
  })
  gauge('primary_zones', 'Zones by primary and state', ['primary', 'state'], (set) => {
    for (const id of matrix.fleet.primaries.keys())
      for (const state of PRIMARY_STATES) set({ primary: id, state }, matrix.sums.primary(id)?.count(state) ?? 0)
  })
  gauge('catalog_members', 'Members of the catalog, without those that left', ['catalog'], (set) => {
    const { consumed, published } = matrix.config.catalogs
    for (const catalog of [...consumed.keys(), ...published.keys()])
      set({ catalog }, context.board.get('catalogs', catalog)?.members ?? 0)
  })
  gauge(
    'certificate_expiry_timestamp_seconds',
    'Time when a certificate of the config expires, by its setting',
    ['use'],
    (set) => {
      for (const { use, expiresAt } of matrix.config.certificates) set({ use }, expiresAt / 1000)
    },
  )
  gauge(
    'old_key_use_timestamp_seconds',
    'Last request that was signed with a key that is being replaced',
    ['peer', 'key'],
    (set) => {
      for (const [place, { usedAt }] of context.board.entries('keyUses')) {
        const [peer, key] = splitPair(place)
        set({ peer: peer.slice(peer.indexOf(':') + 1), key }, usedAt / 1000)
      }
    },
  )
  gauge(
    'signature_expiry_timestamp_seconds',
    'Time when the first signature of a released version expires, over all zones that the check dnssec covers',
    [],
    (set) => {
      const first = matrix.sums.firstExpiry
      if (first !== undefined) set({}, first)
    },
  )
  gauge('probes', 'Service addresses and zones by cloud and state of the last probe', ['cloud', 'state'], (set) => {
    if (context.probes.results.size === 0) return
    for (const cloud of matrix.fleet.clouds.keys())
      for (const state of PROBE_STATES) set({ cloud, state }, context.probes.results.countOf(cloud, state))
  })
  gauge('probe_serial', 'Serial in the last answer of a service address', ['cloud', 'address', 'zone'], (set) => {
    for (const { cloud, address, zone, serial } of context.probes.results.first(matrix.config.api.zonesInMetrics))
      if (serial !== null) set({ cloud, address, zone }, serial)
  })
  gauge(
    'probe_unknown_instance',
    'Zones for which an instance that is none of the nodes answers at the service address',
    ['cloud', 'address'],
    (set) => {
      for (const { cloud, address, strangers } of context.probes.results.byAddress()) set({ cloud, address }, strangers)
    },
  )
  gauge('vantage_up', '1 for each vantage point that reports, 0 for one that is lost', ['vantage'], (set) => {
    // Neither is known of one that waits for its first report.
    for (const { name, state } of context.vantages.list()) if (state !== 'waiting') set({ vantage: name }, state === 'up' ? 1 : 0)
  })
  gauge('vantage_report_timestamp_seconds', 'Time of the last report of the vantage point', ['vantage'], (set) => {
    for (const { name, reportedAt } of context.vantages.list())
      if (reportedAt !== undefined) set({ vantage: name }, reportedAt / 1000)
  })
  gauge(
    'vantage_probes',
    'Service addresses and zones by state of the last result; none of a vantage point that is lost',
    ['vantage', 'cloud', 'state'],
    (set) => {
      for (const { name, state: own, results } of context.vantages.list())
        if (own === 'up')
          for (const cloud of matrix.fleet.clouds.keys())
            for (const state of PROBE_STATES) set({ vantage: name, cloud, state }, results.countOf(cloud, state))
    },
  )
  gauge('node_health', 'Verdict for routing: 2 serve, 1 degrade, 0 withdraw', ['node', 'cloud'], (set) => {
    const values = { serve: 2, degrade: 1, withdraw: 0 }
    for (const { id, cloud } of matrix.fleet.nodes.values()) set({ node: id, cloud }, values[context.health.of(id).verdict])
  })
  gauge('redis_up', '1 while Redis answers', [], (set) => set({}, context.redisUp() ? 1 : 0))
  gauge('jobs', 'Jobs by queue and state', ['queue', 'state'], async (set) => {
    if (!context.redisUp()) return
    for (const [queue, states] of Object.entries(await context.queues.counts()))
      for (const [state, count] of Object.entries(states)) set({ queue, state }, count)
  })
}
