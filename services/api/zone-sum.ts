/** The sums of zones, in columns: facts of each zone, and the number of its nodes in each state. */
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { lagSecondsAt, NODE_STATES, type NodeState } from '../../lib/fleet/node-state.js'
import { type NodesTally, WORST_FIRST } from '../../lib/fleet/zone-view.js'
import { ROLLOUT_STATES, type RolloutState } from '../../lib/rollout/rollout-states.js'
import { withLength } from './columns.js'
import type { NodeSum } from './node-sum.js'

const STATES = NODE_STATES.length

const HELD = 1
const BEHIND = 2
const CONFLICT = 4
const EXPIRED = 8

export interface ZoneFlags {
  /** A version waits for an operator, or the zone is on hold. */
  isHeld: boolean
  /** No version that the primaries publish next can be transferred. */
  isBehind: boolean
  hasConflict: boolean
  isExpired: boolean
}

export class ZoneColumns {
  #flags = new Uint8Array(0)
  /** 1 + the index of the state of the newest rollout; 0 without one. */
  #rollouts = new Uint8Array(0)
  /** Hash of the facts by which the nodes of the zone were judged; 0 when they must be judged. */
  #facts = new Uint32Array(0)
  #counts = new Uint16Array(0)
  /** Seconds since 1970; 0 for a zone without signatures. */
  #signedUntil = new Uint32Array(0)

  /** Forgets an earlier zone with the number. */
  clear(zone: number): void {
    this.#flags = withLength(this.#flags, zone + 1)
    this.#rollouts = withLength(this.#rollouts, zone + 1)
    this.#facts = withLength(this.#facts, zone + 1)
    this.#counts = withLength(this.#counts, (zone + 1) * STATES)
    this.#signedUntil = withLength(this.#signedUntil, zone + 1)
    this.#flags[zone] = 0
    this.#signedUntil[zone] = 0
    this.#rollouts[zone] = 0
    this.#facts[zone] = 0
    this.#counts.fill(0, zone * STATES, (zone + 1) * STATES)
  }

  setFlags(zone: number, { isHeld, isBehind, hasConflict, isExpired }: ZoneFlags): void {
    this.#flags[zone] = (isHeld ? HELD : 0) | (isBehind ? BEHIND : 0) | (hasConflict ? CONFLICT : 0) | (isExpired ? EXPIRED : 0)
  }

  flags(zone: number): ZoneFlags {
    const flags = this.#flags[zone]!
    return {
      isHeld: (flags & HELD) !== 0,
      isBehind: (flags & BEHIND) !== 0,
      hasConflict: (flags & CONFLICT) !== 0,
      isExpired: (flags & EXPIRED) !== 0,
    }
  }

  rollout(zone: number): RolloutState | undefined {
    return ROLLOUT_STATES[this.#rollouts[zone]! - 1]
  }

  setRollout(zone: number, state: RolloutState | undefined): void {
    this.#rollouts[zone] = state === undefined ? 0 : ROLLOUT_STATES.indexOf(state) + 1
  }

  setSignedUntil(zone: number, seconds: number | undefined): void {
    this.#signedUntil[zone] = seconds ?? 0
  }

  /** Seconds since 1970; undefined without signed zones. A pass over numbers alone: 0.1 ms for 100,000 zones. */
  get firstExpiry(): number | undefined {
    let first = Number.POSITIVE_INFINITY
    for (const seconds of this.#signedUntil) if (seconds > 0 && seconds < first) first = seconds
    return first === Number.POSITIVE_INFINITY ? undefined : first
  }

  /** Returns true when the facts differ from those of the call before. */
  noteFacts(zone: number, hash: number): boolean {
    const isNew = this.#facts[zone] !== hash
    this.#facts[zone] = hash
    return isNew
  }

  /** The nodes of the zone must be judged whatever its facts are. */
  forgetFacts(zone: number): void {
    this.#facts[zone] = 0
  }

  forgetAllFacts(): void {
    this.#facts.fill(0)
  }

  /** A node of the zone goes from one state to another, given as indexes; -1 before it was judged, or when it leaves. */
  move(zone: number, old: number, next: number): void {
    if (old === next) return
    if (old >= 0) this.#counts[zone * STATES + old]! -= 1
    if (next >= 0) this.#counts[zone * STATES + next]! += 1
  }

  count(zone: number, state: number): number {
    return this.#counts[zone * STATES + state]!
  }
}

/** One zone as judged last. */
export class ZoneSum implements NodesTally {
  readonly #zone: FleetZone
  readonly #n: number
  readonly #columns: ZoneColumns
  readonly #nodes: ReadonlyMap<string, NodeSum>
  readonly #now: number

  constructor(zone: FleetZone, n: number, columns: ZoneColumns, nodes: ReadonlyMap<string, NodeSum>, now: number) {
    this.#zone = zone
    this.#n = n
    this.#columns = columns
    this.#nodes = nodes
    this.#now = now
  }

  get flags(): ZoneFlags {
    return this.#columns.flags(this.#n)
  }

  get total(): number {
    return this.#zone.nodes.length
  }

  get inSync(): number {
    return this.#columns.count(this.#n, IN_SYNC)
  }

  /** A node that was not judged yet is unknown. */
  has(state: NodeState): boolean {
    if (this.#columns.count(this.#n, NODE_STATES.indexOf(state)) > 0) return true
    return state === 'unknown' && this.#zone.nodes.some(({ id }) => (this.#nodes.get(id)?.stateOf(this.#n) ?? -1) < 0)
  }

  /** The state by which lists are sorted: a held zone comes before one with a node that does not answer. */
  get severity(): NodeState {
    const { isHeld, isBehind, hasConflict, isExpired } = this.flags
    if (hasConflict || isBehind) return 'conflict'
    return (
      SEVERITIES.find(
        (state) =>
          (state === 'held' && isHeld) ||
          (state === 'expired' && isExpired) ||
          this.#columns.count(this.#n, NODE_STATES.indexOf(state)) > 0,
      ) ?? 'unknown'
    )
  }

  get lagSeconds(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { id } of this.#zone.nodes) {
      const node = this.#nodes.get(id)
      if (node !== undefined && node.stateOf(this.#n) !== DRAINED) least = Math.min(least, node.behind.get(this.#n))
    }
    return lagOf(least, this.#now)
  }

  lagSecondsOn(node: string): number {
    return lagOf(this.#nodes.get(node)?.behind.get(this.#n) ?? Number.POSITIVE_INFINITY, this.#now)
  }
}

/** From the most urgent state to the least, in lists of zones. */
export const SEVERITIES: readonly NodeState[] = WORST_FIRST.flatMap((state) => {
  if (state === 'held') return []
  return state === 'unknown' ? (['held', 'unknown'] as const) : [state]
})

const IN_SYNC = NODE_STATES.indexOf('in-sync')
const DRAINED = NODE_STATES.indexOf('drained')

export const lagOf = (behindSince: number, now: number): number => (behindSince === Infinity ? 0 : lagSecondsAt(behindSince, now))
