/** One zone: its released serial, the serials of its primaries, the nodes that are not in sync, and the kept versions. */
import { facts } from './cell-detail.js'
import { h } from './dom.js'
import { stateWord } from './state-mark.js'
import { stateRow } from './states.js'
import { versionStateMeans } from './version-states.js'
import { ago, count, moment, plural, span } from './words.js'

/** @typedef {import('./answers.js').ZoneAnswer} ZoneAnswer */
/** @typedef {import('./detail-panel.js').DetailParts} DetailParts */

const NODES_SHOWN = 60

/** @param {ZoneAnswer} zone @param {DetailParts} parts */
export function zoneDetail(zone, { hubNow, choose }) {
  const behind = Object.entries(zone.nodes)
    .filter(([, { state }]) => state !== 'in-sync')
    .sort(([, a], [, b]) => stateRow(a.state).order - stateRow(b.state).order)
  return [
    h(
      'p',
      { class: 'lead' },
      stateWord(zone.state),
      h('span', { class: 'quiet' }, `${zone.inSync} of ${zone.total} nodes in sync`),
    ),
    zone.error !== null &&
      h('p', { class: 'error' }, zone.held === null ? `No newer version can be released: ${zone.error}` : zone.held),
    facts([
      ['Released', zone.serial ?? 'no version yet'],
      ['At', moment(zone.releasedAt)],
      ['Records', count(zone.records)],
      ['Digest', h('code', {}, zone.digest ?? '–')],
      ['Behind', zone.lagSeconds > 0 ? span(zone.lagSeconds) : 'no'],
    ]),
    h('h3', {}, 'Primaries'),
    table(
      ['Primary', 'Serial', 'State', 'Asked', 'Error'],
      Object.entries(zone.primaries).map(([id, { serial, state, checkedAt, error }]) => [
        id,
        serial ?? '–',
        state,
        ago(checkedAt, hubNow()),
        error === null ? '–' : h('span', { class: 'error' }, error),
      ]),
    ),
    ...(behind.length === 0 ? [] : [h('h3', {}, plural(behind.length, 'node'), ' not in sync')]),
    h(
      'ul',
      { class: 'others' },
      behind
        .slice(0, NODES_SHOWN)
        .map(([node, { state, serial, lagSeconds, error }]) =>
          h(
            'li',
            {},
            h('button', { type: 'button', class: 'link', onclick: () => choose({ zone: zone.name, node }) }, node),
            stateWord(state),
            ` serial ${serial ?? 'unknown'}${lagSeconds > 0 ? `, ${span(lagSeconds)} behind` : ''}`,
            error !== null && h('span', { class: 'error' }, error),
          ),
        ),
    ),
    h('h3', {}, 'Versions'),
    table(
      ['Serial', 'State', 'Records', 'From', 'Released (UTC)'],
      zone.versions.map(({ serial, state, records, kind, from, releasedAt }) => [
        serial,
        h('span', { title: versionStateMeans(state) }, state),
        count(records),
        `${from}, ${kind.toUpperCase()}`,
        // The year is in the sum above.
        h('span', { title: moment(releasedAt) }, moment(releasedAt).slice(5)),
      ]),
    ),
  ]
}

/** @param {string[]} head @param {(string | number | Node)[][]} rows */
const table = (head, rows) =>
  h(
    'div',
    { class: 'table', tabindex: 0, role: 'group', 'aria-label': head.join(', ') },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((cells) =>
          h(
            'tr',
            {},
            cells.map((cell) => h('td', {}, cell)),
          ),
        ),
      ),
    ),
  )
