/**
 * The sync matrix: the state for each zone and node, and for each zone the sum of its nodes. Computed from the board; decides
 * nothing.
 */
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import type { FleetZone } from './fleet.js'
import { contentOf, doubtOf, isProvenOther, type NodeContentFacts } from './node-content.js'
import { lagSecondsAt, NODE_STATES, type NodeStanding, type NodeState, type NodeStateRules, nodeStanding } from './node-state.js'

interface ReleaseFact {
  serial: Serial
  digest: string
  releasedAt: number
  torn?: boolean | undefined
}

/** The cells from which a view is made; the board has them. */
export interface ZoneFacts {
  released: { serial: Serial; digest: string; records: number; releasedAt: number } | undefined
  releases: readonly ReleaseFact[]
  /**
   * Released to some nodes at separate times: versions newer than the one released to all, or released to these nodes before all
   * others.
   */
  staged: readonly (ReleaseFact & { nodes: readonly string[]; times?: readonly number[] | undefined })[]
  /** Reason for which a version is held, if one is. */
  held: string | undefined
  conflict: boolean
  expired: boolean
  /** Reason of the last refresh failure. */
  error?: string | undefined
  /** Reason why no later version of the primaries may be transferred. */
  behind?: string | undefined
}

export interface NodeFacts extends NodeContentFacts {
  id: string
  since: number
  observedAt: number | undefined
  missed: number
  error: string | undefined
  drained: boolean
  /** Time of its last answer, when that was that it does not serve the zone. */
  lostAt?: number | undefined
}

export interface NodeZoneView {
  serial: Serial | undefined
  state: NodeState
  since: number | undefined
  observedAt: number | undefined
  lagSeconds: number
  error: string | undefined
  /** The last comparison of its content with a version. */
  verified?: VerdictView | undefined
}

export interface VerdictView {
  at: number
  serial: Serial
  how: 'axfr' | 'sample'
  verdict: 'same' | 'differs' | 'cannot'
  missing: number
  extra: number
  examples: readonly string[]
  why?: string | undefined
}

/** The facts of a zone that decide on the states of its nodes. */
export type StandingFacts = Pick<ZoneFacts, 'releases' | 'staged' | 'conflict' | 'expired'>

export function standingOf(zone: StandingFacts, node: NodeFacts, rules: NodeStateRules, now: number): NodeStanding {
  const releases = releasesTo(zone, node.id)
  const newest = releases.at(-1)
  const standing = nodeStanding(
    {
      now,
      releases,
      content: newest === undefined ? 'released' : contentOf(node, newest),
      observed: observationOf(node),
      missed: node.missed,
      lost: node.lostAt !== undefined,
      drained: node.drained,
      expired: zone.expired,
      conflict: zone.conflict,
    },
    rules,
  )
  if (standing.isOther && !isProvenOther(node, newest!)) standing.isOther = false
  return standing
}

function observationOf({
  serial,
  since,
  observedAt,
}: NodeFacts): { serial: Serial; since: number; observedAt: number } | undefined {
  return serial === undefined || observedAt === undefined ? undefined : { serial, since, observedAt }
}

export function viewNode(zone: ZoneFacts, node: NodeFacts, rules: NodeStateRules, now: number): NodeZoneView {
  const { state, behindSince } = standingOf(zone, node, rules, now)
  return {
    serial: node.serial,
    state,
    since: observationOf(node)?.since,
    observedAt: node.observedAt,
    lagSeconds: lagSecondsAt(behindSince, now),
    error: node.error ?? doubtOf(node, node.id, releasesTo(zone, node.id).at(-1)),
  }
}

/** The versions that the node should have reached, newest last, each with the time of its release to that node. */
function releasesTo({ releases, staged }: StandingFacts, node: string): readonly ReleaseFact[] {
  if (staged.length === 0) return releases
  const own = staged.flatMap(({ nodes, times, ...mark }) => {
    const i = nodes.indexOf(node)
    return i < 0 ? [] : [{ ...mark, releasedAt: times?.[i] ?? mark.releasedAt }]
  })
  if (own.length === 0) return releases
  const all: ReleaseFact[] = releases.map((release) => own.find((mark) => isSameVersion(mark, release)) ?? release)
  for (const mark of own) {
    if (all.includes(mark)) continue
    const newer = all.findIndex(({ serial }) => compareSerials(serial, mark.serial) === 'newer')
    all.splice(newer < 0 ? all.length : newer, 0, mark)
  }
  return all
}

const isSameVersion = (a: ReleaseFact, b: ReleaseFact): boolean => a.serial === b.serial && a.digest === b.digest

/** Urgency of each state for an operator: the lower the number, the more urgent. */
const RANK: Readonly<Record<NodeState, number>> = {
  conflict: 0,
  ahead: 1,
  expired: 2,
  stuck: 3,
  lagging: 4,
  unknown: 5,
  held: 6,
  syncing: 7,
  'in-sync': 8,
  drained: 9,
}

/** From the most urgent state to the least. */
export const WORST_FIRST: readonly NodeState[] = [...NODE_STATES].sort((a, b) => RANK[a] - RANK[b])

export interface ZoneSummaryView {
  name: ZoneName
  serial: Serial | undefined
  digest: string | undefined
  records: number | undefined
  state: NodeState
  releasedAt: number | undefined
  lagSeconds: number
  inSync: number
  total: number
  /** Reason why no newer version can be released; all nodes may be in sync with the one before. */
  error: string | undefined
  /** Reason for an operator to act: a version that a check held or a stage halted, or a zone on hold. */
  held: string | undefined
}

/** The nodes of a zone, summed up. */
export interface NodesTally {
  has(state: NodeState): boolean
  inSync: number
  total: number
  /** The largest lag; a drained node does not count: it is behind by an operator's order. */
  lagSeconds: number
}

export const tallyOf = (views: readonly Pick<NodeZoneView, 'state' | 'lagSeconds'>[]): NodesTally => ({
  has: (state) => views.some((view) => view.state === state),
  inSync: views.filter(({ state }) => state === 'in-sync').length,
  total: views.length,
  lagSeconds: views.reduce((most, { state, lagSeconds }) => (state === 'drained' ? most : Math.max(most, lagSeconds)), 0),
})

export function summarize(zone: FleetZone, facts: ZoneFacts, nodes: NodesTally): ZoneSummaryView {
  const own: NodeState | undefined =
    facts.conflict || facts.behind !== undefined
      ? 'conflict'
      : facts.released === undefined
        ? 'unknown'
        : facts.expired
          ? 'expired'
          : undefined
  const held: NodeState[] = facts.held === undefined ? [] : ['held']
  const worst = WORST_FIRST.find((state) => held.includes(state) || nodes.has(state))
  return {
    name: zone.name,
    serial: facts.released?.serial,
    digest: facts.released?.digest,
    records: facts.released?.records,
    state: own ?? worst ?? 'in-sync',
    releasedAt: facts.released?.releasedAt,
    lagSeconds: nodes.lagSeconds,
    inSync: nodes.inSync,
    total: nodes.total,
    error: facts.error ?? facts.behind ?? facts.held,
    held: facts.held,
  }
}
