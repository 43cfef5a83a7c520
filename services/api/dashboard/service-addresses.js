/**
 * The service addresses as this hub and the vantage points see them, and the faults in it: a stranger in another network is a fault
 * although this hub reaches its own nodes.
 */
import { segment } from './api.js'
import { ago, count, plural } from './words.js'

/** @typedef {import('./answers.js').ProbeAnswer} Probe */
/** @typedef {import('./answers.js').VantageRowAnswer} Vantage */
/** @typedef {import('./problems.js').Problem} Problem */
/**
 * `probes`: of this hub, and of vantage points with a bad result. `unread`: vantage points with a bad result beyond those.
 * @typedef {{ probes: readonly Probe[], vantages: readonly Vantage[], unread: number }} Services
 */

/** Most vantage points whose results are read: each has up to 2,000. */
const READ = 10
/** Vantage points that a sentence names. */
const NAMED = 4

/** The states of an address itself: the other bad ones are those of a node, which is a fault of its own. @type {readonly string[]} */
export const BAD_PROBES = ['stale', 'stranger', 'mixed', 'silent']

/** Throws ApiError. @param {Pick<import('./api.js').Api, 'get'>} api @returns {Promise<Services>} */
export async function readServices(api) {
  /** @type {[{ probes: Probe[] }, { vantages: Vantage[] }]} */
  const [{ probes }, { vantages }] = await Promise.all([api.get('/v1/probes'), api.get('/v1/vantages')])
  const bad = vantages.filter(({ probes: sums }) => Object.keys(sums).some((state) => BAD_PROBES.includes(state)))
  /** @type {{ results: Probe[] }[]} */
  const read = await Promise.all(bad.slice(0, READ).map(({ name }) => api.get(`/v1/vantages/${segment(name)}`)))
  return {
    probes: [...probes, ...read.flatMap(({ results }) => results)],
    vantages,
    unread: Math.max(0, bad.length - READ),
  }
}

/** @param {Services} services @param {number} now @returns {Problem[]} */
export function serviceProblems({ probes, vantages, unread }, now) {
  const lost = vantages.filter(({ state }) => state === 'lost').map((vantage) => lostProblem(vantage, now))
  return [...probeProblems(probes), ...lost, ...(unread > 0 ? [unreadProblem(unread)] : [])]
}

/** One for each address and state, with all that saw it. @param {readonly Probe[]} probes @returns {Problem[]} */
function probeProblems(probes) {
  /** @type {Map<string, Probe[]>} */
  const groups = new Map()
  for (const probe of probes.filter(({ state }) => BAD_PROBES.includes(state))) {
    const key = `${probe.cloud} ${probe.address} ${probe.state}`
    groups.set(key, [...(groups.get(key) ?? []), probe])
  }
  return [...groups.values()].map((group) => {
    const [{ cloud, address, state, zone, error }] = /** @type {[Probe]} */ (group)
    const zones = new Set(group.map((probe) => probe.zone)).size
    return {
      rank: state === 'stranger' ? 3.2 : 4.5,
      tone: state === 'stranger' ? 'bad' : 'warn',
      what: `Service address ${address} of cloud ${cloud}: ${state} for ${plural(zones, 'zone')}, such as ${zone}${seenFrom(group)}`,
      detail: error ?? undefined,
      next: 'Find the instance that answers.',
      doc: 'probes.md',
      command: `zonecast probe ${cloud}`,
    }
  })
}

/** Empty when this hub alone saw it. @param {readonly Probe[]} probes */
function seenFrom(probes) {
  const names = [...new Set(probes.map(({ vantage }) => vantage ?? 'this hub'))]
  if (names.every((name) => name === 'this hub')) return ''
  return `, seen from ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${count(names.length - NAMED)} more` : ''}`
}

/** @param {Vantage} vantage @param {number} now @returns {Problem} */
const lostProblem = ({ name, reportedAt }, now) => ({
  rank: 4.6,
  tone: 'warn',
  what: `Vantage point ${name} is lost`,
  detail: `${reportedAt === null ? 'no report since this hub started' : `last report ${ago(reportedAt, now)}`}; its results do not count any more`,
  next: 'Look at its process, and at the path from there to this hub.',
  doc: 'vantage-points.md',
  command: 'zonecast vantages',
})

/** @param {number} unread @returns {Problem} */
const unreadProblem = (unread) => ({
  rank: 4.55,
  tone: 'warn',
  what: `${plural(unread, 'more vantage point')} with bad results`,
  detail: `only those of ${READ} are listed`,
  next: 'Look for a common cause first.',
  doc: 'vantage-points.md',
  command: 'zonecast vantages',
})
