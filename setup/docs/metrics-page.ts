/** docs/reference/metrics.md, from the metrics themselves. */
import type { Metric, Registry } from 'prom-client'
import { Metrics } from '../../lib/runtime/metrics.js'
import type { ApiContext } from '../../services/api/context.js'
import { registerGauges } from '../../services/api/gauges.js'
import { ZONE_SERIES } from '../../services/api/zone-series.js'
import { cell, code, page, table } from './markdown.js'

const INTRO = `# Metrics

\`GET /metrics\`, in Prometheus text, on the address of the API; with a token when the API wants one (any role may read). Base units, and
the unit at the end of the name. Series with a \`zone\` label are left out above \`api.zonesInMetrics\` zones (500), where they would drown the collector: the
sums by cloud and state stay, and \`GET /v1/matrix\` has the rest. A process that plays the role \`api\` has its own counters alone: where
roles run in processes of their own, the counters of watcher, worker and transfer server are not here, while the gauges, which are read
off the state that all share, are.

\`zonecast status --format prom\` writes \`zone_serial\`, \`node_zone_serial\`, \`node_zone_lag_seconds\`, \`nodes_in_state\` and
\`zones_held\` for a textfile collector, under the same names.`

const ALERTS = `## What to alarm on

| Alarm | Expression |
| --- | --- |
| somebody must decide | \`sum by (cloud) (zonecast_nodes_in_state{state=~"conflict\\|ahead\\|expired"}) > 0\` |
| a node does not move | \`sum by (cloud) (zonecast_nodes_in_state{state="stuck"}) > 0\` |
| a node is silent | \`sum by (cloud) (zonecast_nodes_in_state{state="unknown"}) > 0\` for ten minutes |
| a version waits for an operator | \`zonecast_zones_held > 0\` |
| a primary went back | \`sum by (primary) (zonecast_primary_zones{state=~"went-back\\|apart\\|conflict"}) > 0\` |
| a primary lags | \`sum by (primary) (zonecast_primary_zones{state="lags"}) > 0\` for an hour |
| a primary is down | \`zonecast_primary_up == 0\` for ten minutes |
| behind for too long | \`max(zonecast_node_lag_max_seconds) > 900\` |
| nobody looks any more | \`time() - zonecast_last_observation_timestamp_seconds > 300\` |
| the hub itself is away | \`absent(zonecast_build_info)\` |

The alarm on observations that stop matters most: every other one is silent when the process that looks at the nodes has stopped. Alarm on the maximum, not on a
median: one node that is days behind does not move a median.`

type NamedMetric = Metric & { name: string; help: string; labelNames?: readonly string[]; constructor: { name: string } }

const metricsOf = (registry: Registry): NamedMetric[] => registry.getMetricsAsArray() as unknown as NamedMetric[]

export function metricsPage(): string {
  const { registry } = new Metrics()
  // Names, helps and labels are there from the start; nothing is read off this context until somebody asks for values.
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
    '## Of zones, nodes and work',
    table(['Name', 'Type', 'Labels', 'What'], rows(all.filter((metric) => !ofProcess(metric)))),
    ALERTS,
    '## Of the process',
    'What the metrics library collects of every Node.js process: `zonecast_process_*` (CPU, memory, open files) and `zonecast_nodejs_*` (event loop lag, heap, garbage collection).',
  )
}
