/** A picture of the time that a node took for each of the last releases: one column each, oldest first, on a logarithmic scale. */
import { h, s } from './dom.js'
import { shortMs } from './propagation.js'

/** @typedef {import('./answers.js').RolloutAnswer} RolloutAnswer */

const WIDTH = 640
const HEIGHT = 72
const BASE = 58
const MOST_MS = 3_600_000
const GRID = /** @type {const} */ ([10, 1000, 60_000])

/** Milliseconds from the release to the confirmation, oldest first. Pure. @param {string} node @param {readonly RolloutAnswer[]} releases newest first */
export function delaysOf(node, releases) {
  return releases
    .flatMap(({ zone, serial, version }) => {
      const [from, to] = [version.releasedTo[node], version.confirmed[node]]
      return from == null || to == null ? [] : [{ zone, serial, at: to, ms: Math.max(0, Date.parse(to) - Date.parse(from)) }]
    })
    .sort((a, b) => (a.at < b.at ? -1 : 1))
}

/** @param {string} node @param {readonly RolloutAnswer[]} releases newest first */
export function delays(node, releases) {
  const all = delaysOf(node, releases)
  const last = all.at(-1)
  if (last === undefined) return [h('p', { class: 'quiet' }, 'No release has been confirmed yet.')]
  const sorted = all.map(({ ms }) => ms).sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  const words = `Last ${all.length} releases: median ${shortMs(median)}, slowest ${shortMs(sorted.at(-1) ?? 0)}, last ${shortMs(last.ms)}.`
  const height = (/** @type {number} */ ms) => Math.max(2, (BASE * Math.log(1 + ms)) / Math.log(1 + MOST_MS))
  const step = Math.min(28, WIDTH / Math.max(12, all.length))
  return [
    h('p', { class: 'quiet' }, words),
    s(
      'svg',
      { viewBox: `0 0 ${WIDTH + 50} ${HEIGHT}`, class: 'delays', role: 'img', 'aria-label': words },
      GRID.map((ms) => s('line', { class: 'grid', x1: 0, x2: WIDTH, y1: BASE + 8 - height(ms), y2: BASE + 8 - height(ms) })),
      GRID.map((ms) => s('text', { x: WIDTH + 4, y: BASE + 12 - height(ms) }, shortMs(ms))),
      all.map(({ zone, serial, ms }, i) =>
        s(
          'rect',
          { x: i * step, y: BASE + 8 - height(ms), width: step - 3, height: height(ms), class: 'delay' },
          s('title', {}, `${zone} ${serial}: ${shortMs(ms)}`),
        ),
      ),
    ),
  ]
}
