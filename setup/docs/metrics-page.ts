/** docs/reference/metrics.md, from the metrics themselves. */
import type { Metric, Registry } from 'prom-client'
import { Metrics } from '../../lib/runtime/metrics.js'
import type { ApiContext } from '../../services/api/context.js'
import { registerGauges } from '../../services/api/gauges.js'
import { ZONE_SERIES } from '../../services/api/zone-series.js'
import { cell, code, page, table } from './markdown.js'

const INTRO = `# Metrics

\`GET /metrics\` on the address of the API, in Prometheus text; with a token of any role when the API has tokens.

- Units are base units, and the unit is at the end of the name.
- Series with a \`zone\` label are left out above \`api.zonesInMetrics\` zones (500), where they would overload the collector. The sums by cloud and
  state remain, and \`GET /v1/matrix\` has the rest.
- A process has only its own counters. Where roles run in separate processes, the process with the role \`api\` does not have the counters of
  watcher, worker and transfer server. Its gauges come from the shared board and are complete.
- \`zonecast status --format prom\` writes \`zone_serial\`, \`node_zone_serial\`, \`node_zone_lag_seconds\`, \`nodes_in_state\` and \`zones_held\`
  for a textfile collector, under the same names.`

const ALERTS = `## Alarms

| Alarm | Expression |
| --- | --- |
| a state needs an operator | \`sum by (cloud) (zonecast_nodes_in_state{state=~"conflict\\|ahead\\|expired"}) > 0\` |
| a node is stuck | \`sum by (cloud) (zonecast_nodes_in_state{state="stuck"}) > 0\` |
| a node is silent | \`sum by (cloud) (zonecast_nodes_in_state{state="unknown"}) > 0\` for ten minutes |
| a version is held, or a zone is on hold | \`zonecast_zones_held > 0\` |
| a primary went back | \`sum by (primary) (zonecast_primary_zones{state=~"went-back\\|apart\\|conflict"}) > 0\` |
| a primary lags | \`sum by (primary) (zonecast_primary_zones{state="lags"}) > 0\` for an hour |
| a primary is down | \`zonecast_primary_up == 0\` for ten minutes |
| behind for too long | \`max(zonecast_node_lag_max_seconds) > 900\` |
| observations stop | \`time() - zonecast_last_observation_timestamp_seconds > 300\` |
| a node is observed too slowly | \`time() - zonecast_oldest_observation_timestamp_seconds > 3 * scalar(zonecast_sweep_seconds)\` for ten minutes |
| orders are refused, as the audit log cannot be written | \`increase(zonecast_audit_failures_total[5m]) > 0\` |
| a node serves other content | \`sum by (node) (zonecast_verify_differs) > 0\` |
| a node is not verified any more | \`time() - zonecast_verify_timestamp_seconds > 2 * 86400\` |
| nodes cannot be compared | \`increase(zonecast_verify_total{verdict="cannot"}[1d]) > 10\` |
| the hub is down | \`absent(zonecast_build_info)\` |

The alarm on observations that stop matters most: every other alarm is silent when the observing process is down. Alarm on the maximum, not on a
median: one node that is days behind does not change a median.`

type NamedMetric = Metric & { name: string; help: string; labelNames?: readonly string[]; constructor: { name: string } }

const metricsOf = (registry: Registry): NamedMetric[] => registry.getMetricsAsArray() as unknown as NamedMetric[]

export function metricsPage(): string {
  const { registry } = new Metrics()
  // Names, helps and labels exist from the start; this context is read only when values are collected.
  registerGauges(registry, { matrix: {} } as unknown as ApiContext)
  const series = ZONE_SERIES.map(({ name, help, labelNames }) => ({ name, help, labelNames, constructor: { name: 'Gauge' } }))
  const all = [...metricsOf(registry), ...(series as unknown as NamedMetric[])].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const ofProcess = (metric: NamedMetric) => /^zonecast_(process|nodejs)_/.test(metric.name)
  const rows = (metrics: readonly NamedMetric[]) =>
    metrics.map((metric) => [
      code(metric.name),
      metric.constructor.name.toLowerCase(),
      (metric.labelNames ?? []).map(code).join(' '),
      cell(metric.help),
    ])
  return page(
    INTRO,
    '## Zones, nodes and work',
    table(['Name', 'Type', 'Labels', 'Meaning'], rows(all.filter((metric) => !ofProcess(metric)))),
    ALERTS,
    '## Process',
    'The metrics library adds these for every Node.js process: `zonecast_process_*` (CPU, memory, open files) and `zonecast_nodejs_*` (event loop lag, heap, garbage collection).',
  )
}
