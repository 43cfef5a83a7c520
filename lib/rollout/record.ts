/**
 * The durable record of a rollout: plain values in the journal, beside the version that they are about. Times are milliseconds
 * since 1970.
 *
 * Terminology. Rollout: the way of one version from its commit to every node. Stage: nodes that get it together. Gate: condition
 * of a stage before the next one begins. Soak: how long the condition must stay true. Order: an operator's decision about a zone.
 */
import type { CheckReport, ZoneFigures } from '../checks/check.js'
import type { Verdict } from '../checks/verdicts.js'
import type { RolloutState } from './rollout-states.js'

export interface ChecksOutcome {
  verdict: Verdict
  reports: CheckReport[]
  /** Counts on which the checks of the next version build. */
  figures?: ZoneFigures
  at: number
}

export interface Stage {
  /** For operators: `ams1`, `cloud A`, `25 % of cloud B`. */
  name: string
  /** Node ids. */
  nodes: string[]
  /** Time for which the gate must stay met. */
  soakMs: number
  /** Nodes that may be unreachable without failing the gate. */
  mayLack: number
}

/** The operator's remedy: approve or reject the version, or resume the zone. */
export type HeldBy = 'check' | 'order'

export interface RolloutRecord {
  state: RolloutState
  heldBy?: HeldBy
  /** The current stage; earlier ones are passed. `stages.length` when none is left. */
  stage: number
  /** Begin of this state. */
  since: number
  /** Reason for which it is held, halted or rejected; the version that superseded it. */
  reason?: string
  /** Fixed when the rollout began: a reload moves no node between stages. */
  stages: Stage[]
  /** Another hub stopped or holds it; this hub has no reason of its own. */
  told?: true
  /** Soaks are a tenth as long. */
  fast?: true
  /** `at` of the last decision that was carried out: each is carried out once. */
  decided?: number
  /** Events, oldest first. */
  log: { at: number; what: string }[]
}

/** The operator, and the reason. */
export interface Said {
  at: number
  by: string
  reason: string
}

export interface Decision extends Said {
  /**
   * `agree`: an approval that needs others beside it · `withdraw`: that of a caller that was removed does not count any more · `hurry`:
   * shorter soaks for a version under way; approves nothing.
   */
  kind: 'approve' | 'agree' | 'reject' | 'rollback' | 'withdraw' | 'hurry'
  serial: number
  /** A decision is about content: another version under the same serial is not meant. */
  digest: string
  /** Whose approval it is; default: `by`. */
  person?: string
  /** The hub whose API got an approval. */
  hub?: string
  fast?: true
  /** The primary whose content was chosen, when two are served under one serial. */
  primary?: string
  /** For a rollback: the serial under which the content of `to` is released again. */
  newSerial?: number
  to?: { serial: number; digest: string }
}

/** The operators' orders for a zone; the same on all hubs. */
export interface ZoneOrders {
  at: number
  /** Nothing is released while it is set. */
  hold?: Said
  /** The operator who lifted the last hold. */
  released?: Said
  /** Newest last. */
  decisions: Decision[]
}

/** Decisions remembered per zone; older ones are about versions that are gone. */
const DECISIONS = 100

/** Merges the orders of two places without loss. Commutative. */
export function mergeOrders(a: ZoneOrders, b: ZoneOrders): ZoneOrders {
  const all = new Map([...a.decisions, ...b.decisions].map((decision) => [keyOf(decision), decision]))
  const decisions = [...all.values()].sort((x, y) => x.at - y.at || (keyOf(x) < keyOf(y) ? -1 : 1)).slice(-DECISIONS)
  const hold = laterOf(a.hold, b.hold)
  const released = laterOf(a.released, b.released)
  const isHeld = hold !== undefined && (released === undefined || hold.at > released.at)
  return {
    at: Math.max(a.at, b.at),
    ...(isHeld ? { hold } : {}),
    ...(released ? { released } : {}),
    decisions,
  }
}

/** Two people may approve one version at the same time. */
const keyOf = ({ kind, serial, digest, at, by }: Decision): string =>
  `${at} ${kind} ${serial} ${digest}${kind === 'agree' || kind === 'withdraw' ? ` ${by}` : ''}`

const laterOf = (a: Said | undefined, b: Said | undefined): Said | undefined =>
  a === undefined || (b !== undefined && (b.at > a.at || (b.at === a.at && b.by > a.by))) ? b : a

/** Merges the orders of a zone in two places; undefined when there are none. */
export const ordersOf = (shared: ZoneOrders | undefined, kept: ZoneOrders | undefined): ZoneOrders | undefined =>
  shared && kept && shared.at !== kept.at ? mergeOrders(shared, kept) : (shared ?? kept)

const DECIDES: ReadonlySet<Decision['kind']> = new Set(['approve', 'reject'])

/** The last decision about the release of a version. */
export const decisionOn = (orders: ZoneOrders | undefined, { serial, digest }: VersionName): Decision | undefined =>
  orders?.decisions.findLast((each) => DECIDES.has(each.kind) && each.serial === serial && each.digest === digest)

/** The order to hurry with a version. */
export const hurryOn = (orders: ZoneOrders | undefined, { serial, digest }: VersionName): Decision | undefined =>
  orders?.decisions.findLast((each) => each.kind === 'hurry' && each.serial === serial && each.digest === digest)

/** The rollback that left the version. */
export const rollbackFrom = (orders: ZoneOrders | undefined, { serial, digest }: VersionName): Decision | undefined =>
  orders?.decisions.findLast((each) => each.kind === 'rollback' && each.serial === serial && each.digest === digest)

interface VersionName {
  serial: number
  digest: string
}

/** Prefix of the ids of a zone's rollouts. */
export const rolloutPrefix = (zone: string): string => `${zone.replace(/\.$/, '').replace(/[^a-z0-9.-]/g, '_') || 'root'}-`

/** Id of a rollout; the same on every hub that has the version. */
export const rolloutId = (zone: string, serial: number, digest: string): string =>
  `${rolloutPrefix(zone)}${serial}-${digest.slice(0, 12)}`
