/**
 * The slow observation of one node: a cursor that goes around its zones at a pace, without an object per zone. A round is over
 * when each zone was asked about and every answer is in.
 */
import type { FleetNode, FleetZone } from '../fleet/fleet.js'

/** Queries of a large node that leave together, as one message to the kernel can have many. */
const TOGETHER = 32
/** They wait for one another for so long at most. */
const TOGETHER_MS = 2_000
/** At most so many are made up for after a pause. */
const MOST_AT_ONCE = 64

export interface Round {
  startedAt: number
  /** Zones that were not asked about so far. */
  left: number
  /** Queries without an answer or an error so far. */
  underWay: number
}

export class NodeSweep {
  node: FleetNode
  #zones: readonly FleetZone[]
  #cursor: number
  /** Queries that are due; a fraction, too. */
  #credit = Math.random()
  #takenAt: number
  /** As fast as the budget allows: at the start, and after the node was away. */
  isFast: boolean
  round: Round

  constructor(node: FleetNode, zones: readonly FleetZone[], now: number, isFast: boolean) {
    this.node = node
    this.#zones = zones
    // Nodes of one cloud are not asked about the same zone at the same time.
    this.#cursor = Math.floor(Math.random() * zones.length)
    this.#takenAt = now
    this.isFast = isFast
    this.round = this.#newRound(now)
  }

  get size(): number {
    return this.#zones.length
  }

  #newRound(now: number): Round {
    return { startedAt: now, left: this.#zones.length, underWay: 0 }
  }

  /** After a reload or a change of members. */
  adopt(node: FleetNode, zones: readonly FleetZone[], now: number, continues: Continues): void {
    this.node = node
    const before = this.#zones
    if (zones === before) return
    const isLonger = before.length > 0 && continues(zones, before)
    this.#zones = zones
    // Zones may have moved behind the cursor: the round begins again where it is.
    if (!isLonger) this.round = this.#newRound(now)
    else if (zones.length > before.length) this.#reachFurther(before.length)
  }

  /** New members come at the end, and often: a round that began again each time would never be over. */
  #reachFurther(end: number): void {
    const { round } = this
    const from = this.#cursor % end
    this.#cursor = from
    round.left = from + round.left > end ? round.left + this.#zones.length - end : this.#zones.length - from
  }

  restart(now: number, isFast: boolean): void {
    this.isFast = isFast
    this.#takenAt = now
    this.#credit = 0
    this.round = this.#newRound(now)
  }

  /** The zone under the cursor; undefined for a node without zones. */
  get next(): FleetZone | undefined {
    return this.#zones[this.#cursor % this.#zones.length]
  }

  /** The zones that are due, at most `most`; a round takes `lengthMs`. */
  take(now: number, lengthMs: number, most: number): FleetZone[] {
    const { length } = this.#zones
    const perMs = length / lengthMs
    this.#credit = Math.min(MOST_AT_ONCE, this.#credit + Math.max(0, now - this.#takenAt) * perMs)
    this.#takenAt = now
    const together = Math.max(1, Math.min(TOGETHER, perMs * TOGETHER_MS, this.round.left))
    const count = Math.min(Math.floor(this.#credit), most, this.round.left)
    if (count < Math.floor(together) && count < this.round.left) return []
    const due: FleetZone[] = []
    for (; due.length < count; this.#cursor++) due.push(this.#zones[this.#cursor % length]!)
    this.#cursor %= Math.max(1, length)
    this.#credit -= count
    this.round.left -= count
    return due
  }

  /** Begins the next round if each zone was asked about in this one. */
  turn(now: number): void {
    if (this.round.left > 0) return
    if (this.isFast) this.#credit = 0
    this.isFast = false
    this.round = this.#newRound(now)
  }
}

/** True when the first list begins with the second. */
type Continues = (zones: readonly FleetZone[], before: readonly FleetZone[]) => boolean

/** Compares two lists once: nodes with the same zones share them. */
export function listComparer(): Continues {
  let last: { zones: readonly FleetZone[]; before: readonly FleetZone[]; continues: boolean } | undefined
  return (zones, before) => {
    if (last?.zones !== zones || last.before !== before) {
      const continues = zones.length >= before.length && before.every((zone, i) => zone === zones[i])
      last = { zones, before, continues }
    }
    return last.continues
  }
}
