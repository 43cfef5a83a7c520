/** docs/reference/metrics.md, from the metrics themselves. */
import { readFileSync } from 'node:fs'
import type { Metric, Registry } from 'prom-client'
import { parse } from 'yaml'
import { z } from 'zod'
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

\`deploy/prometheus/zonecast.rules.yml\` has these alarms for Prometheus; [monitoring.md](../operate/monitoring.md#prometheus) has the set-up.`

export const RULES_FILE = 'deploy/prometheus/zonecast.rules.yml'

const RULES = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.enum(['critical', 'warning', 'none']) }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
})

/** The alarms of deploy/prometheus, in the order of the file. */
export const alarmRules = (): z.infer<typeof RULES>['groups'][number]['rules'] =>
  RULES.parse(parse(readFileSync(RULES_FILE, 'utf8'))).groups.flatMap(({ rules }) => rules)

const alarmTable = (): string =>
  table(
    ['Alarm', 'Severity', 'Expression', 'Page'],
    alarmRules().map(({ alert, expr, for: hold, labels, annotations }) => {
      const file = annotations.runbook.replace('docs/operate/', '')
      return [
        code(alert),
        labels.severity,
        `${code(expr)}${hold === undefined ? '' : ` for ${hold}`}`,
        `[${file}](../operate/${file})`,
      ]
    }),
  )

const LAST_WORDS = `ZonecastObservationsStop and the dead-man's switch matter most: every other alarm is silent when the observing process is down. Alarm on the
maximum, not on a median: one node that is days behind does not change a median.`

export type NamedMetric = Metric & { name: string; help: string; labelNames?: readonly string[]; constructor: { name: string } }

const metricsOf = (registry: Registry): NamedMetric[] => registry.getMetricsAsArray() as unknown as NamedMetric[]

/** Every metric of the program: those of the registry and the series of zones. */
export function allMetrics(): NamedMetric[] {
  const { registry } = new Metrics()
  // Names, helps and labels exist from the start; this context is read only when values are collected.
  registerGauges(registry, { matrix: {} } as unknown as ApiContext)
  const series = ZONE_SERIES.map(({ name, help, labelNames }) => ({ name, help, labelNames, constructor: { name: 'Gauge' } }))
  return [...metricsOf(registry), ...(series as unknown as NamedMetric[])].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

export function metricsPage(): string {
  const all = allMetrics()
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
    alarmTable(),
    LAST_WORDS,
    '## Process',
    'The metrics library adds these for every Node.js process: `zonecast_process_*` (CPU, memory, open files) and `zonecast_nodejs_*` (event loop lag, heap, garbage collection).',
  )
}
