/**
 * The list of faults, worst first, each with its next step. Nodes that do not answer count once, not once for each of their zones.
 * Pure: answers of the API in, sentences out.
 */
import { linkTo } from './place.js'
import { serviceProblems } from './service-addresses.js'
import { stateRow } from './states.js'
import { ago, plural, span } from './words.js'

/** @typedef {import('./answers.js').StatusAnswer} StatusAnswer */
/** @typedef {import('./answers.js').NodeSummaryAnswer} NodeSummary */
/** @typedef {import('./answers.js').MatrixRowAnswer} MatrixRow */
/** @typedef {import('./answers.js').RolloutRowAnswer} RolloutRow */
/** @typedef {import('./answers.js').CatalogSummaryAnswer} Catalog */
/** @typedef {import('./states.js').Tone} Tone */
/**
 * `rank`: 0 is the worst. `next`: what to do; `href`: a view; `doc`: a page of docs/operate; `command`: to type.
 * `kind`: the fault of a node, shared by others.
 * @typedef {{ rank: number, tone: Tone, what: string, kind?: string, detail: string | undefined, next: string, href?: string, doc?: string, command?: string }} Problem
 */
/**
 * @typedef {{
 *   status: StatusAnswer, nodes: readonly NodeSummary[], faulty: readonly MatrixRow[], held: readonly MatrixRow[],
 *   rollouts: readonly RolloutRow[], services: import('./service-addresses.js').Services, catalogs: readonly Catalog[],
 * }} Facts `faulty`: zones in a state that comes from the zone itself. `rollouts`: held and halted ones.
 */

/** Most zones of a kind that the overview asks for. */
export const LISTED = 20
/** More nodes with the same fault are one problem. */
const MOST_NODES = 5

/** States that nodes cause one by one. */
const NODE_STATES = /** @type {const} */ (['stuck', 'lagging', 'unknown'])

/** @param {Facts} facts @param {number} now @returns {Problem[]} */
export function problemsOf(facts, now) {
  const all = [
    ...hubProblems(facts.status),
    ...primaryProblems(facts.status),
    ...facts.faulty.map(zoneProblem),
    ...heldProblems(facts),
    ...nodeProblems(facts.nodes, now),
    ...restProblems(facts),
    ...serviceProblems(facts.services, now),
    ...facts.catalogs.flatMap(catalogProblem),
  ]
  return all.sort((a, b) => a.rank - b.rank)
}

/** @param {StatusAnswer} status @returns {Problem[]} */
function hubProblems({ redis, missing, hubs }) {
  const doc = 'hub-trouble.md'
  /** @type {Problem[]} */
  const found = []
  if (redis === 'down')
    found.push({
      rank: 1,
      tone: 'bad',
      what: 'Redis is down',
      detail: 'nodes keep being served, but no order that needs a job can be given',
      next: 'Start Redis, or its host.',
      doc,
    })
  for (const sentence of missing)
    if (redis === 'up' || !/redis/i.test(sentence))
      found.push({ rank: 2, tone: 'bad', what: sentence, detail: undefined, next: 'Read what the hub lacks.', doc })
  for (const { name, state, config } of hubs)
    if (state === 'away')
      found.push({
        rank: 4,
        tone: 'bad',
        what: `Hub ${name} is away`,
        detail: 'its zones have no second hub',
        next: 'Look at its service and host.',
        doc,
        command: 'systemctl status zonecast',
      })
    else if (config === 'differs')
      found.push({
        rank: 6,
        tone: 'warn',
        what: `Hub ${name} has another config`,
        detail: undefined,
        next: 'Give both hubs the same config and reload.',
        doc: 'redundancy.md',
      })
  return found
}

/** @param {StatusAnswer} status @returns {Problem[]} */
const primaryProblems = ({ primaries }) =>
  primaries.flatMap(({ id, trouble }) =>
    trouble.map(({ state, zones, example, detail }) => ({
      rank: state === 'silent' ? 2.5 : 3,
      tone: /** @type {Tone} */ ('bad'),
      what: `Primary ${id} ${PRIMARY_WORDS[state] ?? `is ${state}`} for ${plural(zones, 'zone')}, such as ${example}`,
      detail: detail ?? undefined,
      next: state === 'silent' ? 'Look at the primary and the path to it.' : 'Compare the primaries and choose the content.',
      href: linkTo('zone', [example]),
      doc: state === 'silent' ? 'primary-down.md' : 'primaries-disagree.md',
    })),
  )

/** @type {Readonly<Record<string, string>>} */
const PRIMARY_WORDS = {
  silent: 'does not answer',
  'went-back': 'went back to an older serial',
  apart: 'has a serial without an order to the current one',
  conflict: 'has other content under the same serial',
  'far-ahead': 'is far ahead',
  lags: 'is behind the others',
}

/** @param {MatrixRow} row @returns {Problem} */
function zoneProblem({ name, state, error, nodes }) {
  const cells = Object.entries(nodes).filter(([, cell]) => cell.state === state)
  const where = cells.length === 0 ? '' : ` on ${cells.length === 1 ? (cells[0]?.[0] ?? '') : plural(cells.length, 'node')}`
  return {
    rank: 3 + stateRow(state).order / 100,
    tone: stateRow(state).tone,
    what: `${name} is ${state === 'conflict' ? 'in conflict' : state}${where}`,
    detail: error ?? cells.find(([, cell]) => cell.error !== null)?.[1].error ?? stateRow(state).means,
    next: state === 'expired' ? 'Bring a primary back.' : 'Open the zone and choose the right content.',
    href: linkTo('zone', [name]),
    doc: state === 'expired' ? 'primary-down.md' : 'primaries-disagree.md',
  }
}

/** @param {Facts} facts @returns {Problem[]} */
function heldProblems({ held, rollouts }) {
  const stopped = new Map(rollouts.map((row) => [row.zone, row]))
  const named = new Set(held.map(({ name }) => name))
  const ofRows = held.map(({ name, held: why }) => heldProblem(name, why, stopped.get(name)))
  const ofRollouts = rollouts
    .filter(({ zone, state }) => !named.has(zone) && (state === 'held' || state === 'halted'))
    .map((row) => heldProblem(row.zone, row.reason, row))
  return [...ofRows, ...ofRollouts]
}

/** @param {string} zone @param {string | null} why @param {RolloutRow | undefined} row @returns {Problem} */
function heldProblem(zone, why, row) {
  // An approval of its version does not lift the hold of a zone.
  const version = row?.heldBy === 'order' ? undefined : row
  return {
    rank: version?.state === 'halted' ? 3.5 : 5,
    tone: 'warn',
    what: version === undefined ? `${zone} is on hold` : `${zone} serial ${version.serial} is ${version.state}`,
    detail: why ?? undefined,
    next:
      version === undefined
        ? 'Resume the zone when the reason of the hold is gone.'
        : 'Read the checks and the difference; approve or reject it.',
    href: version === undefined ? linkTo('zone', [zone]) : linkTo('rollout', [version.id]),
    doc: 'version-held.md',
  }
}

/** Zones beyond those that are listed. @param {Facts} facts @returns {Problem[]} */
function restProblems({ status, faulty, held }) {
  /** @type {Problem[]} */
  const rest = []
  const more = status.held.length - held.length
  if (held.length > 0 && more > 0)
    rest.push({
      rank: 5.1,
      tone: 'warn',
      what: `${plural(more, 'more zone')} held or on hold`,
      detail: undefined,
      next: 'Look for a common cause first.',
      href: linkTo('matrix', [], { state: 'held' }),
    })
  if (faulty.length >= LISTED)
    rest.push({
      rank: 3.1,
      tone: 'bad',
      what: 'More zones may be in conflict, ahead or expired',
      detail: `only ${LISTED} are listed`,
      next: 'Look for a common cause first.',
      href: linkTo('matrix', [], { state: 'conflict,ahead,expired' }),
    })
  return rest
}

/** Many nodes with the same fault are one problem: they must not hide another. @param {readonly NodeSummary[]} nodes @param {number} now */
function nodeProblems(nodes, now) {
  /** @type {Map<string, { node: NodeSummary, problem: Problem }[]>} */
  const kinds = new Map()
  for (const node of nodes)
    for (const problem of nodeProblem(node, now))
      kinds.set(`${problem.rank}`, [...(kinds.get(`${problem.rank}`) ?? []), { node, problem }])
  return [...kinds.values()].flatMap((kind) => {
    const [first] = kind
    if (first === undefined || kind.length <= MOST_NODES) return kind.map(({ problem }) => problem)
    const state = NODE_STATES.find((each) => (first.node.states[each] ?? 0) > 0)
    const names = kind.map(({ node }) => node.id)
    const clouds = [...new Set(kind.map(({ node }) => node.cloud))]
    return [
      {
        ...first.problem,
        what: `${plural(kind.length, 'node')} of ${clouds.length === 1 ? `cloud ${clouds[0]}` : plural(clouds.length, 'cloud')}: ${first.problem.kind}`,
        detail: names.slice(0, 12).join(', ') + (names.length > 12 ? ', …' : ''),
        next: 'Look for a common cause first.',
        href: linkTo('matrix', [], state === undefined ? {} : { state }),
      },
    ]
  })
}

/** @param {NodeSummary} node @param {number} now @returns {Problem[]} */
function nodeProblem({ id, cloud, states, total, lagSeconds, observedAt, drained, drainedBy, drainReason }, now) {
  const href = linkTo('node', [id])
  if (drained)
    return [
      {
        rank: 9,
        tone: 'off',
        kind: 'drained',
        what: `${id} is drained`,
        detail: `by ${drainedBy ?? 'an operator'}${drainReason ? `: ${drainReason}` : ''}`,
        next: 'Undrain it when the work on it is done.',
        href,
        doc: 'nodes.md',
      },
    ]
  const bad = NODE_STATES.filter((state) => (states[state] ?? 0) > 0)
  const [worst] = bad
  if (worst === undefined) return []
  const isSilent = (states.unknown ?? 0) === total
  const counts = bad.map((state) => `${states[state]} ${state}`).join(', ')
  const behind = lagSeconds > 0 ? `${span(lagSeconds)} behind` : undefined
  return [
    {
      rank: isSilent ? 3.8 : 4 + stateRow(worst).order / 100,
      tone: stateRow(worst).tone,
      kind: isSilent ? 'no answer' : worst,
      what: isSilent
        ? `Node ${id} of cloud ${cloud} does not answer`
        : `Node ${id} of cloud ${cloud}: ${counts} of ${plural(total, 'zone')}`,
      detail: [isSilent ? `last answer ${ago(observedAt, now)}, ${plural(total, 'zone')}` : undefined, behind]
        .filter((part) => part !== undefined)
        .join(', '),
      next: isSilent ? 'Look at the server and the control path.' : 'Open the node; force the zones that are stuck.',
      href,
      doc: worst === 'unknown' ? 'node-unknown.md' : 'node-stuck.md',
    },
  ]
}

/** @param {Catalog} catalog @returns {Problem[]} */
const catalogProblem = ({ name, error, findings }) =>
  error === null && findings.length === 0
    ? []
    : [
        {
          rank: 5.5,
          tone: 'warn',
          what: `Catalog ${name} has a fault`,
          detail: error ?? findings[0],
          next: 'Correct the catalog at its primary.',
          doc: 'catalogs.md',
          command: 'zonecast catalogs',
        },
      ]
