/**
 * A picture of the last releases: one line for each, on a time scale that is logarithmic, because milliseconds and soaks of minutes
 * are on it. From the announcement (left end) over the commit to the confirmation of each node, one dot each.
 */
import { h, s } from './dom.js'
import { linkTo } from './place.js'

/** @typedef {import('./answers.js').RolloutAnswer} RolloutAnswer */
/** @typedef {{ zone: string, serial: number, id: string, committedMs: number, nodes: { node: string, ms: number }[], missing: number }} Release */

const WIDTH = 640
const ROW = 24
const TOP = 22
const LEFT = 4
/** Decades of the axis: 1 ms to 10,000,000 ms. */
const FROM_MS = 1
const MARKS = /** @type {const} */ ([
  [1, '1 ms'],
  [10, '10 ms'],
  [100, '0.1 s'],
  [1000, '1 s'],
  [10_000, '10 s'],
  [60_000, '1 min'],
  [600_000, '10 min'],
  [3_600_000, '1 h'],
])

/** @param {RolloutAnswer} rollout @returns {Release | undefined} undefined without a known beginning */
export function releaseOf({ id, zone, serial, version, stages }) {
  const from = version.seenAt ?? version.committedAt
  if (from === null) return undefined
  const start = Date.parse(from)
  const since = (/** @type {string} */ at) => Math.max(0, Date.parse(at) - start)
  const nodes = Object.entries(version.confirmed).flatMap(([node, at]) => (at === null ? [] : [{ node, ms: since(at) }]))
  const wanted = new Set(stages.flatMap((stage) => stage.nodes.map(({ node }) => node)))
  for (const { node } of nodes) wanted.delete(node)
  return {
    id,
    zone,
    serial,
    committedMs: version.committedAt === null ? 0 : since(version.committedAt),
    nodes: nodes.sort((a, b) => a.ms - b.ms),
    missing: wanted.size,
  }
}

/** `3 ms`, `1.2 s`, `5 min`. @param {number} ms */
export function shortMs(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}

/** The end of the axis: the first mark that covers everything. @param {readonly Release[]} releases */
function endOf(releases) {
  const most = Math.max(1000, ...releases.map(({ nodes, committedMs }) => nodes.at(-1)?.ms ?? committedMs))
  return MARKS.find(([ms]) => ms >= most)?.[0] ?? most
}

/** @param {Release} release */
const sentence = ({ committedMs, nodes, missing }) => {
  const [first, last] = [nodes.at(0), nodes.at(-1)]
  const seen = `on disk after ${shortMs(committedMs)}`
  if (first === undefined || last === undefined) return `${seen}; no node has confirmed it`
  return `${seen}, first node after ${shortMs(first.ms)}, ${missing === 0 ? `last of ${nodes.length}` : `${nodes.length} of ${nodes.length + missing}`} after ${shortMs(last.ms)} (${last.node})`
}

/** @param {readonly Release[]} releases newest first */
export function propagation(releases) {
  if (releases.length === 0) return [h('p', { class: 'quiet' }, 'No version was released yet.')]
  const end = endOf(releases)
  const x = (/** @type {number} */ ms) =>
    LEFT + ((WIDTH - 2 * LEFT) * Math.log(Math.max(FROM_MS, ms) / FROM_MS)) / Math.log(end / FROM_MS)
  return [
    h(
      'div',
      { class: 'releases' },
      h('span', { class: 'quiet' }, 'after the announcement'),
      s(
        'svg',
        { viewBox: `0 0 ${WIDTH} ${TOP}`, class: 'axis', 'aria-hidden': 'true' },
        MARKS.filter(([ms]) => ms <= end).map(([ms, text]) =>
          s('text', { x: x(ms), y: 15, 'text-anchor': ms === FROM_MS ? 'start' : ms === end ? 'end' : 'middle' }, text),
        ),
      ),
      h('span', { class: 'quiet' }, 'last node'),
      ...releases.flatMap((release) => {
        const last = release.nodes.at(-1)
        return [
          h('a', { href: linkTo('rollout', [release.id]), class: 'which' }, `${release.zone} ${release.serial}`),
          s(
            'svg',
            { viewBox: `0 0 ${WIDTH} ${ROW}`, class: 'track', role: 'img', 'aria-label': sentence(release) },
            s('title', {}, sentence(release)),
            MARKS.filter(([ms]) => ms <= end).map(([ms]) => s('line', { class: 'grid', x1: x(ms), x2: x(ms), y1: 0, y2: ROW })),
            s('rect', { class: 'commit', x: x(0), y: 9, width: Math.max(2, x(release.committedMs) - x(0)), height: 6 }),
            last !== undefined &&
              s('rect', {
                class: 'travel',
                x: x(release.committedMs),
                y: 11,
                width: Math.max(0, x(last.ms) - x(release.committedMs)),
                height: 2,
              }),
            release.nodes.map(({ ms }) => s('circle', { class: 'dot', cx: x(ms), cy: 12, r: 3.5 })),
          ),
          h(
            'span',
            { class: release.missing > 0 ? 'sum warn' : 'sum' },
            last === undefined ? '–' : release.missing > 0 ? `${release.missing} missing` : shortMs(last.ms),
          ),
        ]
      }),
    ),
    h(
      'p',
      { class: 'quiet legend' },
      h('i', { class: 'swatch commit' }),
      ' transferred, checked, on disk ',
      h('i', { class: 'swatch dot' }),
      ' a node confirmed · logarithmic',
    ),
  ]
}
