/** Zones as numbers, so that two million of them may wait for two hundred nodes: a number is one reference less per pair. */
import type { ZoneName } from '../dns/name.js'
import type { FleetZone } from '../fleet/fleet.js'

/** A set of small numbers, one bit each. */
export class Bits {
  #words = new Uint32Array(2)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(n: number): boolean {
    const word = this.#words[n >>> 5]
    return word !== undefined && (word & (1 << (n & 31))) !== 0
  }

  /** False when it was there. */
  add(n: number): boolean {
    if (this.has(n)) return false
    const at = n >>> 5
    if (at >= this.#words.length) {
      const larger = new Uint32Array(Math.max(at + 1, this.#words.length * 2))
      larger.set(this.#words)
      this.#words = larger
    }
    this.#words[at]! |= 1 << (n & 31)
    this.#size += 1
    return true
  }

  /** False when it was not there. */
  delete(n: number): boolean {
    if (!this.has(n)) return false
    this.#words[n >>> 5]! &= ~(1 << (n & 31))
    this.#size -= 1
    return true
  }

  clear(): void {
    this.#words = new Uint32Array(2)
    this.#size = 0
  }

  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.#words.length; at++) {
      // Read again for each bit: numbers may leave during the walk.
      for (let bit = 0; bit < 32 && this.#words[at] !== 0; bit++) {
        if ((this.#words[at]! & (1 << bit)) !== 0) yield at * 32 + bit
      }
    }
  }
}

const LEAST_RING = 16

/** First in, first out; a number that waits already keeps its place. */
export class ZoneQueue {
  readonly #waiting = new Bits()
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

/** The numbers of zones: small, and used again after a zone has left. */
export class ZoneNumbers {
  readonly #numbers = new Map<ZoneName, number>()
  readonly #zones: (FleetZone | undefined)[] = []
  readonly #free: number[] = []

  /** The number of the zone, which is known by its newest settings from now on. */
  of(zone: FleetZone): number {
    let number = this.#numbers.get(zone.name)
    if (number === undefined) {
      number = this.#free.pop() ?? this.#zones.length
      this.#numbers.set(zone.name, number)
    }
    this.#zones[number] = zone
    return number
  }

  find(name: ZoneName): number | undefined {
    return this.#numbers.get(name)
  }

  zone(number: number): FleetZone | undefined {
    return this.#zones[number]
  }

  /** No queue may have the number any more. */
  drop(name: ZoneName): void {
    const number = this.#numbers.get(name)
    if (number === undefined) return
    this.#numbers.delete(name)
    this.#zones[number] = undefined
    this.#free.push(number)
  }
}
