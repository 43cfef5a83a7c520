/** The sums of one zone: the last judged state of each of its nodes. */
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { lagSecondsAt, NODE_STATES, type NodeState } from '../../lib/fleet/node-state.js'
import type { RolloutState } from '../../lib/rollout/rollout-states.js'
import type { Contact, NodeSum, PairValues } from './node-sum.js'

const NOT_JUDGED = -1

/** One zone: a value for each of its nodes, in the order of the config. */
export class ZoneSum implements PairValues {
  readonly zone: FleetZone
  readonly nodes: readonly NodeSum<ZoneSum>[]
  /** Indexes into NODE_STATES. */
  readonly states: number[]
  /** Milliseconds; Infinity where the node has reached every release. */
  readonly behindSince: number[]
  /** Milliseconds; 0 where the node never answered. */
  readonly observedAt: number[]
  /** How each node last answered about the zone. */
  readonly contacts: (Contact | undefined)[]
  expiresAt: number | undefined
  hasRelease = false
  hasConflict = false
  /** A version waits for an operator, or the zone is on hold. */
  isHeld = false
  /** No version that the primaries publish next can be transferred. */
  isBehind = false
  rollout: RolloutState | undefined

  constructor(zone: FleetZone, nodes: readonly NodeSum<ZoneSum>[]) {
    this.zone = zone
    this.nodes = nodes
    this.states = nodes.map(() => NOT_JUDGED)
    this.behindSince = nodes.map(() => Number.POSITIVE_INFINITY)
    this.observedAt = nodes.map(() => 0)
    this.contacts = nodes.map(() => undefined)
  }

  /** State and lag of each node, as judged last. */
  views(now: number): { state: NodeState; lagSeconds: number }[] {
    return this.states.map((state, i) => {
      const since = this.behindSince[i]!
      return { state: NODE_STATES[state] ?? 'unknown', lagSeconds: since === Infinity ? 0 : lagSecondsAt(since, now) }
    })
  }
}
