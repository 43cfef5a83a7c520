/**
 * What is written down of a rollout: plain values that stand in the journal beside the version they are about. Times are
 * milliseconds since 1970.
 *
 * Terminology. Rollout: the way of one version from its commit to every node. Stage: nodes that get it together. Gate: what must
 * be true of a stage before the next one begins. Soak: how long it must stay true. Order: what a person said of a zone.
 */
import type { CheckReport, ZoneFigures } from '../checks/check.js'
import type { Verdict } from '../checks/verdicts.js'
import type { RolloutState } from './rollout-states.js'

export { ROLLOUT_STATES, type RolloutState } from './rollout-states.js'

export interface ChecksOutcome {
  verdict: Verdict
  reports: CheckReport[]
  /** Counts that the checks of the next version go on from. */
  figures?: ZoneFigures
  at: number
}

export interface Stage {
  /** For people: `ams1`, `cloud A`, `25 % of cloud B`. */
  name: string
  /** Node ids. */
  nodes: string[]
  /** How long the gate must stay met. */
  soakMs: number
  /** Nodes that may be unreachable without failing the gate. */
  mayLack: number
}

/** What a person must do about it: approve or reject the version, or release the zone. */
export type HeldBy = 'check' | 'order'

export interface RolloutRecord {
  state: RolloutState
  heldBy?: HeldBy
  /** The stage under way; what lies before it is through. `stages.length` when none is left. */
  stage: number
  /** Of this state. */
  since: number
  /** Why it is held, halted or rejected; what superseded it. */
  reason?: string
  /** Fixed when the rollout began: a reload moves no node between stages. */
  stages: Stage[]
  /** Another hub stopped or held it: nothing of our own stands against it. */
  told?: true
  /** Soaks are a tenth. */
  fast?: true
  /** `at` of the last decision that was carried out: each is carried out once. */
  decided?: number
  /** What has happened, oldest first. */
  log: { at: number; what: string }[]
}

/** Who said so, and why. */
export interface Said {
  at: number
  by: string
  reason: string
}

export interface Decision extends Said {
  kind: 'approve' | 'reject' | 'rollback'
  serial: number
  /** A decision is about content: another version under the same serial is not meant. */
  digest: string
  fast?: true
  /** The primary whose content was chosen, where two go under one serial. */
  primary?: string
  /** For a rollback: the serial under which the content of `to` goes out again. */
  newSerial?: number
  to?: { serial: number; digest: string }
}

/** What people said of a zone; the same on all hubs. */
export interface ZoneOrders {
  at: number
  /** Nothing is released while it stands. */
  hold?: Said
  /** Who lifted the last hold. */
  released?: Said
  /** Newest last. */
  decisions: Decision[]
}

/** Decisions remembered of a zone; what was decided long ago is about versions that are gone. */
const DECISIONS = 100

/** What was said in two places, as one: nothing that either of them knows is lost. The same whichever comes first. */
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

const keyOf = ({ kind, serial, digest, at }: Decision): string => `${at} ${kind} ${serial} ${digest}`

const laterOf = (a: Said | undefined, b: Said | undefined): Said | undefined =>
  a === undefined || (b !== undefined && (b.at > a.at || (b.at === a.at && b.by > a.by))) ? b : a

/** What is known of a zone's orders in two places; undefined when nobody said anything. */
export const ordersOf = (shared: ZoneOrders | undefined, kept: ZoneOrders | undefined): ZoneOrders | undefined =>
  shared && kept && shared.at !== kept.at ? mergeOrders(shared, kept) : (shared ?? kept)

/** The last word on a version, whether it may go out. */
export const decisionOn = (orders: ZoneOrders | undefined, { serial, digest }: VersionName): Decision | undefined =>
  orders?.decisions.findLast((each) => each.kind !== 'rollback' && each.serial === serial && each.digest === digest)

/** Who went back from a version. */
export const rollbackFrom = (orders: ZoneOrders | undefined, { serial, digest }: VersionName): Decision | undefined =>
  orders?.decisions.findLast((each) => each.kind === 'rollback' && each.serial === serial && each.digest === digest)

interface VersionName {
  serial: number
  digest: string
}

/** How the names of a zone's rollouts begin. */
export const rolloutPrefix = (zone: string): string => `${zone.replace(/\.$/, '').replace(/[^a-z0-9.-]/g, '_') || 'root'}-`

/** Names a rollout; the same on every hub that has the version. */
export const rolloutId = (zone: string, serial: number, digest: string): string =>
  `${rolloutPrefix(zone)}${serial}-${digest.slice(0, 12)}`
