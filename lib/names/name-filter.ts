/**
 * Finds names in one pass over a zone that has no index by owner. Two bitmaps exclude nearly every record for a few nanoseconds
 * each: one over the octets in front of the apex, which a name shares with all names below it, and one over a hash of the name. A
 * set of keys decides the rest.
 */
import { keyOctets, nameKey } from './name-key.js'

/** Bits of the hash bitmap for each name: one other name in 64 passes. */
const BITS_PER_NAME = 64
const LEAST_BITS = 1 << 12
const MOST_BITS = 1 << 26
/** Bits of the bitmap of endings: 8 KiB, which stay in the nearest cache. */
const ENDING_BITS = 1 << 16
/** Octets of an ending. */
const ENDING_OCTETS = 4

/** Letters and some other octets share a value: a filter may pass too many names. */
const roughWord = (data: Uint8Array, o: number): number =>
  data[o]! | (data[o + 1]! << 8) | (data[o + 2]! << 16) | (data[o + 3]! << 24) | 0x20202020

const endingOf = (data: Uint8Array, apexAt: number): number =>
  (Math.imul(roughWord(data, apexAt - ENDING_OCTETS), 0x9e3779b1) >>> 16) & (ENDING_BITS - 1)

/** Covers the octets of a name from `from` to `to`. */
function roughHash(data: Uint8Array, from: number, to: number): number {
  let hash = 0x2545f491 ^ (to - from)
  let o = from
  for (; o + 4 <= to; o += 4) {
    hash = Math.imul(hash ^ roughWord(data, o), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  for (; o < to; o++) hash = Math.imul(hash ^ (data[o]! | 0x20), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

/** Endings of names: a name and all names below it share its ending. */
export class EndingFilter {
  readonly #bits = new Uint32Array(ENDING_BITS / 32)
  readonly #apexOctets: number
  /** A name is too short to have an ending of its own: names below it may have any. */
  #hasShort = false

  constructor(apexOctets: number) {
    this.#apexOctets = apexOctets
  }

  /** `isForBelow`: names below it are looked for as well. */
  add(name: string, isForBelow: boolean): void {
    const octets = keyOctets(name)
    const apexAt = octets.length - this.#apexOctets
    if (apexAt < ENDING_OCTETS) {
      this.#hasShort ||= isForBelow
      return
    }
    const bit = endingOf(octets, apexAt)
    this.#bits[bit >>> 5]! |= 1 << (bit & 31)
  }

  /** False when the name at `from` is certainly not looked for. Never false for names that are too short for an ending. */
  mayMatch(data: Uint8Array, from: number, length: number): boolean {
    if (this.#hasShort || length - this.#apexOctets < ENDING_OCTETS) return true
    const bit = endingOf(data, from + length - this.#apexOctets)
    return (this.#bits[bit >>> 5]! & (1 << (bit & 31))) !== 0
  }
}

export class NameFilter {
  readonly #names: ReadonlySet<string>
  readonly #apexOctets: number
  readonly #bits: Uint32Array
  readonly #mask: number
  /** Octets of the shortest name: shorter names cannot match. */
  #least = 256

  constructor(names: ReadonlySet<string>, apexOctets: number) {
    this.#names = names
    this.#apexOctets = apexOctets
    let bits = LEAST_BITS
    while (bits < names.size * BITS_PER_NAME && bits < MOST_BITS) bits *= 2
    this.#bits = new Uint32Array(bits / 32)
    this.#mask = bits - 1
    for (const name of names) {
      const octets = keyOctets(name)
      this.#least = Math.min(this.#least, octets.length)
      const bit = roughHash(octets, 0, octets.length - apexOctets) & this.#mask
      this.#bits[bit >>> 5]! |= 1 << (bit & 31)
    }
  }

  get isEmpty(): boolean {
    return this.#names.size === 0
  }

  /** The key of the name at `from` when it is looked for. It is at the apex or below it. */
  match(data: Uint8Array, from: number, length: number): string | undefined {
    const bit = roughHash(data, from, from + length - this.#apexOctets) & this.#mask
    if ((this.#bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return undefined
    const key = nameKey(data, from, length)
    return this.#names.has(key) ? key : undefined
  }

  /** The nearest name that is looked for and strictly above the one at `from`. */
  matchAbove(data: Uint8Array, from: number, length: number): string | undefined {
    const end = from + length
    for (let o = from + 1 + data[from]!; end - o >= this.#least; o += 1 + data[o]!) {
      const key = this.match(data, o, end - o)
      if (key !== undefined) return key
      if (data[o] === 0) break
    }
    return undefined
  }
}
