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
  /** It serves other content than the newest of its releases, under the same serial; facts of the zone do not count. */
  isOther: boolean
}

export function judgeNode(input: NodeStateInput, rules: NodeStateRules): NodeStateOutcome {
  const { state, behindSince } = nodeStanding(input, rules)
  return { state, lagSeconds: lagSecondsAt(behindSince, input.now) }
}

export const lagSecondsAt = (behindSince: number | undefined, now: number): number =>
  behindSince === undefined ? 0 : Math.max(0, Math.round((now - behindSince) / 1000))

/** Called for each pair of a large fleet after a release: it makes no functions. */
export function nodeStanding(input: NodeStateInput, rules: NodeStateRules): NodeStanding {
  const { now, observed, releases } = input
  const newest = releases.at(-1)
  const behindSince = oldestNotReached(input)
  if (input.drained) return { state: 'drained', behindSince, changesAt: undefined, isOther: false }
  if (newest === undefined) return { state: 'unknown', behindSince, changesAt: undefined, isOther: false }
  if (observed === undefined) {
    const state = input.missed < rules.unknownAfterMissed ? 'syncing' : 'unknown'
    return { state, behindSince, changesAt: undefined, isOther: false }
  }
  const staleAt = Math.floor(observed.observedAt + rules.staleMs) + 1
  if (now >= staleAt || input.missed >= rules.unknownAfterMissed)
    return { state: 'unknown', behindSince, changesAt: undefined, isOther: false }
  const state = answeredState(input, observed.serial, newest.serial)
  if (state !== undefined)
    return { state, behindSince, changesAt: staleAt, isOther: isOther(input, observed.serial, newest.serial) }
  const lagFrom = behindSince ?? now
  const stuckAt = Math.max(observed.since, lagFrom) + rules.stuckMs
  if (now >= stuckAt) return { state: 'stuck', behindSince, changesAt: staleAt, isOther: false }
  const laggingAt = lagFrom + rules.lagWarnMs
  if (now >= laggingAt) return { state: 'lagging', behindSince, changesAt: Math.min(stuckAt, staleAt), isOther: false }
  return { state: 'syncing', behindSince, changesAt: Math.min(stuckAt, laggingAt, staleAt), isOther: false }
}

/** The state by a valid answer; undefined for a node that is behind, whose state follows from the time. */
function answeredState(input: NodeStateInput, serial: Serial, newest: Serial): NodeState | undefined {
  if (input.conflict) return 'conflict'
  if (input.lost) return 'unknown'
  const order = compareSerials(serial, newest)
  if (order === 'newer') return 'ahead'
  // RFC 1982 §3.2: no order at all; no transfer can lead from one to the other.
  if (order === 'unordered') return 'conflict'
  if (input.expired) return 'expired'
  return order === 'equal' ? STATE_OF_CONTENT[input.content] : undefined
}

const isOther = ({ content, lost }: NodeStateInput, serial: Serial, newest: Serial): boolean =>
  content === 'other' && !lost && compareSerials(serial, newest) === 'equal'

const STATE_OF_CONTENT: Readonly<Record<NodeContent, NodeState>> = {
  released: 'in-sync',
  unproved: 'syncing',
  other: 'conflict',
  unknown: 'conflict',
  elsewhere: 'unknown',
}

function oldestNotReached({ releases, observed }: NodeStateInput): number | undefined {
  if (observed === undefined) return releases[0]?.releasedAt
  for (const { serial, releasedAt } of releases) if (compareSerials(serial, observed.serial) === 'newer') return releasedAt
  return undefined
}
