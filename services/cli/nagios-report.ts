/** The sync matrix for Nagios: one line with performance data, then lines of detail, and the exit status. */
import type { NodeState } from '../../lib/fleet/node-state.js'
import { printable } from '../../lib/runtime/printable.js'
import type { MatrixAnswer, NodeZoneAnswer } from './answers.js'
import { type NodeSum, type Pair, pairsOf, sumsByNode } from './node-sums.js'
import { span } from './render.js'

export const NAGIOS = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const

/** A change normally arrives in well under a second; this long after a release it deserves a warning. */
const SYNCING_WARN_SECONDS = 10

const SEVERITY: Readonly<Record<NodeState, 0 | 1 | 2>> = {
  'in-sync': NAGIOS.ok,
  syncing: NAGIOS.ok,
  lagging: NAGIOS.warning,
  held: NAGIOS.warning,
  drained: NAGIOS.warning,
  stuck: NAGIOS.critical,
  conflict: NAGIOS.critical,
  ahead: NAGIOS.critical,
  expired: NAGIOS.critical,
  unknown: NAGIOS.critical,
}

function severity({ state, lagSeconds }: NodeZoneAnswer, pageLagSeconds = Number.POSITIVE_INFINITY): 0 | 1 | 2 {
  if (state !== 'drained' && lagSeconds >= pageLagSeconds) return NAGIOS.critical
  if (state === 'syncing' && lagSeconds >= SYNCING_WARN_SECONDS) return NAGIOS.warning
  // A newer hub may have a state that this program does not know.
  return SEVERITY[state] ?? NAGIOS.critical
}

/** Zones or nodes named in the first line; the rest is in the long output below it. */
const NAMED = 3
/** Lines for single pairs; more are summed by node. */
const MAX_LINES = 50

/** One line with performance data, then a line for every pair that is not in sync, or for every node when that is too long. */
export function nagiosReport(matrix: MatrixAnswer): { text: string; exit: 0 | 1 | 2 | 3 } {
  const pairs = pairsOf(matrix)
  if (pairs.length === 0) return { text: nagiosLine('UNKNOWN', 'no node serves a zone'), exit: NAGIOS.unknown }
  const gravity = ({ at }: Pair) => severity(at, matrix.pageLagSeconds)
  const bad = pairs.filter((pair) => gravity(pair) > 0).sort((a, b) => gravity(b) - gravity(a))
  // Nodes in sync with the hub show nothing about a primary that the hub cannot transfer from.
  const waiting = matrix.zones.filter(({ held }) => held != null)
  const failing = matrix.zones.filter(({ error, held }) => error != null && held == null)
  const primaries = primaryTroubles(matrix)
  const zones = matrix.zones.some(({ state }) => state === 'conflict') ? NAGIOS.critical : NAGIOS.ok
  const others = waiting.length + failing.length + primaries.length > 0 ? NAGIOS.warning : NAGIOS.ok
  const exit = Math.max(zones, others, ...new Set(bad.map(gravity))) as 0 | 1 | 2
  const inSync = pairs.filter(({ at }) => at.state === 'in-sync').length
  const lag = pairs.reduce((most, { at }) => (at.state === 'drained' ? most : Math.max(most, at.lagSeconds)), 0)
  const isLong = bad.length + failing.length + waiting.length > MAX_LINES
  const rows = isLong ? worstFirst(sumsByNode(bad), gravity).map(sumWords) : bad.map(pairWords)
  const more = rows.length > NAMED ? `, and ${rows.length - NAMED} more${isLong ? ' nodes' : ''}` : ''
  const firstRows = rows.slice(0, NAMED).map(({ words }) => words)
  const names = bad.length > 0 ? `: ${firstRows.join('; ')}${more}` : ''
  const holds = waiting.map(({ name, held }) => `${name} (${checkOf(held!)})`)
  const words = [
    `${inSync} of ${pairs.length} in sync${names}`,
    ...listed('held', holds),
    ...listed(
      'no newer version',
      failing.map(({ name }) => name),
    ),
    ...listed('primaries', primaries),
  ].join('; ')
  const perf = `in_sync=${inSync};;;0;${pairs.length} not_in_sync=${pairs.length - inSync};;;0;${pairs.length} lag=${lag}s;;;0`
  const long = rows.map((row) => `${clean(row.words)}${row.error ? ` (${clean(row.error)})` : ''}\n`).join('')
  const shown = [...waiting, ...failing].slice(0, MAX_LINES)
  const left = waiting.length + failing.length - shown.length
  const causes = [
    ...shown.map(({ name, error, held }) => clean(`${name}: ${held ?? error}`)),
    ...(left > 0 ? [`${left} more zones have no newer version; zonecast zones lists them`] : []),
  ]
  const causeLines = causes.map((line) => `${line}\n`).join('')
  return { text: `${nagiosLine(['OK', 'WARNING', 'CRITICAL'][exit]!, words, perf)}${long}${causeLines}`, exit }
}

/** A list for the first line: some by name, the rest by number. */
const listed = (what: string, names: readonly string[]): string[] =>
  names.length === 0
    ? []
    : [`${what}: ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? `, and ${names.length - NAMED} more` : ''}`]

/** The check that holds a version, or the first words of the reason. */
const checkOf = (held: string): string =>
  held.split('\n')[0]!.replace(/^serial (\d+) is (\w+): ([\w-]+): .*$/, 'serial $1 $2 by $3')

const primaryTroubles = ({ primaries = [] }: MatrixAnswer): string[] =>
  primaries.flatMap(({ id, trouble }) =>
    trouble.map(({ state, zones, example }) => `${id} ${state} for ${zones === 1 ? example : `${zones} zones`}`),
  )

const behind = (seconds: number): string => (seconds > 0 ? `, ${span(seconds)} behind` : '')

const pairWords = ({ zone, node, at }: Pair) => ({
  words: `${zone} on ${node} ${at.state} at ${at.serial ?? 'no serial'}${behind(at.lagSeconds)}`,
  error: at.error,
})

/** The node with the worst state first; of two equal ones, the node with more pairs. */
function worstFirst(sums: NodeSum[], gravity: (pair: Pair) => number): NodeSum[] {
  const worst = new Map(sums.map((sum) => [sum, sum.pairs.reduce((most, pair) => Math.max(most, gravity(pair)), 0)]))
  return sums.sort((a, b) => worst.get(b)! - worst.get(a)! || b.pairs.length - a.pairs.length)
}

const sumWords = ({ node, states, lagSeconds, error }: NodeSum) => ({
  words: `${node} ${states.map(([state, count]) => `${count} ${state}`).join(', ')}${behind(lagSeconds)}`,
  error: error && `${error.count} times: ${error.text}`,
})

/** Replaces bars: a bar would begin the performance data. */
const clean = (text: string): string => printable(text).replaceAll('|', '/')

export function nagiosLine(word: string, words: string, perf?: string): string {
  return `ZONECAST ${word} - ${clean(words)}${perf === undefined ? '' : ` | ${perf}`}\n`
}
