/** One version on its way: its timeline, its checks with their reports, its stages, its log, and the orders that steer it. */
import { segment, zoneSegment } from '../api.js'
import { h } from '../dom.js'
import { ordersFor } from '../orders/orders-for.js'
import { linkTo } from '../place.js'
import { facts, table, toolbar } from '../tables.js'
import { timeline } from '../timeline.js'
import { versionStateMeans } from '../version-states.js'
import { count, moment, plural, span } from '../words.js'
import { differenceOf, differenceView } from './difference.js'

/** @typedef {import('../answers.js').RolloutAnswer} RolloutAnswer */
/** @typedef {import('../answers.js').DifferenceAnswer} DifferenceAnswer */
/** @typedef {import('../answers.js').ZoneAnswer} ZoneAnswer */
/** @typedef {{ rollout: RolloutAnswer, zone: ZoneAnswer, base: number | undefined, difference: DifferenceAnswer | undefined }} Data */

/** @type {import('../view-slot.js').View<Data>} */
export const rollout = {
  title: ({ names: [id = ''] }) => `Rollout ${id}`,
  heeds: () => true,
  load: async ({ names: [id = ''], query }, { api }) => {
    /** @type {RolloutAnswer} */
    const read = await api.get(`/v1/rollouts/${segment(id)}`)
    /** @type {ZoneAnswer} */
    const zone = await api.get(`/v1/zones/${zoneSegment(read.zone)}`)
    const own = zone.versions.findIndex(({ serial, digest }) => serial === read.serial && digest === read.digest)
    const base = own < 0 ? undefined : zone.versions.slice(own + 1).find(({ releasedAt }) => releasedAt !== null)?.serial
    const difference =
      base === undefined ? undefined : await differenceOf(api, read.zone, base, `${read.serial}:${read.digest}`, query)
    return { rollout: read, zone, base, difference }
  },
  draw: ({ rollout: it, zone, base, difference }, place, { hub, order, go }) => [
    h(
      'p',
      { class: 'lead' },
      h('b', { class: `rollout-state ${it.state}` }, it.state),
      h('span', {}, h('a', { href: linkTo('zone', [it.zone]) }, it.zone), ` serial ${it.serial}`),
      h('span', { class: 'quiet' }, versionStateMeans(it.state) ?? ''),
    ),
    it.reason !== null && h('p', { class: 'reason-box' }, it.reason),
    toolbar(ordersFor(it, zone).map(order)),
    it.approvals !== null && approvalsLine(it.approvals),
    facts([
      ['Digest', h('code', {}, it.digest)],
      ['Records', count(it.version.records)],
      ['From', `${it.version.from}, ${it.version.kind.toUpperCase()}`],
      ['Since', moment(it.since)],
      [
        'Waits for',
        it.waitingFor.length === 0 ? 'nothing' : it.waitingFor.slice(0, 12).join(', ') + (it.waitingFor.length > 12 ? ', …' : ''),
      ],
    ]),
    h('h3', {}, 'Checks'),
    checks(it),
    ...(difference === undefined || base === undefined
      ? []
      : [h('h3', {}, `Difference from serial ${base}, the version released before`), ...differenceView(difference, place, go)]),
    h('h3', {}, 'Timeline'),
    timeline(it, hub.now()),
    h('h3', {}, 'Stages'),
    table(
      'Stages',
      ['Stage', 'State', 'Confirmed', 'Soak', 'Not confirmed'],
      it.stages.map(({ name, state, nodes, soakSeconds, mayLack }) => [
        name,
        state,
        `${nodes.filter(({ confirmed }) => confirmed).length} of ${nodes.length}${mayLack > 0 ? `, ${mayLack} may lack` : ''}`,
        soakSeconds > 0 ? span(soakSeconds) : '–',
        h(
          'span',
          { class: 'lacking' },
          nodes
            .filter(({ confirmed }) => !confirmed)
            .slice(0, 8)
            .flatMap(({ node, error }) => [h('a', { href: linkTo('pair', [it.zone, node]) }, node), error ? ` ${error} ` : ' ']),
        ),
      ]),
    ),
    h('h3', {}, 'Log'),
    h(
      'ol',
      { class: 'log' },
      it.log.map(({ at, what }) => h('li', {}, h('time', {}, moment(at)), ` ${what}`)),
    ),
  ],
}

/** Reports of checks: those that did not pass, and the others on demand. @param {RolloutAnswer} it */
function checks({ checks: all }) {
  if (all.length === 0) return h('p', { class: 'quiet' }, 'None reported.')
  const list = (/** @type {RolloutAnswer['checks']} */ some) =>
    h(
      'ul',
      { class: 'checks' },
      some.map(({ check, verdict, report }) =>
        h('li', { class: verdict }, h('b', {}, `${verdict} `), h('code', {}, check), h('span', {}, ` ${report}`)),
      ),
    )
  const passed = all.filter(({ verdict }) => verdict === 'pass')
  const found = all.filter(({ verdict }) => verdict !== 'pass').sort((a, b) => (a.verdict < b.verdict ? -1 : 1))
  return h(
    'div',
    {},
    list(found),
    passed.length > 0 && h('details', {}, h('summary', {}, `${plural(passed.length, 'check')} passed`), list(passed)),
  )
}

/** @param {NonNullable<RolloutAnswer['approvals']>} approvals */
const approvalsLine = ({ required, given }) =>
  h(
    'p',
    {},
    `${given.length} of ${plural(required, 'approval')}`,
    given.map(({ by, at, reason }) => h('span', { class: 'quiet' }, ` · ${by}, ${moment(at)}: ${reason}`)),
  )
