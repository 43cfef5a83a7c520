/**
 * The digest of a zone's contents: the sum, in four 32-bit lanes, of a value computed from each record (including its TTL). It
 * does not depend on order, and an update costs time proportional to the change. Written as 32 hexadecimal digits.
 */
import { mix32, type RecordHash } from './record-hash.js'

export class ZoneDigest {
  readonly #lanes: Uint32Array

  constructor(lanes: Uint32Array = new Uint32Array(4)) {
    this.#lanes = Uint32Array.from(lanes)
  }

  /** A copy. */
  get lanes(): Uint32Array {
    return Uint32Array.from(this.#lanes)
  }

  #step(hash: RecordHash, ttl: number, sign: 1 | -1): void {
    const lanes = this.#lanes
    const t = mix32(ttl + 0x51ed270b)
    const { a, b } = hash
    lanes[0] = lanes[0]! + sign * mix32(a ^ t)
    lanes[1] = lanes[1]! + sign * mix32((b + t) | 0)
    lanes[2] = lanes[2]! + sign * mix32(Math.imul(a, 0x9e3779b1) ^ b ^ t)
    lanes[3] = lanes[3]! + sign * mix32(Math.imul(b, 0x85ebca6b) + a + t)
  }

  add(hash: RecordHash, ttl: number): void {
    this.#step(hash, ttl, 1)
  }

  remove(hash: RecordHash, ttl: number): void {
    this.#step(hash, ttl, -1)
  }

  /** Adds the lanes of other records. */
  addLanes(other: Uint32Array): void {
    for (let i = 0; i < this.#lanes.length; i++) this.#lanes[i] = this.#lanes[i]! + other[i]!
  }

  clone(): ZoneDigest {
    return new ZoneDigest(this.#lanes)
  }

  toString(): string {
    return Array.from(this.#lanes, (lane) => lane.toString(16).padStart(8, '0')).join('')
  }
}
