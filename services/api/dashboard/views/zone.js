/** One zone: its state, the newest version on its way, its primaries, its nodes that are not in sync, its versions, its content checks. */
import { zoneSegment } from '../api.js'
import { h } from '../dom.js'
import { choose, refresh, resyncZone, rollback, verifyZone } from '../orders/order.js'
import { ordersFor } from '../orders/orders-for.js'
import { linkTo } from '../place.js'
import { rolloutOf } from '../rollout-cache.js'
import { stateWord } from '../state-mark.js'
import { stateRow } from '../states.js'
import { facts, table, toolbar } from '../tables.js'
import { timeline } from '../timeline.js'
import { versionStateMeans } from '../version-states.js'
import { ago, count, moment, plural, span, verifiedWords } from '../words.js'
import { differenceOf, differenceView } from './difference.js'

/** @typedef {import('../answers.js').ZoneAnswer} ZoneAnswer */
/** @typedef {import('../answers.js').VersionAnswer} Version */
/** @typedef {import('../answers.js').RolloutAnswer} RolloutAnswer */
/** @typedef {import('../answers.js').RolloutRowAnswer} RolloutRow */
/** @typedef {import('../view-slot.js').Parts} Parts */
/**
 * @typedef {{
 *   zone: ZoneAnswer, rows: RolloutRow[], rollout: RolloutAnswer | undefined,
 *   compared: { from: string, to: string, difference: import('../answers.js').DifferenceAnswer } | undefined,
 * }} Data
 */

const NODES_SHOWN = 60

/** @type {import('../view-slot.js').View<Data>} */
export const zone = {
  title: ({ names: [name = ''] }) => name,
  heeds: (about, { names: [name] }) => about.zone === undefined || about.zone === name,
  load: async ({ names: [name = ''], query }, { api }) => {
    const [zone, { rollouts: rows }] = await Promise.all([
      api.get(`/v1/zones/${zoneSegment(name)}`),
      api.get('/v1/rollouts', { zone: name, limit: 50 }),
    ])
    const row = rows.find((/** @type {RolloutRow} */ { state }) => state === 'held' || state === 'halted') ?? rows[0]
    const { from, to } = query
    const isCompared = from !== undefined && to !== undefined
    const [rollout, difference] = await Promise.all([
      row === undefined ? undefined : rolloutOf(api, row),
      isCompared ? differenceOf(api, name, from, to, query) : undefined,
    ])
    return { zone, rows, rollout, compared: isCompared && difference !== undefined ? { from, to, difference } : undefined }
  },
  draw: (data, place, parts) => {
    const { zone, rollout, compared } = data
    const { hub, order } = parts
    const behind = Object.entries(zone.nodes)
      .filter(([, { state }]) => state !== 'in-sync')
      .sort(([, a], [, b]) => stateRow(a.state).order - stateRow(b.state).order)
    return [
      h(
        'p',
        { class: 'lead' },
        stateWord(zone.state),
        zone.held !== null && zone.state !== 'held' && stateWord('held'),
        h('span', { class: 'quiet' }, `${zone.inSync} of ${plural(zone.total, 'node')} in sync`),
      ),
      zone.held !== null && h('p', { class: 'reason-box' }, zone.held),
      zone.held === null &&
        zone.error !== null &&
        h('p', { class: 'reason-box bad' }, `No newer version can be released: ${zone.error}`),
      toolbar([...ordersFor(rollout, zone), refresh(zone.name), resyncZone(zone.name), verifyZone(zone.name)].map(order)),
      h(
        'div',
        { class: 'columns' },
        facts([
          ['Released', zone.serial ?? 'no version yet'],
          ['At', moment(zone.releasedAt)],
          ['Records', count(zone.records)],
          ['Digest', h('code', {}, zone.digest ?? '–')],
          ['Behind', zone.lagSeconds > 0 ? span(zone.lagSeconds) : 'no'],
        ]),
        h('div', {}, primaries(zone, hub.now())),
      ),
      ...rivals(zone, parts),
      ...newest(rollout, hub.now()),
      ...(behind.length === 0 ? [] : [h('h3', {}, `${plural(behind.length, 'node')} not in sync`)]),
      behind.length > 0 &&
        table(
          'Nodes that are not in sync',
          ['Node', 'State', 'Serial', 'Behind', 'Error'],
          behind
            .slice(0, NODES_SHOWN)
            .map(([node, { state, serial, lagSeconds, error }]) => [
              h('a', { href: linkTo('pair', [zone.name, node]) }, node),
              stateWord(state),
              serial ?? 'unknown',
              lagSeconds > 0 ? span(lagSeconds) : '–',
              error === null ? '–' : h('span', { class: 'error wrap' }, error),
            ]),
        ),
      behind.length > NODES_SHOWN && h('p', { class: 'quiet' }, `and ${count(behind.length - NODES_SHOWN)} more`),
      h('h3', {}, 'Versions'),
      versions(data, parts),
      ...(compared === undefined
        ? []
        : [
            h('h3', { 'data-reveal': true }, `From serial ${compared.from} to ${compared.to.split(':')[0]}`),
            ...differenceView(compared.difference, place, parts.go),
          ]),
      h('h3', {}, 'Content of the nodes'),
      contents(zone),
    ]
  },
}

/** @param {ZoneAnswer} zone @param {number} now */
const primaries = (zone, now) =>
  table(
    'Primaries',
    ['Primary', 'Serial', 'State', 'Asked', 'Error'],
    Object.entries(zone.primaries).map(([id, { serial, state, checkedAt, error }]) => [
      id,
      serial ?? '–',
      h('span', { class: state === 'same' || state === 'newer' ? '' : 'error' }, state),
      ago(checkedAt, now),
      error === null ? '–' : h('span', { class: 'error wrap' }, error),
    ]),
  )

/** The newest version: how it went, and the reports of its checks. @param {RolloutAnswer | undefined} rollout @param {number} now */
function newest(rollout, now) {
  if (rollout === undefined) return []
  const found = rollout.checks.filter(({ verdict }) => verdict !== 'pass')
  const passed = rollout.checks.length - found.length
  return [
    h(
      'h3',
      {},
      'Serial ',
      h('a', { href: linkTo('rollout', [rollout.id]) }, rollout.serial),
      ' ',
      h('span', { class: `rollout-state ${rollout.state}` }, rollout.state),
    ),
    timeline(rollout, now),
    h(
      'ul',
      { class: 'checks' },
      found.map(({ check, verdict, report }) =>
        h('li', { class: verdict }, h('b', {}, `${verdict} `), h('code', {}, check), ` ${report}`),
      ),
      passed > 0 && h('li', { class: 'pass' }, h('b', {}, 'pass '), plural(passed, 'check')),
    ),
  ]
}

/** @param {Data} data @param {Parts} parts */
function versions({ zone, rows }, { order }) {
  return table(
    'Versions',
    ['Serial', 'State', 'Records', 'From', 'Announced (UTC)', 'Nodes', 'Compare', 'Order'],
    zone.versions.map((version, i) => {
      const { serial, digest, state, records, kind, from, seenAt, confirmed, releasedTo, releasedAt } = version
      const row = rows.find((each) => each.serial === serial && each.digest === digest)
      const before = zone.versions[i + 1]
      return [
        row === undefined ? serial : h('a', { href: linkTo('rollout', [row.id]) }, serial),
        h('span', { title: versionStateMeans(state) }, state),
        count(records),
        `${from}, ${kind.toUpperCase()}`,
        h('time', {}, moment(seenAt)),
        `${Object.keys(confirmed).length} of ${Object.keys(releasedTo).length}`,
        before === undefined
          ? '–'
          : h(
              'a',
              { href: linkTo('zone', [zone.name], { from: reference(before), to: reference(version) }) },
              `with ${before.serial}`,
            ),
        releasedAt !== null && zone.serial !== serial ? order(rollback(zone.name, serial)) : '',
      ]
    }),
  )
}

/** @param {Pick<Version, 'serial' | 'digest'>} version */
const reference = ({ serial, digest }) => `${serial}:${digest.slice(0, 16)}`

/** Other contents of the same serials, each with its difference and the choice. @param {ZoneAnswer} zone @param {Parts} parts */
function rivals({ name, rivals: others, versions: kept }, { order }) {
  if (others.length === 0) return []
  const own = kept.filter(({ serial, from }) => others.some((rival) => rival.serial === serial && rival.from !== from))
  return [
    h('h3', {}, 'Conflicting contents'),
    table(
      'Conflicting contents',
      ['Serial', 'From', 'Records', 'Digest', 'Announced (UTC)', 'Compare', 'Order'],
      [...own, ...others].map((content) => {
        const { serial, from, records, digest, seenAt } = content
        const other = own.find((version) => version !== content && version.serial === serial)
        return [
          serial,
          from,
          count(records),
          h('code', {}, digest.slice(0, 16)),
          h('time', {}, moment(seenAt)),
          other === undefined
            ? 'current'
            : h('a', { href: linkTo('zone', [name], { from: reference(other), to: reference(content) }) }, `with ${other.from}`),
          order(choose(name, from, serial, digest)),
        ]
      }),
    ),
  ]
}

/** The last comparison of each node with the released version. @param {ZoneAnswer} zone */
function contents(zone) {
  const checked = Object.entries(zone.nodes).filter(([, { verified }]) => verified !== null)
  const bad = checked.filter(([, { verified }]) => verified?.verdict !== 'same')
  const same = checked.length - bad.length
  return h(
    'div',
    {},
    h(
      'p',
      {},
      `${plural(same, 'node')} the same, ${count(bad.length)} not or not comparable, ${count(zone.total - checked.length)} not compared.`,
    ),
    h(
      'ul',
      { class: 'others' },
      bad
        .slice(0, NODES_SHOWN)
        .map(([node, { verified }]) =>
          h(
            'li',
            {},
            h('a', { href: linkTo('pair', [zone.name, node]) }, node),
            h('span', { class: 'error' }, verifiedWords(verified)),
          ),
        ),
    ),
  )
}
