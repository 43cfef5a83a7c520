/** One zone on one node: the serial that it serves, and the chain of the newest release step by step. */
import { h } from './dom.js'
import { stateWord } from './state-mark.js'
import { stateRow } from './states.js'
import { ago, chainEnd, chainLines, moment, span } from './words.js'

/** @typedef {import('./answers.js').ChainAnswer} ChainAnswer */
/** @typedef {import('./detail-panel.js').DetailParts} DetailParts */

/** @param {string} zone @param {string} node @param {ChainAnswer} answer @param {DetailParts} parts */
export function cellDetail(zone, node, answer, { hubNow, choose }) {
  const lines = chainLines(answer)
  const day = answer.chain.find(({ at }) => at !== null)?.at ?? null
  return [
    h('p', { class: 'lead' }, stateWord(answer.state), h('span', { class: 'quiet' }, stateRow(answer.state).means)),
    facts([
      ['Serves', answer.serial ?? 'unknown'],
      ['Since', moment(answer.since)],
      ['Last answer', ago(answer.observedAt, hubNow())],
      ['Behind', answer.lagSeconds > 0 ? span(answer.lagSeconds) : 'no'],
      ['Last error', answer.error ?? 'none'],
      ['Verified', verifiedWords(answer.verified)],
    ]),
    h('h3', {}, 'Why'),
    h(
      'ol',
      { class: 'chain' },
      lines.map(({ step, title, at, gap, detail }) =>
        h(
          'li',
          { class: step },
          h('span', { class: 'when' }, h('time', {}, at), h('span', { class: 'gap' }, gap)),
          h('span', { class: 'what' }, h('b', {}, title), ` ${detail}`),
        ),
      ),
    ),
    h('p', { class: answer.waitingFor === null ? 'ending' : 'ending waits' }, chainEnd(answer)),
    day !== null && h('p', { class: 'quiet' }, `Times are UTC, ${day.slice(0, 10)}.`),
    h(
      'p',
      { class: 'links' },
      h('button', { type: 'button', class: 'link', onclick: () => choose({ zone, node: undefined }) }, `All of ${zone}`),
      h('button', { type: 'button', class: 'link', onclick: () => choose({ zone: undefined, node }) }, `All of ${node}`),
    ),
  ]
}

/** @param {ChainAnswer['verified']} verified */
function verifiedWords(verified) {
  if (verified == null) return 'never'
  const { at, how, verdict, why } = verified
  const way = how === 'axfr' ? 'by AXFR' : 'by sample'
  return `${moment(at)} ${way}: ${verdict === 'same' ? 'same content' : `${verdict}, ${why ?? 'no reason given'}`}`
}

/** A list of names and values. @param {[string, string | number | Node][]} rows */
export const facts = (rows) =>
  h(
    'dl',
    { class: 'pairs' },
    rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
