/** The sync matrix for people, for Nagios and for Prometheus: answers in, text out. */
import type { NodeState } from '../../lib/fleet/node-state.js'
import type { MatrixAnswer, NodeZoneAnswer } from './answers.js'
import { type CellInput, colourOf, printable, span, table } from './render.js'

interface Pair {
  zone: string
  node: string
  cloud: string
  at: NodeZoneAnswer
}

function pairsOf({ zones, nodes }: MatrixAnswer): Pair[] {
  return zones.flatMap((zone) =>
    nodes.flatMap(({ id, cloud }) => {
      const at = zone.nodes[id]
      return at === undefined ? [] : [{ zone: zone.name, node: id, cloud, at }]
    }),
  )
}

/** Zones by nodes while that fits the screen, else a line for every pair. */
export function statusTable(matrix: MatrixAnswer, columns: number, hasColour: boolean): string {
  if (matrix.zones.length === 0) return 'no zones\n'
  const wide = matrixTable(matrix, false)
  const width = Math.max(...wide.split('\n').map((line) => line.length))
  return width <= columns ? matrixTable(matrix, hasColour) : pairTable(matrix, hasColour)
}

function matrixTable({ zones, nodes }: MatrixAnswer, hasColour: boolean): string {
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
  return table(header, rows, hasColour)
}

function pairTable(matrix: MatrixAnswer, hasColour: boolean): string {
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
  return table(['ZONE', 'NODE', 'CLOUD', 'RELEASED', 'SERIAL', 'STATE', 'LAG', 'ERROR'], rows, hasColour)
}

export const NAGIOS = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const

/** A change on its way takes well under a second; this long after a release it is worth a look. */
const SYNCING_WARN_SECONDS = 10

function severity({ state, lagSeconds }: NodeZoneAnswer, pageLagSeconds = Number.POSITIVE_INFINITY): 0 | 1 | 2 {
  if (state !== 'drained' && lagSeconds >= pageLagSeconds) return NAGIOS.critical
  switch (state) {
    case 'in-sync':
      return NAGIOS.ok
    case 'syncing':
      return lagSeconds >= SYNCING_WARN_SECONDS ? NAGIOS.warning : NAGIOS.ok
    case 'lagging':
    case 'held':
    case 'drained':
      return NAGIOS.warning
    case 'stuck':
    case 'conflict':
    case 'ahead':
    case 'expired':
    case 'unknown':
      return NAGIOS.critical
  }
}

/** Named in the first line; the rest is in the long output below it. */
const NAMED = 3

/** One line with performance data, then a line for every pair that is not well. */
export function nagiosReport(matrix: MatrixAnswer): { text: string; exit: 0 | 1 | 2 | 3 } {
  const pairs = pairsOf(matrix)
  if (pairs.length === 0) return { text: nagiosLine('UNKNOWN', 'no node carries a zone'), exit: NAGIOS.unknown }
  const gravity = ({ at }: Pair) => severity(at, matrix.pageLagSeconds)
  const bad = pairs.filter((pair) => gravity(pair) > 0).sort((a, b) => gravity(b) - gravity(a))
  // Nodes that agree with us say nothing about a primary we cannot take anything from.
  const failing = matrix.zones.filter(({ error }) => error != null)
  const exit = Math.max(failing.length > 0 ? NAGIOS.warning : NAGIOS.ok, ...bad.map(gravity)) as 0 | 1 | 2
  const inSync = pairs.filter(({ at }) => at.state === 'in-sync').length
  const lag = Math.max(0, ...pairs.filter(({ at }) => at.state !== 'drained').map(({ at }) => at.lagSeconds))
  const describe = ({ zone, node, at }: Pair) =>
    `${zone} on ${node} ${at.state} at ${at.serial ?? 'no serial'}${at.lagSeconds > 0 ? `, ${span(at.lagSeconds)} behind` : ''}`
  const more = bad.length > NAMED ? `, and ${bad.length - NAMED} more` : ''
  const names = bad.length > 0 ? `: ${bad.slice(0, NAMED).map(describe).join('; ')}${more}` : ''
  const refreshes =
    failing.length > 0
      ? `; refresh fails: ${failing
          .slice(0, NAMED)
          .map(({ name }) => name)
          .join(', ')}`
      : ''
  const words = `${inSync} of ${pairs.length} in sync${names}${refreshes}`
  const perf = `in_sync=${inSync};;;0;${pairs.length} not_in_sync=${pairs.length - inSync};;;0;${pairs.length} lag=${lag}s;;;0`
  const causes = failing.map(({ name, error }) => `${clean(`${name} cannot be refreshed: ${error}`)}\n`).join('')
  const long = bad.map((pair) => `${clean(describe(pair))}${pair.at.error ? ` (${clean(pair.at.error)})` : ''}\n`).join('')
  return { text: `${nagiosLine(['OK', 'WARNING', 'CRITICAL'][exit]!, words, perf)}${long}${causes}`, exit }
}

/** A bar would begin the performance data. */
const clean = (text: string): string => printable(text).replaceAll('|', '/')

export function nagiosLine(word: string, words: string, perf?: string): string {
  return `ZONECAST ${word} - ${clean(words)}${perf === undefined ? '' : ` | ${perf}`}\n`
}

const label = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** Prometheus text exposition, under the names /metrics uses; for a textfile collector where nothing can scrape the hub. */
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
      'Age of the oldest release the node has not reached',
      pairs.map((pair) => `${at(pair)} ${pair.at.lagSeconds}`),
    ),
    family(
      'nodes_in_state',
      'Pairs of zone and node by cloud and state',
      [...counts].map(([labels, count]) => `${labels} ${count}`),
    ),
  ].join('')
}
