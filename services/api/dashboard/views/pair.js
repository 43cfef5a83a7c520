/** One zone on one node: what the node serves, and the chain of the newest release step by step. */
import { segment, zoneSegment } from '../api.js'
import { h } from '../dom.js'
import { forcePair, resyncPair, verifyPair } from '../orders/order.js'
import { linkTo } from '../place.js'
import { stateWord } from '../state-mark.js'
import { stateRow } from '../states.js'
import { facts, toolbar } from '../tables.js'
import { ago, chainEnd, chainLines, moment, span, verifiedWords } from '../words.js'

/** @typedef {import('../answers.js').ChainAnswer} ChainAnswer */

/** @type {import('../view-slot.js').View<ChainAnswer>} */
export const pair = {
  title: ({ names }) => names.join(' on '),
  heeds: (about, { names: [zone, node] }) =>
    (about.zone === undefined || about.zone === zone) && (about.node === undefined || about.node === node),
  load: ({ names: [zone = '', node = ''] }, { api }) => api.get(`/v1/zones/${zoneSegment(zone)}/nodes/${segment(node)}`),
  draw: (answer, { names: [zone = '', node = ''] }, { hub, order }) => {
    const day = answer.chain.find(({ at }) => at !== null)?.at ?? null
    return [
      h('p', { class: 'lead' }, stateWord(answer.state), h('span', { class: 'quiet' }, stateRow(answer.state).means)),
      toolbar([order(resyncPair(zone, node)), order(forcePair(zone, node)), order(verifyPair(zone, node))]),
      facts([
        ['Serves', answer.serial ?? 'unknown'],
        ['Since', moment(answer.since)],
        ['Last answer', ago(answer.observedAt, hub.now())],
        ['Behind', answer.lagSeconds > 0 ? span(answer.lagSeconds) : 'no'],
        ['Last error', answer.error === null ? 'none' : h('span', { class: 'error' }, answer.error)],
        ['Verified', verifiedWords(answer.verified)],
        ...forcedRow(answer.forced, hub.now()),
      ]),
      ...examples(answer.verified),
      h('h3', {}, 'Why'),
      h(
        'ol',
        { class: 'chain' },
        chainLines(answer).map(({ step, title, at, gap, detail }) =>
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
        h('a', { href: linkTo('zone', [zone]) }, `All of ${zone}`),
        h('a', { href: linkTo('node', [node]) }, `All of ${node}`),
      ),
    ]
  },
}

/** @param {ChainAnswer['forced']} forced @param {number} now @returns {[string, import('../dom.js').Child][]} */
function forcedRow(forced, now) {
  if (forced == null) return []
  const { at, by, outcome, error, needsOperator } = forced
  const words = `${ago(at, now)} by ${by}: ${outcome}${error ? `, ${error}` : ''}${needsOperator ? '; needs an operator' : ''}`
  return [['Forced', needsOperator ? h('span', { class: 'error' }, words) : words]]
}

/** Records that differ. @param {ChainAnswer['verified']} verified */
function examples(verified) {
  if (verified == null || verified.differences.examples.length === 0) return []
  return [
    h('h3', {}, `Content: ${verified.differences.missing} missing, ${verified.differences.extra} extra`),
    h('pre', { class: 'records', tabindex: 0 }, verified.differences.examples.join('\n')),
  ]
}
