/**
 * A picture of one version: announced, on disk, then stage by stage the time from the release to the confirmation of each node. The
 * time scale is linear and ends at the last event, or now while nodes are awaited.
 */
import { h, s } from './dom.js'
import { shortMs } from './propagation.js'
import { clock } from './words.js'

/** @typedef {import('./answers.js').RolloutAnswer} RolloutAnswer */
/** @typedef {import('./answers.js').StageAnswer} StageAnswer */
/** @typedef {{ name: string, from: number, to: number | undefined, kind: 'step' | 'done' | 'open' | 'soak', label: string }} Bar Times in ms. */

const WIDTH = 700
const ROW = 20
/** A stage with more nodes has one line for those that have confirmed. */
const NODES_DRAWN = 16

/** Pure. @param {RolloutAnswer} rollout @param {number} now @returns {{ start: number, end: number, bars: Bar[] }} */
export function barsOf(rollout, now) {
  const { version, stages, checkedAt } = rollout
  const at = (/** @type {string | null | undefined} */ iso) => (iso == null ? undefined : Date.parse(iso))
  const seen = at(version.seenAt) ?? at(version.committedAt) ?? now
  const committed = at(version.committedAt) ?? seen
  /** @type {Bar[]} */
  const bars = [
    step(
      `From ${version.from}`,
      seen,
      committed,
      `announced ${clock(version.seenAt)}, on disk ${shortMs(committed - seen)} later`,
    ),
  ]
  const checked = at(checkedAt)
  if (checked !== undefined) bars.push(step('Checks', Math.min(committed, checked), checked, `checked ${clock(checkedAt)}`))
  for (const stage of stages) bars.push(...stageBars(stage, version.confirmed, at))
  const ends = bars.map(({ from, to }) => to ?? Math.max(from, now))
  return { start: seen, end: Math.max(seen + 1, ...ends), bars }
}

/** @param {string} name @param {number} from @param {number} to @param {string} label @returns {Bar} */
const step = (name, from, to, label) => ({ name, from, to, kind: 'step', label })

/**
 * @param {StageAnswer} stage @param {Readonly<Record<string, string | null>>} confirmed
 * @param {(iso: string | null | undefined) => number | undefined} at @returns {Bar[]}
 */
function stageBars({ name, nodes, soakSeconds, state }, confirmed, at) {
  const released = nodes.flatMap(({ releasedAt }) => at(releasedAt) ?? [])
  if (released.length === 0) return []
  const from = Math.min(...released)
  const rows = nodes.flatMap(({ node, releasedAt }) => {
    const start = at(releasedAt)
    if (start === undefined) return []
    const end = at(confirmed[node])
    // A node may have had the version before its stage.
    return [{ node, start: end === undefined ? start : Math.min(start, end), end }]
  })
  const ended = rows.flatMap(({ end }) => end ?? [])
  const last = ended.length === rows.length ? Math.max(...ended) : undefined
  const sum = `${ended.length} of ${nodes.length} confirmed${last === undefined ? '' : ` ${shortMs(last - from)} after the release`}`
  /** @type {Bar[]} */
  const bars = [{ name: `Stage ${name}`, from, to: last, kind: last === undefined ? 'open' : 'done', label: sum }]
  const drawn = rows.length <= NODES_DRAWN ? rows : rows.filter(({ end }) => end === undefined).slice(0, NODES_DRAWN)
  for (const { node, start, end } of rows.length > 1 || drawn.length > 0 ? drawn : [])
    bars.push({
      name: `· ${node}`,
      from: start,
      to: end,
      kind: end === undefined ? 'open' : 'done',
      label: end === undefined ? 'has not confirmed' : `confirmed after ${shortMs(end - start)}`,
    })
  if (soakSeconds > 0 && last !== undefined && state !== 'waiting')
    bars.push({
      name: '· soak',
      from: last,
      to: last + soakSeconds * 1000,
      kind: 'soak',
      label: `soak of ${shortMs(soakSeconds * 1000)}`,
    })
  return bars
}

/** @param {RolloutAnswer} rollout @param {number} now */
export function timeline(rollout, now) {
  const { start, end, bars } = barsOf(rollout, now)
  const x = (/** @type {number} */ ms) => 2 + (WIDTH - 4) * Math.min(1, Math.max(0, (ms - start) / (end - start)))
  return h(
    'div',
    { class: 'timeline', role: 'group', 'aria-label': `Timeline of serial ${rollout.serial}` },
    ...bars.flatMap(({ name, from, to, kind, label }) => [
      h('span', { class: 'bar-name' }, name),
      s(
        'svg',
        { viewBox: `0 0 ${WIDTH} ${ROW}`, class: `bar ${kind}`, 'aria-hidden': 'true', preserveAspectRatio: 'none' },
        s('line', { class: 'grid', x1: 0, x2: WIDTH, y1: ROW - 0.5, y2: ROW - 0.5 }),
        s('rect', { x: x(from), y: 5, width: Math.max(4, x(to ?? end) - x(from)), height: 10, rx: 2 }),
      ),
      h('span', { class: `bar-label ${kind}` }, label),
    ]),
    h('span', { class: 'quiet' }, ''),
    h(
      'span',
      { class: 'axis-ends quiet' },
      h('span', {}, `${clock(new Date(start).toISOString())} UTC`),
      h('span', {}, `+${shortMs(end - start)}`),
    ),
    h('span', {}, ''),
  )
}
