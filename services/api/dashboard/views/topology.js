/** The map: primaries, hubs, and the nodes by cloud and site, with their links coloured by state. */
import { h, s } from '../dom.js'
import { linkTo } from '../place.js'
import { BAD_PROBES, readServices } from '../service-addresses.js'
import { stateRow, STATES, worstOf } from '../states.js'
import { table } from '../tables.js'
import { ago, count, plural } from '../words.js'

/** @typedef {import('../answers.js').NodeSummaryAnswer} NodeSummary */
/** @typedef {import('../answers.js').PrimarySummaryAnswer} PrimarySummary */
/** @typedef {import('../answers.js').StatusAnswer} StatusAnswer */
/** @typedef {import('../states.js').Tone} Tone */
/** @typedef {{ status: StatusAnswer, nodes: NodeSummary[], primaries: PrimarySummary[], services: import('../service-addresses.js').Services }} Data */
/** @typedef {{ name: string, small: string, tone: Tone, href: string | undefined, y: number }} Spot */

const WIDTH = 900
const PROBES_SHOWN = 100
const BOX = { width: 190, height: 40, gap: 12 }
const COLUMNS = { primary: 10, hub: 330, site: 690 }

/** @type {import('../view-slot.js').View<Data>} */
export const topology = {
  title: () => 'Topology',
  heeds: () => true,
  load: async (_place, { api, hub }) => {
    const status = await hub.current()
    const [{ nodes }, { primaries }, services] = await Promise.all([
      api.get('/v1/nodes'),
      status.caller.scope === null ? api.get('/v1/primaries') : { primaries: status.primaries },
      readServices(api),
    ])
    return { status, nodes, primaries, services }
  },
  draw: (data, _place, { hub }) => {
    const now = hub.now()
    const sites = sitesOf(data.nodes)
    const primaries = placed(data.primaries.map(primarySpot))
    const hubs = placed(hubsOf(data.status, now))
    const places = placed(sites.map(siteSpot))
    const rows = Math.max(primaries.length, hubs.length, places.length, 1)
    const height = rows * (BOX.height + BOX.gap) + BOX.gap
    const own = hubs.find(({ name }) => name === data.status.hub) ?? hubs[0]
    return [
      h(
        'p',
        { class: 'quiet' },
        'Left to right: primaries, hubs, sites. A line has the colour and the pattern of the worse end; this hub reports its own links.',
      ),
      h(
        'div',
        { class: 'map', tabindex: 0, role: 'group', 'aria-label': 'Map' },
        s(
          'svg',
          { viewBox: `0 0 ${WIDTH} ${height}`, role: 'group', 'aria-label': 'Primaries, hubs and sites' },
          own !== undefined && primaries.map((spot) => link(COLUMNS.primary, spot, COLUMNS.hub, own, spot.tone)),
          own !== undefined && places.map((spot) => link(COLUMNS.hub, own, COLUMNS.site, spot, spot.tone)),
          hubs.filter((spot) => spot !== own).map((spot) => own !== undefined && peerLink(own, spot)),
          primaries.map((spot) => box(COLUMNS.primary, spot)),
          hubs.map((spot) => box(COLUMNS.hub, spot)),
          places.map((spot) => box(COLUMNS.site, spot)),
        ),
      ),
      h('h3', {}, 'Nodes by site'),
      table(
        'Nodes by site',
        ['Site', 'Node', 'Make', 'Control address', 'In sync', 'Last answer'],
        sites.flatMap(({ name, nodes }) =>
          nodes.map((node) => [
            name,
            h('a', { href: linkTo('node', [node.id]) }, node.id),
            node.kind ?? '–',
            h('code', {}, node.paths.find(({ inUse }) => inUse)?.address ?? node.address),
            h('span', { class: stateRow(worstState([node])).tone }, `${count(node.inSync)} of ${count(node.total)}`),
            ago(node.observedAt, now),
          ]),
        ),
      ),
      h('h3', {}, 'Service addresses'),
      ...addresses(data.services, now),
    ]
  },
}

/** Bad results first. @param {import('../service-addresses.js').Services} services @param {number} now */
function addresses({ probes, vantages }, now) {
  const isBad = (/** @type {{ state: string }} */ { state }) => Number(BAD_PROBES.includes(state))
  return [
    probes.length === 0
      ? h('p', { class: 'quiet' }, 'Not probed yet.')
      : table(
          'Service addresses',
          ['Cloud', 'Address', 'Zone', 'Asked by', 'Instance', 'Node', 'Serial', 'State', 'Asked'],
          probes
            .toSorted((a, b) => isBad(b) - isBad(a))
            .slice(0, PROBES_SHOWN)
            .map(({ cloud, address, zone, vantage, instance, node, serial, state, at }) => [
              cloud,
              h('code', {}, address),
              zone,
              vantage ?? 'this hub',
              instance ?? '–',
              node === null ? '–' : h('a', { href: linkTo('node', [node]) }, node),
              serial ?? '–',
              h('span', { class: state === 'in-sync' ? '' : 'error' }, state),
              ago(at, now),
            ]),
        ),
    probes.length > PROBES_SHOWN && h('p', { class: 'quiet' }, `and ${count(probes.length - PROBES_SHOWN)} more`),
    vantages.length > 0 && h('h3', {}, 'Vantage points'),
    vantages.length > 0 &&
      table(
        'Vantage points',
        ['Vantage point', 'State', 'Last report', 'Results'],
        vantages.map(({ name, state, reportedAt, probes: sums }) => [
          name,
          h('span', { class: state === 'lost' ? 'error' : '' }, state),
          ago(reportedAt, now),
          Object.entries(sums)
            .map(([each, n]) => `${count(n)} ${each}`)
            .join(', ') || '–',
        ]),
      ),
  ]
}

/** @param {readonly NodeSummary[]} nodes */
function sitesOf(nodes) {
  /** @type {Map<string, { name: string, cloud: string, site: string | null, nodes: NodeSummary[] }>} */
  const sites = new Map()
  for (const node of nodes) {
    const name = `${node.cloud}${node.site === null ? '' : ` · ${node.site}`}`
    const known = sites.get(name) ?? { name, cloud: node.cloud, site: node.site, nodes: [] }
    known.nodes.push(node)
    sites.set(name, known)
  }
  return [...sites.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** @param {readonly NodeSummary[]} nodes */
const worstState = (nodes) =>
  worstOf(STATES.map(({ state }) => state).filter((state) => nodes.some(({ states }) => (states[state] ?? 0) > 0))) ?? 'in-sync'

/** @param {ReturnType<typeof sitesOf>[number]} site */
function siteSpot({ name, cloud, site, nodes }) {
  const state = worstState(nodes)
  const well = nodes.filter(({ inSync, total }) => inSync === total).length
  const [only] = nodes
  return {
    name: nodes.length === 1 && only !== undefined ? `${only.id} (${name})` : `${name}: ${plural(nodes.length, 'node')}`,
    small: nodes.length === 1 ? state : `${well} in sync, worst ${state}`,
    tone: stateRow(state).tone,
    href:
      nodes.length === 1 && only !== undefined
        ? linkTo('node', [only.id])
        : linkTo('matrix', [], { cloud, ...(site === null ? {} : { site }) }),
  }
}

/** @param {PrimarySummary} primary */
function primarySpot({ id, states, trouble, total }) {
  const [worst] = trouble
  const silent = states.silent ?? 0
  const small =
    worst === undefined ? (silent > 0 ? `silent: ${silent}` : plural(total, 'zone')) : `${worst.state}: ${worst.zones}`
  return {
    name: id,
    small,
    tone: /** @type {Tone} */ (worst !== undefined ? 'bad' : silent > 0 ? 'warn' : 'ok'),
    href: undefined,
  }
}

/** @param {StatusAnswer} status @param {number} now */
const hubsOf = ({ hub, hubs }, now) =>
  (hubs.some(({ name }) => name === hub) ? hubs : [{ name: hub, state: 'up', config: 'same', seenAt: null }, ...hubs]).map(
    ({ name, state, config, seenAt }) => ({
      name,
      small:
        state === 'away'
          ? `away, seen ${ago(seenAt, now)}`
          : name === hub
            ? 'this hub'
            : config === 'differs'
              ? 'other config'
              : 'up',
      tone: /** @type {Tone} */ (state === 'away' ? 'bad' : config === 'differs' ? 'warn' : 'ok'),
      href: undefined,
    }),
  )

/** @param {Omit<Spot, 'y'>[]} spots @returns {Spot[]} */
const placed = (spots) => spots.map((spot, i) => ({ ...spot, y: BOX.gap + i * (BOX.height + BOX.gap) }))

/** @param {number} x @param {Spot} spot */
function box(x, { name, small, tone, href, y }) {
  const inside = [
    s('rect', { x, y, width: BOX.width, height: BOX.height, rx: 5, class: `spot ${tone}` }),
    s('text', { x: x + 10, y: y + 17, class: 'spot-name' }, name.slice(0, 26)),
    s('text', { x: x + 10, y: y + 32, class: 'spot-small' }, small),
  ]
  return href === undefined ? s('g', {}, inside) : s('a', { href, 'aria-label': `${name}: ${small}` }, inside)
}

/** @param {number} fromX @param {Spot} from @param {number} toX @param {Spot} to @param {Tone} tone */
function link(fromX, from, toX, to, tone) {
  const [x1, y1, x2, y2] = [fromX + BOX.width, from.y + BOX.height / 2, toX, to.y + BOX.height / 2]
  const middle = (x1 + x2) / 2
  return s('path', { class: `link ${tone}`, d: `M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` })
}

/** @param {Spot} own @param {Spot} peer */
const peerLink = (own, peer) => {
  const x = COLUMNS.hub + BOX.width / 2
  return s('path', { class: `link ${peer.tone}`, d: `M${x} ${own.y + BOX.height} L${x} ${peer.y}` })
}
