/**
 * The slow observation of one node: a cursor that goes around its zones at a pace, without an object per zone. A round is over
 * when each zone was asked about and every answer is in.
 */
import type { FleetNode, FleetZone } from '../fleet/fleet.js'

/** Queries of a large node that leave together, as one message to the kernel can have many. */
const TOGETHER = 16
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

  /** After a reload. */
  adopt(node: FleetNode, zones: readonly FleetZone[], now: number, isSame: IsSame): void {
    this.node = node
    if (zones === this.#zones) return
    const isOther = !isSame(zones, this.#zones)
    this.#zones = zones
    if (!isOther) return
    // Zones may have moved behind the cursor: the round begins again where it is.
    this.round = this.#newRound(now)
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
    const together = Math.max(1, Math.min(TOGETHER, perMs * 1000, this.round.left))
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

type IsSame = (a: readonly FleetZone[], b: readonly FleetZone[]) => boolean

/** Compares two lists once: nodes with the same zones share them. */
export function listComparer(): IsSame {
  let last: { a: readonly FleetZone[]; b: readonly FleetZone[]; isSame: boolean } | undefined
  return (a, b) => {
    if (last?.a !== a || last.b !== b) last = { a, b, isSame: a.length === b.length && a.every((zone, i) => zone === b[i]) }
    return last.isSame
  }
}
