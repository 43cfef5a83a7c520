/**
 * The state of one zone on one node, from what was released and what the node last said. Pure.
 *
 *   unknown ──answer──▶ in-sync ──release──▶ syncing ──5 min──▶ lagging ──no step in 10 min──▶ stuck
 *                          ▲                    ╰───────── answer with the released serial ─────╯│
 *                          ╰─────────────────────────────────────────────────────────────────────╯
 *   ahead: newer than anything released · conflict: two contents under one serial · expired: we may not offer the zone
 *   drained: a person said so
 */
import { compareSerials, type Serial } from '../dns/serial.js'

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
  /** Newest last. Empty when nothing was released yet. */
  releases: readonly Released[]
  observed: { serial: Serial; since: number; observedAt: number } | undefined
  /** Looks without an answer since the last one. */
  missed: number
  drained: boolean
  expired: boolean
  conflict: boolean
}

export interface NodeStateRules {
  lagWarnMs: number
  stuckMs: number
  unknownAfterLooks: number
  /** An answer older than this says nothing any more: nobody looks. */
  staleMs: number
}

export interface NodeStateOutcome {
  state: NodeState
  /** Age of the oldest release the node has not reached; 0 when it is in sync (contract §3). */
  lagSeconds: number
}

export function judgeNode(input: NodeStateInput, rules: NodeStateRules): NodeStateOutcome {
  const { now, observed, releases } = input
  const newest = releases.at(-1)
  const lagMs = lagOf(input)
  const outcome = (state: NodeState): NodeStateOutcome => ({ state, lagSeconds: Math.max(0, Math.round(lagMs / 1000)) })
  if (input.drained) return outcome('drained')
  if (newest === undefined) return outcome('unknown')
  if (observed !== undefined && now - observed.observedAt > rules.staleMs) return outcome('unknown')
  if (observed === undefined || input.missed >= rules.unknownAfterLooks)
    return outcome(observed === undefined && input.missed < rules.unknownAfterLooks ? 'syncing' : 'unknown')
  if (input.conflict) return outcome('conflict')
  const order = compareSerials(observed.serial, newest.serial)
  if (order === 'newer') return outcome('ahead')
  // RFC 1982 §3.2: no order at all; no transfer can lead from one to the other.
  if (order === 'unordered') return outcome('conflict')
  if (input.expired) return outcome('expired')
  if (order === 'equal') return outcome('in-sync')
  const missedReleases = releases.filter((release) => compareSerials(release.serial, observed.serial) === 'newer').length
  const still =
    now - Math.max(observed.since, releases.find((r) => compareSerials(r.serial, observed.serial) === 'newer')?.releasedAt ?? 0)
  if (still >= rules.stuckMs && (missedReleases >= 2 || lagMs >= rules.stuckMs)) return outcome('stuck')
  return outcome(lagMs >= rules.lagWarnMs ? 'lagging' : 'syncing')
}

function lagOf({ now, releases, observed }: NodeStateInput): number {
  const reached = observed?.serial
  const oldest =
    reached === undefined ? releases[0] : releases.find((release) => compareSerials(release.serial, reached) === 'newer')
  return oldest === undefined ? 0 : now - oldest.releasedAt
}
