/** One node: its state per zone, its control path, the report of its server, its verdict for routing, its configuration. */
import { segment } from '../api.js'
import { h } from '../dom.js'
import { drain, forceNode, resyncNode, undrain, verifyNode } from '../orders/order.js'
import { linkTo } from '../place.js'
import { rolloutOf } from '../rollout-cache.js'
import { delays } from '../delays.js'
import { stateMark, stateWord } from '../state-mark.js'
import { STATES, stateRow, worstOf } from '../states.js'
import { facts, moreButton, table, toolbar } from '../tables.js'
import { ago, count, moment, plural, span, verifiedWords } from '../words.js'

/** @typedef {import('../answers.js').NodeAnswer} NodeAnswer */
/** @typedef {import('../answers.js').HealthAnswer} HealthAnswer */
/** @typedef {import('../answers.js').RolloutAnswer} RolloutAnswer */
/** @typedef {{ node: NodeAnswer, health: HealthAnswer, releases: RolloutAnswer[], configuration: string | undefined }} Data */

const ZONES_SHOWN = 50
const RELEASES = 24

/** @type {import('../view-slot.js').View<Data>} */
export const node = {
  title: ({ names: [id = ''] }) => id,
  heeds: (about, { names: [id] }) => about.node === undefined || about.node === id,
  load: async ({ names: [id = ''], query }, { api }) => {
    const path = `/v1/nodes/${segment(id)}`
    const [node, health, { rollouts }, configuration] = await Promise.all([
      api.get(path),
      api.get(`${path}/health`, { status: 'always' }),
      api.get('/v1/rollouts', { limit: 100 }),
      query.show === 'configuration' ? api.text(`${path}/configuration`) : undefined,
    ])
    const own = rollouts
      .filter(
        (/** @type {{ state: string, zone: string }} */ { state, zone }) =>
          ['done', 'superseded'].includes(state) && zone in node.zones,
      )
      .slice(0, RELEASES)
    const releases = await Promise.all(
      own.map((/** @type {import('../answers.js').RolloutRowAnswer} */ row) => rolloutOf(api, row)),
    )
    return { node, health, releases, configuration }
  },
  draw: ({ node: it, health, releases, configuration }, place, { hub, order, go }) => {
    const now = hub.now()
    const present = STATES.filter(({ state }) => (it.states[state] ?? 0) > 0)
    const worst = worstOf(present.map(({ state }) => state))
    return [
      h(
        'p',
        { class: 'lead' },
        worst !== undefined && stateWord(worst),
        h('span', { class: 'quiet' }, `${it.inSync} of ${plural(it.total, 'zone')} in sync · ${placeOf(it)}`),
      ),
      it.drained &&
        h(
          'p',
          { class: 'reason-box' },
          `Drained by ${it.drainedBy ?? 'an operator'}${it.drainReason ? `: ${it.drainReason}` : ''}.`,
        ),
      toolbar([it.drained ? undrain(it.id) : drain(it.id), resyncNode(it.id), forceNode(it.id), verifyNode(it.id)].map(order)),
      h(
        'p',
        { class: 'sums' },
        present.map(({ state }) => h('span', {}, stateMark(state), ` ${count(it.states[state] ?? 0)} ${state}`)),
      ),
      h(
        'div',
        { class: 'columns' },
        h(
          'div',
          {},
          h('h3', {}, 'For routing'),
          facts([
            ['Verdict', h('b', { class: `verdict-word ${health.verdict}` }, health.verdict)],
            ['Why', health.why ?? '–'],
            ['Since', moment(health.since)],
          ]),
          h('h3', {}, 'Control'),
          facts([
            ['Last answer', ago(it.observedAt, now)],
            ['Behind', it.lagSeconds > 0 ? span(it.lagSeconds) : 'no'],
            ...it.paths.map(pathRow),
            ...it.oldKeys.map(
              ({ key, usedAt }) =>
                /** @type {[string, string]} */ ([`Old key ${key}`, usedAt === null ? 'not used' : `used ${ago(usedAt, now)}`]),
            ),
          ]),
        ),
        h('div', {}, h('h3', {}, 'Server'), server(it, now)),
      ),
      h('h3', {}, 'Time from release to confirmation'),
      ...delays(it.id, releases),
      ...zonesOf(it, place, go),
      h('h3', {}, 'Configuration for its server'),
      configuration === undefined
        ? h(
            'p',
            {},
            h('a', { href: linkTo('node', [it.id], { ...place.query, show: 'configuration' }) }, 'Show it'),
            h('span', { class: 'quiet' }, ` as zonecast render ${it.id} prints it, without secrets`),
          )
        : h('pre', { class: 'records', tabindex: 0, 'data-key': 'configuration', 'aria-label': 'Configuration' }, configuration),
    ]
  },
}

/** @param {NodeAnswer} node */
const placeOf = ({ cloud, cluster, site }) =>
  [`cloud ${cloud}`, cluster === null ? undefined : `local cluster ${cluster}`, site === null ? undefined : `site ${site}`]
    .filter((part) => part !== undefined)
    .join(', ')

/** @param {NodeAnswer['paths'][number]} path @param {number} i @returns {[string, HTMLElement]} */
const pathRow = ({ address, inUse, error, silentSince }, i) => [
  i === 0 ? 'Control address' : '',
  h(
    'span',
    {},
    h('code', {}, address),
    inUse ? ' in use' : '',
    error !== null && h('span', { class: 'error' }, ` ${error}${silentSince === null ? '' : `, since ${moment(silentSince)}`}`),
  ),
]

/** @param {NodeAnswer} node @param {number} now */
function server({ server: it, kind, identity }, now) {
  const { capabilities } = it
  const can = Object.entries(capabilities).flatMap(([name, value]) => (value === true ? [name] : []))
  const not = Object.entries(capabilities).flatMap(([name, value]) => (value === false ? [name] : []))
  return facts([
    ['Make', `${it.make ?? kind ?? 'unknown'}${it.version === null ? '' : ` ${it.version}`}`],
    ['Calls itself', it.identity ?? identity ?? '–'],
    ['Zones it has', count(it.zones)],
    ['Control channel', it.channel ?? 'none configured'],
    ['Asked', ago(it.checkedAt, now)],
    ['Can', can.join(', ') || '–'],
    ['Cannot', not.join(', ') || '–'],
    ['Error', it.error === null ? 'none' : h('span', { class: 'error' }, it.error)],
  ])
}

/** @param {NodeAnswer} node @param {import('../place.js').Place} place @param {import('../view-slot.js').Parts['go']} go */
function zonesOf(node, place, go) {
  const limit = Number(place.query.zones) || ZONES_SHOWN
  const all = Object.entries(node.zones).sort(
    ([a, x], [b, y]) => stateRow(x.state).order - stateRow(y.state).order || (a < b ? -1 : 1),
  )
  return [
    h('h3', {}, 'Zones, worst first'),
    table(
      'Zones',
      ['Zone', 'State', 'Serial', 'Since (UTC)', 'Behind', 'Content', 'Last error'],
      all
        .slice(0, limit)
        .map(([name, { state, serial, since, lagSeconds, error, verified }]) => [
          h('a', { href: linkTo('pair', [name, node.id]) }, name),
          stateWord(state),
          serial ?? 'unknown',
          h('time', {}, moment(since)),
          lagSeconds > 0 ? span(lagSeconds) : '–',
          h(
            'span',
            { class: verified == null || verified.verdict === 'same' ? 'quiet' : 'error', title: verifiedWords(verified) },
            verified?.verdict ?? 'not compared',
          ),
          error === null ? '–' : h('span', { class: 'error wrap' }, error),
        ]),
    ),
    moreButton(
      all.length > limit && limit < 2000,
      () => go({ ...place, query: { ...place.query, zones: String(limit + 200) } }, 'replace'),
      `Show more of ${count(all.length)}`,
    ),
  ]
}
