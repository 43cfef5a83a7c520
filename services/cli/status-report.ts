/** The sync matrix for operators and for Prometheus: answers in, text out. For Nagios: nagios-report.ts. */
import type { NodeState } from '../../lib/fleet/node-state.js'
import { printable } from '../../lib/runtime/printable.js'
import type { MatrixAnswer } from './answers.js'
import { type Pair, pairsOf, sumsByNode } from './node-sums.js'
import { type CellInput, colourOf, type Screen, span, table } from './render.js'

/** Most lines with one zone or pair each. */
const MAX_LINES = 50
/** Most zones named below the table. */
const MAX_NOTES = 20

/** Zones by nodes if that fits the screen, else a line for every pair; above 50 lines one for every node, unless `all`. */
export function statusTable(matrix: MatrixAnswer, screen: Screen, all = false): string {
  if (matrix.zones.length === 0) return 'no zones\n'
  return `${pairsTable(matrix, screen, all)}${zoneNotes(matrix)}`
}

/** Zones whose newest version is not released: no node shows them. */
function zoneNotes({ zones, primaries = [] }: MatrixAnswer): string {
  const notes = zones.flatMap(({ name, error, held }) =>
    (held ?? error) == null ? [] : [`${name}: ${(held ?? error)!.split('\n')[0]}`],
  )
  const more =
    notes.length > MAX_NOTES ? [`${notes.length - MAX_NOTES} more zones have no newer version; zonecast zones lists them`] : []
  const others = primaries.flatMap(({ id, trouble }) =>
    trouble.map(
      ({ state, zones: count, example, detail }) =>
        `primary ${id}: ${state} for ${count === 1 ? example : `${count} zones, such as ${example}`}${detail === null ? '' : ` (${detail})`}`,
    ),
  )
  return [...notes.slice(0, MAX_NOTES), ...more, ...others].map((line) => `${printable(line)}\n`).join('')
}

function pairsTable(matrix: MatrixAnswer, screen: Screen, all: boolean): string {
  const pairs = pairsOf(matrix)
  const isLong = !all && matrix.nodes.length > 1
  if (isLong && matrix.zones.length > MAX_LINES) return sumTable(matrix, pairs, screen)
  const wide = matrixTable(matrix, { hasColour: false, isLive: false, columns: 0 })
  const width = Math.max(...wide.split('\n').map((line) => line.length))
  if (width <= screen.columns) return matrixTable(matrix, screen)
  return isLong && pairs.length > MAX_LINES ? sumTable(matrix, pairs, screen) : pairTable(matrix, screen)
}

function sumTable({ zones, nodes }: MatrixAnswer, pairs: readonly Pair[], screen: Screen): string {
  const rows = sumsByNode(pairs).map(({ node, cloud, pairs: own, states, lagSeconds, error }): CellInput[] => {
    const inSync = states.find(([state]) => state === 'in-sync')?.[1] ?? 0
    const [worst] = states.filter(([state]) => state !== 'in-sync')
    return [
      node,
      cloud,
      { text: `${inSync}/${own.length}`, align: 'right', colour: inSync === own.length ? 'green' : 'yellow' },
      {
        text: states
          .filter(([state]) => state !== 'in-sync')
          .map(([state, count]) => `${count} ${state}`)
          .join(', '),
        ...(worst ? { colour: colourOf(worst[0]) } : {}),
      },
      { text: lagSeconds > 0 ? span(lagSeconds) : '-', align: 'right' },
      error ? `${error.count} times: ${error.text}` : '',
    ]
  })
  const header = ['NODE', 'CLOUD', 'IN SYNC', 'OTHER STATES', 'LAG', 'ERROR']
  return `${table(header, rows, screen)}${zones.length} zones on ${nodes.length} nodes; for single zones name a ZONE, --node or --state, or give --all\n`
}

function matrixTable({ zones, nodes }: MatrixAnswer, screen: Screen): string {
  const header = ['ZONE', 'RELEASED', ...nodes.map(({ id, cloud }) => `${id} (${cloud})`)]
  const rows = zones.map((zone): CellInput[] => [
    zone.name,
    zone.serial,
    ...nodes.map(({ id }): CellInput => {
      const at = zone.nodes[id]
      if (at === undefined) return ''
      const lag = at.lagSeconds > 0 ? ` ${span(at.lagSeconds)}` : ''
      return { text: `${at.serial ?? '-'} ${at.state}${lag}`, colour: colourOf(at.state) }
    }),
  ])
  return table(header, rows, screen)
}

function pairTable(matrix: MatrixAnswer, screen: Screen): string {
  const released = new Map(matrix.zones.map(({ name, serial }) => [name, serial]))
  const rows = pairsOf(matrix).map(({ zone, node, cloud, at }): CellInput[] => [
    zone,
    node,
    cloud,
    released.get(zone) ?? null,
    at.serial,
    { text: at.state, colour: colourOf(at.state) },
    { text: at.lagSeconds > 0 ? span(at.lagSeconds) : '-', align: 'right' },
    at.error ?? '',
  ])
  return table(['ZONE', 'NODE', 'CLOUD', 'RELEASED', 'SERIAL', 'STATE', 'LAG', 'ERROR'], rows, screen)
}

const label = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** Prometheus text exposition with the names of /metrics, for a textfile collector where the hub cannot be scraped. */
export function prometheusReport(matrix: MatrixAnswer): string {
  const pairs = pairsOf(matrix)
  const at = ({ zone, node, cloud }: Pair) => `{node="${label(node)}",cloud="${label(cloud)}",zone="${label(zone)}"}`
  const counts = new Map<string, number>()
  for (const { cloud, at: seen } of pairs) {
    const key = `{cloud="${label(cloud)}",state="${seen.state satisfies NodeState}"}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const family = (name: string, help: string, samples: readonly string[]) =>
    samples.length === 0
      ? ''
      : [
          `# HELP zonecast_${name} ${help}`,
          `# TYPE zonecast_${name} gauge`,
          ...samples.map((line) => `zonecast_${name}${line}`),
          '',
        ].join('\n')
  return [
    family(
      'zone_serial',
      'Serial by source: released, or as a primary serves it',
      matrix.zones.flatMap(({ name, serial }) =>
        serial === null ? [] : [`{zone="${label(name)}",source="released"} ${serial}`],
      ),
    ),
    family(
      'node_zone_serial',
      "Serial in the node's own last answer",
      pairs.flatMap((pair) => (pair.at.serial === null ? [] : [`${at(pair)} ${pair.at.serial}`])),
    ),
    family(
      'node_zone_lag_seconds',
      'Age of the oldest release that the node has not reached',
      pairs.map((pair) => `${at(pair)} ${pair.at.lagSeconds}`),
    ),
    family(
      'nodes_in_state',
      'Pairs of zone and node by cloud and state',
      [...counts].map(([labels, count]) => `${labels} ${count}`),
    ),
    family('zones_held', 'Zones with a version that waits for an operator, or on hold', [
      ` ${matrix.zones.filter(({ held }) => held != null).length}`,
    ]),
  ].join('')
}
