/**
 * The primaries of all zones, in numbered slots: a hundred thousand at rest are a few arrays. A pair is an object only while there
 * is more to know about it than the zone and the primary.
 */
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import { newPair, type Pair } from './pair.js'

/** The slot of a pair, and whether it is new. */
export interface Placed {
  slot: number
  isNew: boolean
}

export class Pairs {
  /** By slot; a zone has adjacent slots, in the order of its primaries. */
  readonly #zones: (FleetZone | undefined)[] = []
  readonly #primaries: (Primary | undefined)[] = []
  readonly #first = new Map<ZoneName, number>()
  /** Unused runs of slots, by their length. */
  readonly #free = new Map<number, number[]>()
  readonly #busy = new Map<number, Pair>()

  get size(): number {
    return this.#first.size
  }

  /** Places a new or changed zone. `gone` is called for each slot that it leaves; pairs that stay keep what is known of them. */
  place(zone: FleetZone, gone: (slot: number, to: number | undefined) => void): Placed[] {
    const before = this.#slotsOf(zone.name).map((slot) => ({ slot, id: this.#primaries[slot]!.id, pair: this.#busy.get(slot) }))
    const isSame = before.length === zone.primaries.length && zone.primaries.every(({ id }, i) => before[i]!.id === id)
    const first = isSame && before.length > 0 ? before[0]!.slot : this.#allot(zone.primaries.length)
    const placed = zone.primaries.map((primary, i): Placed => {
      const slot = first + i
      const known = before.find(({ id }) => id === primary.id)
      this.#zones[slot] = zone
      this.#primaries[slot] = primary
      if (known?.pair !== undefined) this.#busy.set(slot, Object.assign(known.pair, { zone, primary, slot }))
      if (known !== undefined && known.slot !== slot) gone(known.slot, slot)
      return { slot, isNew: known === undefined }
    })
    if (!isSame) {
      for (const { slot, id } of before) {
        if (!zone.primaries.some((primary) => primary.id === id)) gone(slot, undefined)
        this.#clear(slot)
      }
      this.#release(before.map(({ slot }) => slot))
      if (placed.length > 0) this.#first.set(zone.name, first)
      else this.#first.delete(zone.name)
    }
    return placed
  }

  /** Removes a zone; `gone` is called for each of its slots. */
  drop(name: ZoneName, gone: (slot: number) => void): void {
    const slots = this.#slotsOf(name)
    for (const slot of slots) {
      gone(slot)
      this.#clear(slot)
    }
    this.#release(slots)
    this.#first.delete(name)
  }

  #clear(slot: number): void {
    this.#zones[slot] = undefined
    this.#primaries[slot] = undefined
    this.#busy.delete(slot)
  }

  #allot(length: number): number {
    const known = this.#free.get(length)?.pop()
    if (known !== undefined) return known
    const first = this.#zones.length
    for (let i = 0; i < length; i++) {
      this.#zones.push(undefined)
      this.#primaries.push(undefined)
    }
    return first
  }

  #release(slots: readonly number[]): void {
    if (slots.length === 0) return
    const runs = this.#free.get(slots.length) ?? []
    runs.push(slots[0]!)
    this.#free.set(slots.length, runs)
  }

  #slotsOf(name: ZoneName): number[] {
    const first = this.#first.get(name)
    const zone = first === undefined ? undefined : this.#zones[first]
    return zone === undefined ? [] : zone.primaries.map((_, i) => first! + i)
  }

  /** Undefined when the zone does not have this primary. */
  slotOf(zone: ZoneName, primary: string): number | undefined {
    return this.#slotsOf(zone).find((slot) => this.#primaries[slot]!.id === primary)
  }

  /** One more than the highest slot so far. */
  get slots(): number {
    return this.#zones.length
  }

  primaryAt(slot: number): Primary | undefined {
    return this.#primaries[slot]
  }

  /** The pair in a slot; a new object when it rested. Undefined for a slot that no pair has. */
  at(slot: number): Pair | undefined {
    const known = this.#busy.get(slot)
    const [zone, primary] = [this.#zones[slot], this.#primaries[slot]]
    if (known !== undefined || zone === undefined || primary === undefined) return known
    const made = newPair(zone, primary, slot)
    this.#busy.set(slot, made)
    return made
  }

  /** The pair is still the one in its slot. */
  has(pair: Pair): boolean {
    return this.#busy.get(pair.slot) === pair
  }

  /** Drops the objects of pairs of which nothing has to be remembered. */
  rest(now: number): void {
    for (const [slot, { state, announced, warned, pace, announcements }] of this.#busy)
      if (
        state === 'resting' &&
        announced === undefined &&
        warned === undefined &&
        pace.isFresh(now) &&
        announcements.isFresh(now)
      )
        this.#busy.delete(slot)
  }
}
