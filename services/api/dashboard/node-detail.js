/** One node: its place, the number of its zones in sync, and the list of the others. */
import { facts } from './cell-detail.js'
import { h } from './dom.js'
import { stateMark, stateWord } from './state-mark.js'
import { STATES, stateRow, worstOf } from './states.js'
import { ago, count, plural, span } from './words.js'

/** @typedef {import('./answers.js').NodeAnswer} NodeAnswer */
/** @typedef {import('./answers.js').State} State */
/** @typedef {import('./detail-panel.js').DetailParts} DetailParts */

const ZONES_SHOWN = 60

/** @param {NodeAnswer} node @param {DetailParts} parts */
export function nodeDetail(node, { hubNow, choose }) {
  const present = STATES.filter(({ state }) => (node.states[state] ?? 0) > 0)
  const worst = worstOf(present.map(({ state }) => state))
  const behind = Object.entries(node.zones)
    .filter(([, { state }]) => state !== 'in-sync')
    .sort(([a, x], [b, y]) => stateRow(x.state).order - stateRow(y.state).order || (a < b ? -1 : 1))
  return [
    h(
      'p',
      { class: 'lead' },
      worst !== undefined && stateWord(worst),
      h('span', { class: 'quiet' }, `${node.inSync} of ${plural(node.total, 'zone')} in sync`),
    ),
    node.drained &&
      h(
        'p',
        { class: 'error' },
        `Drained by ${node.drainedBy ?? 'an operator'}${node.drainReason ? `: ${node.drainReason}` : ''}.`,
      ),
    facts([
      ['Cloud', node.cloud],
      ['Site', node.site ?? '–'],
      ['Control address', h('code', {}, node.address)],
      ['Last answer', ago(node.observedAt, hubNow())],
      ['Behind', node.lagSeconds > 0 ? span(node.lagSeconds) : 'no'],
      ...node.oldKeys.map((old) => oldKeyRow(old, hubNow())),
    ]),
    h(
      'p',
      { class: 'sums' },
      present.map(({ state }) => h('span', {}, stateMark(state), ` ${count(node.states[state] ?? 0)} ${state}`)),
    ),
    ...(behind.length === 0 ? [] : [h('h3', {}, plural(behind.length, 'zone'), ' not in sync')]),
    h(
      'ul',
      { class: 'others' },
      behind
        .slice(0, ZONES_SHOWN)
        .map(([zone, { state, serial, lagSeconds, error }]) =>
          h(
            'li',
            {},
            h('button', { type: 'button', class: 'link', onclick: () => choose({ zone, node: node.id }) }, zone),
            stateWord(state),
            ` serial ${serial ?? 'unknown'}${lagSeconds > 0 ? `, ${span(lagSeconds)} behind` : ''}`,
            error !== null && h('span', { class: 'error' }, error),
          ),
        ),
      behind.length > ZONES_SHOWN && h('li', {}, `and ${count(behind.length - ZONES_SHOWN)} more`),
    ),
  ]
}

/** @param {NodeAnswer['oldKeys'][number]} old @param {number} now @returns {[string, string]} */
const oldKeyRow = ({ key, usedAt }, now) => [`Old key ${key}`, usedAt === null ? 'not used' : `used ${ago(usedAt, now)}`]
