/**
 * The sync matrix as people ask for it: per zone and node the state, per zone the sum of its nodes. Read off the board; decides
 * nothing.
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { FleetZone } from './fleet.js'
import { judgeNode, type NodeState, type NodeStateRules } from './node-state.js'

/** The cells a view is made of; the board has them. */
export interface ZoneFacts {
  released: { serial: Serial; digest: string; records: number; releasedAt: number } | undefined
  releases: readonly { serial: Serial; releasedAt: number }[]
  /** Released to some nodes only; newer than what is released to all. */
  staged: readonly { serial: Serial; releasedAt: number; nodes: readonly string[] }[]
  /** Why a version is held back, when one is. */
  held: string | undefined
  conflict: boolean
  expired: boolean
  /** Why the last refresh failed. */
  error?: string | undefined
}

export interface NodeFacts {
  id: string
  serial: Serial | undefined
  since: number
  observedAt: number | undefined
  missed: number
  error: string | undefined
  drained: boolean
}

export interface NodeZoneView {
  serial: Serial | undefined
  state: NodeState
  since: number | undefined
  observedAt: number | undefined
  lagSeconds: number
  error: string | undefined
}

export function viewNode(zone: ZoneFacts, node: NodeFacts, rules: NodeStateRules, now: number): NodeZoneView {
  const observed =
    node.serial === undefined || node.observedAt === undefined
      ? undefined
      : { serial: node.serial, since: node.since, observedAt: node.observedAt }
  const { state, lagSeconds } = judgeNode(
    {
      now,
      releases: releasesTo(zone, node.id),
      observed,
      missed: node.missed,
      drained: node.drained,
      expired: zone.expired,
      conflict: zone.conflict,
    },
    rules,
  )
  return { serial: node.serial, state, since: observed?.since, observedAt: node.observedAt, lagSeconds, error: node.error }
}

/** What the node should have reached, newest last. */
const releasesTo = ({ releases, staged }: ZoneFacts, node: string): readonly { serial: Serial; releasedAt: number }[] =>
  staged.length === 0 ? releases : [...releases, ...staged.filter(({ nodes }) => nodes.includes(node))]

/** From the one that wants a person most to the one that wants nobody. */
const WORST_FIRST: readonly NodeState[] = [
  'conflict',
  'ahead',
  'expired',
  'stuck',
  'lagging',
  'unknown',
  'held',
  'syncing',
  'in-sync',
  'drained',
]

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
  /** Why no newer version can be taken; nodes may all be in sync with the one before. */
  error: string | undefined
}

export function summarize(zone: FleetZone, facts: ZoneFacts, nodes: ReadonlyMap<string, NodeZoneView>): ZoneSummaryView {
  const views = [...nodes.values()]
  const own: NodeState | undefined = facts.conflict
    ? 'conflict'
    : facts.released === undefined
      ? 'unknown'
      : facts.expired
        ? 'expired'
        : undefined
  const held: NodeState[] = facts.held === undefined ? [] : ['held']
  const worst = WORST_FIRST.find((state) => held.includes(state) || views.some((view) => view.state === state))
  return {
    name: zone.name,
    serial: facts.released?.serial,
    digest: facts.released?.digest,
    records: facts.released?.records,
    state: own ?? worst ?? 'in-sync',
    releasedAt: facts.released?.releasedAt,
    // A drained node is behind because a person wants it so: it does not make the zone late.
    lagSeconds: Math.max(0, ...views.filter(({ state }) => state !== 'drained').map(({ lagSeconds }) => lagSeconds)),
    inSync: views.filter(({ state }) => state === 'in-sync').length,
    total: views.length,
    error: facts.error ?? facts.held,
  }
}

/** How many pairs are in each state. */
export function countStates(views: Iterable<NodeZoneView>): Partial<Record<NodeState, number>> {
  const counts: Partial<Record<NodeState, number>> = {}
  for (const { state } of views) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
