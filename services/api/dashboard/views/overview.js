/** The first view: is all well, and if not, what is not, worst first, each with its next step. */
import { h } from '../dom.js'
import { linkTo } from '../place.js'
import { LISTED, problemsOf } from '../problems.js'
import { propagation, releaseOf } from '../propagation.js'
import { rolloutOf } from '../rollout-cache.js'
import { readServices } from '../service-addresses.js'
import { stateMark } from '../state-mark.js'
import { stateRow, STATES, worstOf } from '../states.js'
import { ago, clock, count, moment, plural } from '../words.js'

/** @typedef {import('../answers.js').NodeSummaryAnswer} NodeSummary */
/** @typedef {import('../answers.js').PrimarySummaryAnswer} PrimarySummary */
/** @typedef {import('../answers.js').RolloutAnswer} RolloutAnswer */
/** @typedef {import('../answers.js').RolloutRowAnswer} RolloutRow */
/** @typedef {import('../view-slot.js').Parts} Parts */
/** @typedef {import('../problems.js').Facts & { primaries: readonly PrimarySummary[], releases: readonly RolloutAnswer[] }} Data */

const RELEASES = 10
/** @type {import('../view-slot.js').View<Data>} */
export const overview = {
  title: () => 'Overview',
  heeds: () => true,
  // Some twenty requests, and a busy fleet has events all the time.
  gatherMs: 1500,
  load: async (_place, { api, hub }) => {
    const status = await hub.current()
    const seesAll = status.caller.scope === null
    const has = (/** @type {readonly import('../answers.js').State[]} */ states) =>
      states.some((state) => (status.states[state] ?? 0) > 0)
    // Primaries may be in conflict while no node is.
    const isFaulty = has(['conflict', 'ahead', 'expired']) || status.primaries.length > 0
    const rows = async (/** @type {string} */ state) => (await api.get('/v1/matrix', { state, limit: LISTED })).zones
    const [{ nodes }, { primaries }, faulty, held, recent, stopped, halted, services, { catalogs }] = await Promise.all([
      api.get('/v1/nodes'),
      seesAll ? api.get('/v1/primaries') : { primaries: status.primaries },
      isFaulty ? rows('conflict,ahead,expired') : [],
      status.held.length > 0 ? rows('held') : [],
      api.get('/v1/rollouts', { limit: 30 }),
      api.get('/v1/rollouts', { state: 'held', limit: LISTED }),
      api.get('/v1/rollouts', { state: 'halted', limit: LISTED }),
      readServices(api),
      api.get('/v1/catalogs'),
    ])
    const out = /** @type {RolloutRow[]} */ (recent.rollouts)
      .filter(({ state }) => !['held', 'waiting', 'rejected'].includes(state))
      .slice(0, RELEASES)
    const releases = await Promise.all(out.map((row) => rolloutOf(api, row)))
    const rollouts = [...stopped.rollouts, ...halted.rollouts]
    return { status, nodes, primaries, faulty, held, rollouts, services, catalogs, releases }
  },
  draw: (data, _place, { hub }, old) => {
    const now = hub.now()
    const problems = problemsOf(data, now)
    const { status, nodes } = data
    return [
      old === undefined ? verdict(problems, status) : unknownNow(old),
      problems.length > 0 && problemList(problems),
      h('h3', {}, 'Parts'),
      h(
        'ul',
        { class: 'tiles' },
        ...data.primaries.map((primary) => primaryTile(primary, now)),
        ...status.hubs.map(({ name, state, config, version, seenAt }) =>
          tile(
            `Hub ${name}`,
            state === 'away' ? 'bad' : config === 'differs' ? 'warn' : 'ok',
            state === 'away' ? `away, last seen ${ago(seenAt, now)}` : config === 'differs' ? 'other config' : 'up',
            name === status.hub ? `this hub · ${version}` : version,
          ),
        ),
        tile('Redis', status.redis === 'up' ? 'ok' : 'bad', status.redis, 'queues, shared state'),
        ...cloudTiles(nodes),
      ),
      h('h3', {}, 'Last releases'),
      ...propagation(data.releases.flatMap((rollout) => releaseOf(rollout) ?? [])),
    ]
  },
}

/** Old data is no verdict. @param {import('../view-data.js').Old} old */
const unknownNow = ({ since, reason }) =>
  h(
    'p',
    { class: 'verdict bad', id: 'verdict' },
    h('b', {}, `Not known since ${clock(since)} UTC.`),
    ` The last request failed: ${reason}. The faults known until then are below.`,
  )

/** @param {readonly import('../problems.js').Problem[]} problems @param {import('../answers.js').StatusAnswer} status */
function verdict(problems, { zones, nodes, states }) {
  const real = problems.filter(({ tone }) => tone !== 'off')
  const fleet = `${plural(zones, 'zone')} on ${plural(nodes, 'node')}`
  if (real.length === 0) {
    const busy = states.syncing ?? 0
    return h(
      'p',
      { class: 'verdict ok', id: 'verdict' },
      stateMark('in-sync'),
      h('b', {}, 'All is well.'),
      ` ${fleet}${busy > 0 ? `; ${count(busy)} on their way to a new version` : ''}.`,
    )
  }
  const isBad = real.some(({ tone }) => tone === 'bad')
  return h(
    'p',
    { class: `verdict ${isBad ? 'bad' : 'warn'}`, id: 'verdict' },
    h('b', {}, `${plural(real.length, 'thing')} ${real.length === 1 ? 'needs' : 'need'} you.`),
    ` Worst first; ${fleet}.`,
  )
}

/** @param {readonly import('../problems.js').Problem[]} problems */
const problemList = (problems) =>
  h(
    'ol',
    { class: 'problems', 'aria-label': 'Faults, worst first' },
    problems
      .slice(0, 3 * LISTED)
      .map(({ tone, what, detail, next, href, doc, command }) =>
        h(
          'li',
          { class: tone, 'data-key': what },
          h('p', { class: 'what' }, href === undefined ? what : h('a', { href }, what)),
          detail !== undefined && detail !== '' && h('p', { class: 'detail' }, detail),
          h(
            'p',
            { class: 'next' },
            `${next} `,
            command !== undefined && h('code', {}, command),
            doc !== undefined && h('span', { class: 'doc' }, ` docs/operate/${doc}`),
          ),
        ),
      ),
    problems.length > 3 * LISTED && h('li', {}, `and ${count(problems.length - 3 * LISTED)} more: see the matrix`),
  )

/**
 * @param {string} name @param {import('../states.js').Tone} tone @param {string} words @param {string} [small] @param {string} [href]
 */
const tile = (name, tone, words, small, href) =>
  h(
    'li',
    { class: `tile ${tone}`, 'data-key': name },
    h('span', { class: 'tile-name' }, href === undefined ? name : h('a', { href }, name)),
    h('span', { class: 'tile-state' }, words),
    small !== undefined && h('span', { class: 'tile-small quiet' }, small),
  )

/** @param {PrimarySummary} primary @param {number} now */
function primaryTile({ id, address, states, total, trouble, checkedAt }, now) {
  const [worst] = trouble
  const same = (states.same ?? 0) + (states.newer ?? 0)
  const silent = states.silent ?? 0
  const tone = worst !== undefined ? 'bad' : silent > 0 ? 'warn' : 'ok'
  const words =
    worst !== undefined
      ? `${worst.state}: ${plural(worst.zones, 'zone')}`
      : silent > 0
        ? `silent: ${plural(silent, 'zone')}`
        : `${count(same)} of ${plural(total, 'zone')} same`
  return tile(`Primary ${id}`, tone, words, `${address} · asked ${ago(checkedAt, now)}`)
}

/** @param {readonly NodeSummary[]} nodes */
function cloudTiles(nodes) {
  /** @type {Map<string, NodeSummary[]>} */
  const clouds = new Map()
  for (const node of nodes) clouds.set(node.cloud, [...(clouds.get(node.cloud) ?? []), node])
  return [...clouds].map(([cloud, members]) => {
    const well = members.filter(({ inSync, total }) => inSync === total).length
    const states = STATES.map(({ state }) => state).filter((state) => members.some((node) => (node.states[state] ?? 0) > 0))
    const worst = worstOf(states) ?? 'in-sync'
    const behind = members.filter(({ inSync, total, drained }) => inSync < total && !drained).map(({ id }) => id)
    return tile(
      `Cloud ${cloud}`,
      stateRow(worst).tone,
      `${well} of ${plural(members.length, 'node')} in sync`,
      behind.length === 0
        ? `newest answer ${moment(newestOf(members)).slice(11)}`
        : `not: ${behind.slice(0, 4).join(', ')}${behind.length > 4 ? ', …' : ''}`,
      linkTo('matrix', [], { cloud }),
    )
  })
}

/** @param {readonly NodeSummary[]} nodes */
const newestOf = (nodes) =>
  nodes.reduce(
    (/** @type {string | null} */ newest, { observedAt }) =>
      observedAt !== null && (newest === null || observedAt > newest) ? observedAt : newest,
    null,
  )
