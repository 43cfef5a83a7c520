/** deploy/grafana/zonecast.json: a dashboard for Grafana, from a list of panels. A test compares its metrics with the program's. */

interface Panel {
  readonly title: string
  readonly kind: 'stat' | 'timeseries'
  /** Expression and legend of each series. */
  readonly series: readonly (readonly [expression: string, legend: string])[]
  /** A unit of Grafana. */
  readonly unit?: string
  /** A stat is red from this value on. */
  readonly redFrom?: number
  readonly description: string
}

interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** Seconds until a time. */
const until = (metric: string): string => `${metric} - time()`
const rate = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}[$__rate_interval]))`
const quantile = (share: number, metric: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket[$__rate_interval])))`

const stat = (title: string, expression: string, description: string, redFrom = 1): Panel => ({
  title,
  kind: 'stat',
  series: [[expression, '']],
  redFrom,
  description,
})

const ROWS: readonly Row[] = [
  {
    title: 'Now',
    panels: [
      stat('Zones held', 'max(zonecast_zones_held)', 'Zones with a version that waits for an operator, or on hold.'),
      stat(
        'Rollouts halted',
        'max(zonecast_rollouts{state="halted"})',
        'A stage failed; later stages keep the last good version.',
      ),
      stat(
        'Pairs that need an operator',
        'sum(max by (cloud, state) (zonecast_nodes_in_state{state=~"conflict|ahead|expired|stuck"}))',
        'Pairs of zone and node in the states conflict, ahead, expired and stuck.',
      ),
      stat(
        'Longest lag',
        'max(zonecast_node_lag_max_seconds)',
        'Age of the oldest release that a node has not reached, in seconds.',
        900,
      ),
      stat(
        'Primaries down',
        'count(max by (primary) (zonecast_primary_up) == 0) or vector(0)',
        'Primaries that answer for no zone.',
      ),
      stat('Hubs away', 'count(max by (hub) (zonecast_hub_up) == 0) or vector(0)', 'Hubs that did not report over Redis lately.'),
    ],
  },
  {
    title: 'Nodes',
    panels: [
      {
        title: 'Pairs by state',
        kind: 'timeseries',
        series: [['sum by (state) (max by (cloud, state) (zonecast_nodes_in_state))', '{{state}}']],
        description: 'Pairs of zone and node. Only in-sync is a state at rest.',
      },
      {
        title: 'Lag by cloud',
        kind: 'timeseries',
        unit: 's',
        series: [['max by (cloud) (zonecast_node_lag_max_seconds)', '{{cloud}}']],
        description: 'Age of the oldest release that a node of the cloud has not reached.',
      },
      {
        title: 'Age of the last observation',
        kind: 'timeseries',
        unit: 's',
        series: [['time() - max by (node) (zonecast_last_observation_timestamp_seconds)', '{{node}}']],
        description: 'A growing line is a silent node, or a hub that does not observe.',
      },
      {
        title: 'Zones with other content',
        kind: 'timeseries',
        series: [
          ['max by (node) (zonecast_verify_differs)', '{{node}}'],
          ['max by (node) (zonecast_forces_need_operator)', '{{node}} not repaired by force'],
        ],
        description: 'Zones whose content on the node differs from the released version.',
      },
    ],
  },
  {
    title: 'Propagation',
    panels: [
      {
        title: 'From the announcement to the last node',
        kind: 'timeseries',
        unit: 's',
        series: [
          [quantile(0.5, 'zonecast_propagation_seconds'), 'median'],
          [quantile(0.95, 'zonecast_propagation_seconds'), '95 %'],
          [quantile(0.95, 'zonecast_load_time_seconds'), 'load-time, 95 %'],
        ],
        description: 'load-time (RSSAC002) ends when 95 % of the nodes have confirmed the version.',
      },
      {
        title: 'By stage',
        kind: 'timeseries',
        unit: 's',
        series: [
          [
            'histogram_quantile(0.95, sum by (le, stage) (rate(zonecast_stage_propagation_seconds_bucket[$__rate_interval])))',
            '{{stage}}',
          ],
        ],
        description: 'From the release to the nodes of a stage to the confirmation by the last of them, 95 %.',
      },
      {
        title: 'Transfers',
        kind: 'timeseries',
        unit: 'ops',
        series: [[rate('zonecast_transfers_total', 'direction, kind, outcome'), '{{direction}} {{kind}} {{outcome}}']],
        description: 'Transfers from primaries and to nodes.',
      },
      {
        title: 'Transfer traffic',
        kind: 'timeseries',
        unit: 'Bps',
        series: [[rate('zonecast_transfer_bytes_total', 'direction'), '{{direction}}']],
        description: 'Octets of transfer messages.',
      },
    ],
  },
  {
    title: 'Primaries',
    panels: [
      {
        title: 'Zones by primary and state',
        kind: 'timeseries',
        series: [['max by (primary, state) (zonecast_primary_zones{state!="same"})', '{{primary}} {{state}}']],
        description: 'The state same is left out.',
      },
      {
        title: 'SOA queries',
        kind: 'timeseries',
        unit: 'ops',
        series: [[rate('zonecast_soa_queries_total', 'target, outcome'), '{{target}} {{outcome}}']],
        description: 'Queries to primaries and nodes by outcome.',
      },
      {
        title: 'NOTIFY messages',
        kind: 'timeseries',
        unit: 'ops',
        series: [[rate('zonecast_notify_total', 'direction, outcome'), '{{direction}} {{outcome}}']],
        description: 'From primaries and to nodes.',
      },
      {
        title: 'Checks',
        kind: 'timeseries',
        unit: 'ops',
        series: [[rate('zonecast_checks_total', 'check, verdict'), '{{check}} {{verdict}}']],
        description: 'Checks before release by verdict.',
      },
    ],
  },
  {
    title: 'Expirations and the hub',
    panels: [
      {
        title: 'Certificates',
        kind: 'timeseries',
        unit: 's',
        series: [[`min by (use) (${until('zonecast_certificate_expiry_timestamp_seconds')})`, '{{use}}']],
        description: 'Time until each certificate of the config expires.',
      },
      {
        title: 'First signature',
        kind: 'timeseries',
        unit: 's',
        series: [[`min(${until('zonecast_signature_expiry_timestamp_seconds')})`, 'all zones']],
        description: 'Time until the first signature of a released version expires.',
      },
      {
        title: 'Event loop delay',
        kind: 'timeseries',
        unit: 's',
        series: [['max by (instance) (zonecast_nodejs_eventloop_lag_p99_seconds)', '{{instance}}']],
        description: '99 % of the delays are shorter.',
      },
      {
        title: 'Memory',
        kind: 'timeseries',
        unit: 'bytes',
        series: [['zonecast_process_resident_memory_bytes', '{{instance}}']],
        description: 'Resident memory of each process.',
      },
    ],
  },
]

const COLUMNS = 24
const HEIGHT = { stat: 4, timeseries: 8 }

/** The dashboard as JSON text. */
export function grafanaDashboard(): string {
  let y = 0
  let id = 0
  const panels = ROWS.flatMap((row) => {
    const height = Math.max(...row.panels.map(({ kind }) => HEIGHT[kind]))
    const width = Math.floor(COLUMNS / row.panels.length)
    const head = { id: ++id, type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y, w: COLUMNS, h: 1 }, panels: [] }
    const own = row.panels.map((panel, i) => panelOf(panel, ++id, { x: i * width, y: y + 1, w: width, h: height }))
    y += height + 1
    return [head, ...own]
  })
  const dashboard = {
    uid: 'zonecast',
    title: 'Zonecast',
    tags: ['dns'],
    timezone: 'utc',
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [{ name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' }] },
    panels,
  }
  return `${JSON.stringify(dashboard, null, 2)}\n`
}

function panelOf(panel: Panel, id: number, gridPos: object): object {
  const { kind, title, description, series, unit, redFrom } = panel
  const datasource = { type: 'prometheus', uid: `\${source}` }
  const steps = [{ color: 'green', value: null }, ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }])]
  return {
    id,
    type: kind,
    title,
    description,
    gridPos,
    datasource,
    targets: series.map(([expr, legendFormat], i) => ({ refId: String.fromCharCode(65 + i), datasource, expr, legendFormat })),
    fieldConfig: {
      defaults: { ...(unit === undefined ? {} : { unit }), thresholds: { mode: 'absolute', steps } },
      overrides: [],
    },
  }
}
