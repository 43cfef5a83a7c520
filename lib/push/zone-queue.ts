/** Zones as numbers, so that two million of them may wait for two hundred nodes: a number is one reference less per pair. */
import type { ZoneName } from '../dns/name.js'
import type { FleetZone } from '../fleet/fleet.js'
import { NumberSet } from '../runtime/number-set.js'
import { ZoneNumbers } from '../state/zone-numbers.js'

const LEAST_RING = 16

/** First in, first out; a number that waits already keeps its place. */
export class ZoneQueue {
  readonly #waiting = new NumberSet()
  /** May have numbers that were deleted since: those are skipped. */
  #ring = new Uint32Array(LEAST_RING)
  #first = 0
  #length = 0

  get size(): number {
    return this.#waiting.size
  }

  has(zone: number): boolean {
    return this.#waiting.has(zone)
  }

  push(zone: number): void {
    if (!this.#waiting.add(zone)) return
    if (this.#length === this.#ring.length) this.#grow()
    this.#ring[(this.#first + this.#length++) & (this.#ring.length - 1)] = zone
  }

  shift(): number | undefined {
    while (this.#length > 0) {
      const zone = this.#ring[this.#first]!
      this.#first = (this.#first + 1) & (this.#ring.length - 1)
      this.#length -= 1
      if (!this.#waiting.delete(zone)) continue
      if (this.#waiting.size === 0) this.clear()
      return zone
    }
    return undefined
  }

  delete(zone: number): void {
    if (this.#waiting.delete(zone) && this.#waiting.size === 0) this.clear()
  }

  clear(): void {
    this.#waiting.clear()
    this.#ring = new Uint32Array(LEAST_RING)
    this.#first = 0
    this.#length = 0
  }

  [Symbol.iterator](): Iterator<number> {
    return this.#waiting[Symbol.iterator]()
  }

  #grow(): void {
    const { length } = this.#ring
    const larger = new Uint32Array(length * 2)
    larger.set(this.#ring.subarray(this.#first))
    larger.set(this.#ring.subarray(0, this.#first), length - this.#first)
    this.#ring = larger
    this.#first = 0
  }
}

/** Zones by their numbers, with their newest settings. */
export class NumberedZones {
  readonly #numbers = new ZoneNumbers()
  readonly #zones: (FleetZone | undefined)[] = []

  /** The number of the zone, which is known by these settings from now on. */
  of(zone: FleetZone): number {
    const number = this.#numbers.of(zone.name)
    this.#zones[number] = zone
    return number
  }

  find(name: ZoneName): number | undefined {
    return this.#numbers.find(name)
  }

  zone(number: number): FleetZone | undefined {
    return this.#zones[number]
  }

  /** No queue may have the number any more. */
  drop(name: ZoneName): void {
    const number = this.#numbers.drop(name)
    if (number !== undefined) this.#zones[number] = undefined
  }
}
