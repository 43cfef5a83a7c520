/**
 * The state of one zone on one node, from the releases and the node's last answer. Pure.
 *
 *   unknown ──answer──▶ in-sync ──release──▶ syncing ──5 min──▶ lagging ──no step in 10 min──▶ stuck
 *                          ▲                    ╰───────── answer with the released serial ─────╯│
 *                          ╰─────────────────────────────────────────────────────────────────────╯
 *   ahead: newer than anything released · conflict: two contents under one serial · expired: the hub may not serve the zone
 *   unknown, too: it shows the released serial, and transferred it from another server
 *   syncing, too: it shows the released serial, and must still prove its content
 *   drained: an operator ordered it
 */
import { compareSerials, type Serial } from '../dns/serial.js'
import type { NodeContent } from './node-content.js'

export const NODE_STATES = [
  'in-sync',
  'syncing',
  'lagging',
  'stuck',
  'conflict',
  'ahead',
  'expired',
  'held',
  'drained',
  'unknown',
] as const
export type NodeState = (typeof NODE_STATES)[number]

export interface Released {
  serial: Serial
  releasedAt: number
}

export interface NodeStateInput {
  now: number
  /** Newest last. Empty when no version was released yet. */
  releases: readonly Released[]
  observed: { serial: Serial; since: number; observedAt: number } | undefined
  /** SOA queries without an answer since the last one. */
  missed: number
  drained: boolean
  expired: boolean
  conflict: boolean
  /** Its last answer was that it does not serve the zone. */
  lost: boolean
  /** For a node that shows the newest of the releases. */
  content: NodeContent
}

export interface NodeStateRules {
  lagWarnMs: number
  stuckMs: number
  unknownAfterMissed: number
  /** An older answer does not count any more: the observer is not running. */
  staleMs: number
}

export interface NodeStateOutcome {
  state: NodeState
  /** Age of the oldest release that the node has not reached; 0 when it is in sync (docs/contract.md). */
  lagSeconds: number
}

/** A state, and its next change by time alone. */
export interface NodeStanding {
  state: NodeState
  /** Release time of the oldest release that the node has not reached, milliseconds; undefined when there is none. */
  behindSince: number | undefined
  /** First moment at which the state may change without a new fact; undefined when never. */
  changesAt: number | undefined
}

export function judgeNode(input: NodeStateInput, rules: NodeStateRules): NodeStateOutcome {
  const { state, behindSince } = nodeStanding(input, rules)
  return { state, lagSeconds: lagSecondsAt(behindSince, input.now) }
}

export const lagSecondsAt = (behindSince: number | undefined, now: number): number =>
  behindSince === undefined ? 0 : Math.max(0, Math.round((now - behindSince) / 1000))

export function nodeStanding(input: NodeStateInput, rules: NodeStateRules): NodeStanding {
  const { now, observed, releases } = input
  const newest = releases.at(-1)
  const behindSince = oldestNotReached(input)
  const staleAt = observed && Math.floor(observed.observedAt + rules.staleMs) + 1
  const standing = (state: NodeState, changesAt = staleAt): NodeStanding => ({ state, behindSince, changesAt })
  const lasting = (state: NodeState): NodeStanding => ({ state, behindSince, changesAt: undefined })
  if (input.drained) return lasting('drained')
  if (newest === undefined) return lasting('unknown')
  if (observed === undefined) return lasting(input.missed < rules.unknownAfterMissed ? 'syncing' : 'unknown')
  if (now >= staleAt! || input.missed >= rules.unknownAfterMissed) return lasting('unknown')
  if (input.conflict) return standing('conflict')
  if (input.lost) return standing('unknown')
  const order = compareSerials(observed.serial, newest.serial)
  if (order === 'newer') return standing('ahead')
  // RFC 1982 §3.2: no order at all; no transfer can lead from one to the other.
  if (order === 'unordered') return standing('conflict')
  if (input.expired) return standing('expired')
  if (order === 'equal') return standing(STATE_OF_CONTENT[input.content])
  const lagFrom = behindSince ?? now
  const stuckAt = Math.max(observed.since, lagFrom) + rules.stuckMs
  if (now >= stuckAt) return standing('stuck')
  const laggingAt = lagFrom + rules.lagWarnMs
  if (now >= laggingAt) return standing('lagging', Math.min(stuckAt, staleAt!))
  return standing('syncing', Math.min(stuckAt, laggingAt, staleAt!))
}

const STATE_OF_CONTENT: Readonly<Record<NodeContent, NodeState>> = {
  released: 'in-sync',
  unproved: 'syncing',
  other: 'conflict',
  unknown: 'conflict',
  elsewhere: 'unknown',
}

function oldestNotReached({ releases, observed }: NodeStateInput): number | undefined {
  const reached = observed?.serial
  const oldest =
    reached === undefined ? releases[0] : releases.find((release) => compareSerials(release.serial, reached) === 'newer')
  return oldest?.releasedAt
}
