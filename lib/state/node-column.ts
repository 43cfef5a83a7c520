/**
 * The last answers of one node, in two numbers for each zone: its serial, and the second of the answer. That is eight octets for a
 * zone; everything else about it is kept in other places (pair-table.ts).
 */
import type { Serial } from '../dns/serial.js'

/** The seconds of an answer count from here; 31 bits of them last until 2088. */
const EPOCH_SECONDS = Date.UTC(2020, 0, 1) / 1000
const LAST_SECOND = 2 ** 31 - 1

export interface Seen {
  serial: Serial
  /** Whole seconds since 2020; larger than 0. */
  second: number
  /** A hub sent the node the version with this serial that the zone's row names. */
  isDelivered: boolean
}

/** The second of a time in milliseconds since 1970, rounded down. */
export const secondOf = (ms: number): number => Math.min(LAST_SECOND, Math.max(1, Math.floor(ms / 1000) - EPOCH_SECONDS))

/** Milliseconds since 1970. */
export const msOf = (second: number): number => (second + EPOCH_SECONDS) * 1000

export class NodeColumn {
  readonly node: string
  readonly number: number
  #serials = new Uint32Array(0)
  /** The second times two, plus 1 for a delivery; 0 without an answer. */
  #stamps = new Uint32Array(0)
  #count = 0

  /** `number`: that of the node, wherever pairs have numbers. */
  constructor(node: string, number: number) {
    this.node = node
    this.number = number
  }

  get(zone: number): Seen | undefined {
    const stamp = zone < this.#stamps.length ? this.#stamps[zone]! : 0
    return stamp === 0 ? undefined : { serial: this.#serials[zone]!, second: stamp >>> 1, isDelivered: (stamp & 1) === 1 }
  }

  has(zone: number): boolean {
    return zone < this.#stamps.length && this.#stamps[zone] !== 0
  }

  set(zone: number, { serial, second, isDelivered }: Seen): void {
    this.#grow(zone)
    if (this.#stamps[zone] === 0) this.#count += 1
    this.#serials[zone] = serial
    this.#stamps[zone] = second * 2 + (isDelivered ? 1 : 0)
  }

  /** The last answer came in this second, if it had this serial. False when it had not, or there was none. */
  touch(zone: number, serial: Serial, second: number): boolean {
    if (!this.has(zone) || this.#serials[zone] !== serial) return false
    const stamp = this.#stamps[zone]!
    this.#stamps[zone] = Math.max(stamp >>> 1, second) * 2 + (stamp & 1)
    return true
  }

  delete(zone: number): void {
    if (!this.has(zone)) return
    this.#stamps[zone] = 0
    this.#count -= 1
  }

  /** Zones with an answer. */
  get size(): number {
    return this.#count
  }

  #grow(zone: number): void {
    if (zone < this.#stamps.length) return
    // A fleet grows zone by zone while it starts: an eighth more than needed keeps copies rare and memory small.
    const length = zone + 64 + (zone >>> 3)
    const [serials, stamps] = [new Uint32Array(length), new Uint32Array(length)]
    serials.set(this.#serials)
    stamps.set(this.#stamps)
    this.#serials = serials
    this.#stamps = stamps
  }
}
