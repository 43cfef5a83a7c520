/** The sums of one node over its zones: an octet for the state of each, and the time at which it must be judged again. */
import type { FleetNode } from '../../lib/fleet/fleet.js'
import { NODE_STATES, type NodeState } from '../../lib/fleet/node-state.js'
import type { ContactCell, NodeCell } from '../../lib/state/tables.js'
import { withLength } from './columns.js'
import { DuePairs } from './due-pairs.js'
import { TimePages } from './time-pages.js'

export type StateCounts = Partial<Record<NodeState, number>>

/**
 * How a node last answered about one zone, whatever its state is. `lost`: it answered that it does not serve the zone, and a
 * later answer is not known.
 */
const CONTACTS = ['none', 'answers', 'silent', 'lost'] as const
export type Contact = (typeof CONTACTS)[number]

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

/**
 * The octet of a pair: 1 + the index of its state, or 0 before it was judged; its contact; a bit for a zone of the node; and a bit for
 * content that is other than the released one.
 */
const STATE_MASK = 0x0f
const CONTACT_SHIFT = 4
const CONTACT_MASK = 0x03
const CARRIED = 0x40
const OTHER = 0x80

const INDEX = new Map<string, number>([...NODE_STATES.entries(), ...CONTACTS.entries()].map(([i, name]) => [name, i]))

/** The octet of a pair whose answer is too old. */
const STALE = CARRIED | (INDEX.get('answers')! << CONTACT_SHIFT) | (INDEX.get('unknown')! + 1)

/** The result of a judgement. Times in milliseconds. */
export interface JudgedPair {
  state: NodeState
  contact: Contact
  /** Release time of the oldest release that the node has not reached. */
  behindSince: number | undefined
  /** The state may change at this time. */
  changesAt: number | undefined
  observedAt: number | undefined
  /** See NodeStanding. */
  isOther: boolean
}

export class NodeSum {
  node: FleetNode
  /** Pairs in each state, in the order of NODE_STATES. */
  readonly counts: number[] = NODE_STATES.map(() => 0)
  /** For each zone the release time of the oldest release that it lacks on this node. */
  readonly behind = new TimePages()
  readonly due = new DuePairs()
  readonly #contacts = CONTACTS.map(() => 0)
  #pairs = new Uint8Array(0)
  #total = 0
  #others = 0
  #newestAnswer = 0
  /** The node counts as silent since then, for each zone without a later answer; 0 when it answers. */
  #silentSince = 0

  constructor(node: FleetNode) {
    this.node = node
  }

  get total(): number {
    return this.#total
  }

  /** Pairs with other content than the released one, by their own fault: a conflict or expiry of the zone does not count. */
  get others(): number {
    return this.#others
  }

  /** Time of the last answer to this hub, milliseconds; 0 when there was none. */
  get newestAnswer(): number {
    return this.#newestAnswer
  }

  /** Index of the state of a zone as judged last; -1 before. */
  stateOf(zone: number): number {
    return ((this.#pairs[zone] ?? 0) & STATE_MASK) - 1
  }

  carries(zone: number): boolean {
    return ((this.#pairs[zone] ?? 0) & CARRIED) !== 0
  }

  carry(zone: number): void {
    if (this.carries(zone)) return
    this.#pairs = withLength(this.#pairs, zone + 1)
    this.#pairs[zone] = CARRIED
    this.#total += 1
  }

  drop(zone: number): void {
    if (!this.carries(zone)) return
    this.#count(this.#pairs[zone]!, -1)
    this.#pairs[zone] = 0
    this.#total -= 1
    this.behind.set(zone, Number.POSITIVE_INFINITY)
    this.due.set(zone, Number.POSITIVE_INFINITY, 0)
  }

  /** Numbers of its zones. */
  *carried(): Generator<number> {
    for (let n = 0; n < this.#pairs.length; n++) if (this.carries(n)) yield n
  }

  judged(zone: number, { state, contact, behindSince, changesAt, observedAt = 0, isOther }: JudgedPair, now: number): void {
    const octet = CARRIED | (isOther ? OTHER : 0) | (INDEX.get(contact)! << CONTACT_SHIFT) | (INDEX.get(state)! + 1)
    const old = this.#pairs[zone]!
    if (octet !== old) {
      this.#count(old, -1)
      this.#count(octet, 1)
      this.#pairs[zone] = octet
    }
    this.behind.set(zone, behindSince ?? Number.POSITIVE_INFINITY)
    this.due.set(zone, changesAt ?? Number.POSITIVE_INFINITY, now)
    this.noteAnswer(observedAt)
  }

  noteAnswer(at = 0): void {
    if (at > this.#newestAnswer) this.#newestAnswer = at
  }

  /** Returns true when the state of any of its zones may be another with this contact. */
  noteContact(contact: ContactCell | undefined, { unknownAfterMissed }: { unknownAfterMissed: number }): boolean {
    const { silentSince = 0, missed = 0, sweptAt = 0 } = contact ?? {}
    this.noteAnswer(sweptAt)
    const silent = missed >= unknownAfterMissed && sweptAt < silentSince ? silentSince : 0
    const isNews = silent !== this.#silentSince
    this.#silentSince = silent
    return isNews
  }

  /** Zones with an answer that is not valid any more, or that have no version: a later answer makes it valid. */
  *stale(): Generator<number> {
    for (let n = this.#pairs.indexOf(STALE); n >= 0; n = this.#pairs.indexOf(STALE, n + 1)) yield n
  }

  #count(octet: number, n: 1 | -1): void {
    const state = (octet & STATE_MASK) - 1
    if (state < 0) return
    this.counts[state]! += n
    this.#contacts[(octet >> CONTACT_SHIFT) & CONTACT_MASK]! += n
    if ((octet & OTHER) !== 0) this.#others += n
  }

  /**
   * True when the node answers about any of its zones; undefined while it was queried too rarely to know. A node that answers for
   * all of its zones that it does not serve them is up.
   */
  answers(now: number, staleMs: number): boolean | undefined {
    const [, answers, silent, lost] = this.#contacts as [number, number, number, number]
    if (answers > 0) return now - this.#newestAnswer < staleMs
    if (silent > 0) return false
    return lost > 0 ? true : undefined
  }
}
