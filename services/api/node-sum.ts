/** The sums of one node over its zones. */
import type { FleetNode } from '../../lib/fleet/fleet.js'
import { NODE_STATES, type NodeState } from '../../lib/fleet/node-state.js'
import type { NodeCell } from '../../lib/state/tables.js'

export type StateCounts = Partial<Record<NodeState, number>>

/**
 * How a node last answered about one zone, whatever its state is. `lost`: it answered that it does not serve the zone, and a
 * later answer is not known.
 */
export type Contact = 'none' | 'answers' | 'silent' | 'lost'

/** From the cell of a pair. */
export function contactOf(
  cell: Pick<NodeCell, 'observedAt' | 'missed' | 'lostAt'> | undefined,
  { unknownAfterMissed }: { unknownAfterMissed: number },
): Contact {
  if (cell === undefined) return 'none'
  if (cell.lostAt !== undefined) return 'lost'
  if (cell.missed >= unknownAfterMissed) return 'silent'
  return cell.observedAt === undefined ? 'none' : 'answers'
}

/** Counts of states by name, without those that are 0. */
export const named = (counts: readonly number[]): StateCounts =>
  Object.fromEntries(NODE_STATES.flatMap((state, i) => (counts[i]! > 0 ? [[state, counts[i]!]] : [])))

/** The least of many numbers that change one by one: searched again only after the least itself has grown. */
export class Least {
  #value = Number.POSITIVE_INFINITY
  #isStale = false
  readonly #all: () => Iterable<number>

  constructor(all: () => Iterable<number>) {
    this.#all = all
  }

  replace(old: number, next: number): void {
    if (next <= this.#value) {
      this.#value = next
      this.#isStale = false
    } else if (old <= this.#value) this.#isStale = true
  }

  /** Infinity when there are none. */
  get value(): number {
    if (this.#isStale) {
      this.#value = Number.POSITIVE_INFINITY
      for (const value of this.#all()) if (value < this.#value) this.#value = value
      this.#isStale = false
    }
    return this.#value
  }
}

/** A zone's values for each of its nodes, in the order of the config. */
export interface PairValues {
  /** Indexes into NODE_STATES; negative before the pair was judged. */
  readonly states: readonly number[]
  /** Milliseconds; Infinity where the node has reached every release. */
  readonly behindSince: readonly number[]
  /** Milliseconds; 0 where the node never answered. */
  readonly observedAt: readonly number[]
  readonly contacts: readonly (Contact | undefined)[]
}

export class NodeSum<Z extends PairValues = PairValues> {
  node: FleetNode
  /** Pairs in each state, in the order of NODE_STATES. */
  readonly counts: number[] = NODE_STATES.map(() => 0)
  /** Release time of the oldest release that is missing in one of the zones. */
  readonly behind = new Least(() => this.#values((zone, i) => zone.behindSince[i]!))
  /** Last answers, negative, so that the newest is the least. */
  readonly observed = new Least(() => this.#values((zone, i) => -zone.observedAt[i]!))
  readonly #contacts: Record<Contact, number> = { none: 0, answers: 0, silent: 0, lost: 0 }
  /** Its zones, and the index of the node in each of them. */
  readonly #zones = new Map<Z, number>()

  constructor(node: FleetNode) {
    this.node = node
  }

  carry(zone: Z, place: number): void {
    this.#zones.set(zone, place)
  }

  /** The zone is removed, or another object replaces it. */
  drop(zone: Z): void {
    const place = this.#zones.get(zone)
    if (place === undefined || !this.#zones.delete(zone)) return
    const [state, contact] = [zone.states[place]!, zone.contacts[place]]
    if (state >= 0) this.counts[state]! -= 1
    if (contact !== undefined) this.#contacts[contact] -= 1
    this.behind.replace(zone.behindSince[place]!, Number.POSITIVE_INFINITY)
    this.observed.replace(-zone.observedAt[place]!, Number.POSITIVE_INFINITY)
  }

  /** Milliseconds; 0 when the node never answered. */
  get newestAnswer(): number {
    return Math.max(0, -this.observed.value)
  }

  /**
   * True when the node answers about any of its zones; undefined while it was queried too rarely to know. A node that answers for
   * all of its zones that it does not serve them is up.
   */
  answers(now: number, staleMs: number): boolean | undefined {
    const { answers, silent, lost } = this.#contacts
    if (answers > 0) return now - this.newestAnswer < staleMs
    if (silent > 0) return false
    return lost > 0 ? true : undefined
  }

  get total(): number {
    return this.#zones.size
  }

  carried(): Iterable<[Z, number]> {
    return this.#zones
  }

  *#values(of: (zone: Z, place: number) => number): Generator<number> {
    for (const [zone, place] of this.#zones) yield of(zone, place)
  }

  /** One pair goes from one state to another, given as indexes; from -1 when it was not judged before. */
  replace(old: number, next: number): void {
    if (old === next) return
    if (old >= 0) this.counts[old]! -= 1
    this.counts[next]! += 1
  }
  /** The contact of one pair changes; from undefined when it was not judged before. */
  replaceContact(old: Contact | undefined, next: Contact): void {
    if (old !== undefined) this.#contacts[old] -= 1
    this.#contacts[next] += 1
  }
}
