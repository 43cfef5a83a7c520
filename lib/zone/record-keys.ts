/**
 * The records of a version as hashes with their TTLs, so that another thread can find out which of them it received: some 25 octets for
 * a record, whatever its size. Records with equal hashes are one (record-hash.ts).
 */
import { RecordHash } from './record-hash.js'

/** Words of a slot: both lanes of the hash, the TTL, and what became of it. */
const WORDS = 4
const LANE_A = 0
const LANE_B = 1
const TTL = 2
const STATE = 3
const EMPTY = 0
const UNSEEN = 1
const SEEN = 2
const OTHER_TTL = 3

/** `same`: with its TTL · `again`: it came before · `ttl`: with another TTL · `unknown`: not a record of the version. */
export type Met = 'same' | 'again' | 'ttl' | 'unknown'

export class RecordKeys {
  readonly memory: SharedArrayBuffer
  readonly #words: Uint32Array
  readonly #mask: number
  readonly #hash = new RecordHash()

  private constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#words = new Uint32Array(memory)
    this.#mask = this.#words.length / WORDS - 1
  }

  /** For at most so many records. */
  static for(records: number): RecordKeys {
    let slots = 16
    while (slots * 0.75 < records + 1) slots *= 2
    return new RecordKeys(new SharedArrayBuffer(slots * WORDS * 4))
  }

  /** The keys that another thread has made. */
  static on(memory: SharedArrayBuffer): RecordKeys {
    return new RecordKeys(memory)
  }

  /** The first word of the slot that has the record, or of the empty one where it belongs. */
  #find(data: Buffer, at: number): number {
    const hash = this.#hash
    hash.of(data, at)
    const [a, b] = [hash.a >>> 0, hash.b >>> 0]
    const words = this.#words
    for (let slot = a & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const o = slot * WORDS
      if (words[o + STATE] === EMPTY || (words[o + LANE_A] === a && words[o + LANE_B] === b)) return o
    }
  }

  add(data: Buffer, at: number, ttl: number): void {
    const o = this.#find(data, at)
    this.#words[o + LANE_A] = this.#hash.a >>> 0
    this.#words[o + LANE_B] = this.#hash.b >>> 0
    this.#words[o + TTL] = ttl
    this.#words[o + STATE] = UNSEEN
  }

  /** The record was received. */
  meet(data: Buffer, at: number, ttl: number): Met {
    const words = this.#words
    const o = this.#find(data, at)
    const state = words[o + STATE]
    if (state === EMPTY) return 'unknown'
    const isSame = words[o + TTL] === ttl
    if (state === SEEN || (state === OTHER_TTL && !isSame)) return 'again'
    words[o + STATE] = isSame ? SEEN : OTHER_TTL
    return isSame ? 'same' : 'ttl'
  }

  /** The record was not received at all. */
  isMissing(data: Buffer, at: number): boolean {
    return this.#words[this.#find(data, at) + STATE] === UNSEEN
  }

  /** The record was received, only with another TTL. */
  hasOtherTtl(data: Buffer, at: number): boolean {
    return this.#words[this.#find(data, at) + STATE] === OTHER_TTL
  }
}
