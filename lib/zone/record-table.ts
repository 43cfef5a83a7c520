/**
 * The hash over an arena: key of a record or name → offset, open addressing, linear probing. Above a size it is split into 256
 * parts that grow separately, so that no growth blocks the event loop (a growth of 5 million entries at once takes 150 ms).
 *
 * The author of a zone can make records with one hash. Keys depend on a secret of the process, so an attacker cannot know which
 * records are near one another. Records of one key are counted, and too many of them refuse the zone.
 */
import { randomBytes } from 'node:crypto'
import { ZoneError } from './errors.js'
import { mix32 } from './record-hash.js'

const FIRST_SECRET = randomBytes(4).readInt32LE()
const SECOND_SECRET = randomBytes(4).readInt32LE()

/** Key of a 64-bit hash in the tables of this process. */
export const tableKey = (a: number, b: number): number => mix32(a ^ FIRST_SECRET ^ mix32(b ^ SECOND_SECRET))

/** Ten million honest records have one key at most three times. */
const MOST_OF_ONE_KEY = 64

const EMPTY = 0xffffffff
/** Number of entries at which the one part becomes 256. */
const SPLIT_AT = 32_768
const MAX_LOAD = 0.72
/** 64 octets, the most that the engine keeps among its own objects: a small zone is cheap to create and to drop. */
const FIRST_CAPACITY = 8

class Part {
  /** Pairs (hash, offset). */
  slots: Uint32Array
  count = 0
  mask: number

  constructor(capacity: number) {
    this.slots = new Uint32Array(capacity * 2).fill(EMPTY)
    this.mask = capacity - 1
  }

  insert(hash: number, offset: number): void {
    let i = hash & this.mask
    let same = 0
    for (; this.slots[i * 2 + 1] !== EMPTY; i = (i + 1) & this.mask) if (this.slots[i * 2] === hash) same += 1
    if (same >= MOST_OF_ONE_KEY) throw madeToCollide()
    this.restore(hash, offset)
  }

  /** Inserts without counting the records of the key. */
  restore(hash: number, offset: number): void {
    if (this.count + 1 > (this.mask + 1) * MAX_LOAD) this.#grow()
    let i = hash & this.mask
    while (this.slots[i * 2 + 1] !== EMPTY) i = (i + 1) & this.mask
    this.slots[i * 2] = hash
    this.slots[i * 2 + 1] = offset
    this.count += 1
  }

  #grow(): void {
    const old = this.slots
    const capacity = (this.mask + 1) * 2
    this.slots = new Uint32Array(capacity * 2).fill(EMPTY)
    this.mask = capacity - 1
    this.count = 0
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== EMPTY) this.restore(old[i]!, old[i + 1]!)
  }

  /** Backward-shift deletion: no tombstones, so probes stay short after any number of changes. */
  delete(hash: number, offset: number): boolean {
    const { slots, mask } = this
    let i = hash & mask
    while (slots[i * 2 + 1] !== offset) {
      if (slots[i * 2 + 1] === EMPTY) return false
      i = (i + 1) & mask
    }
    let hole = i
    for (let j = (i + 1) & mask; slots[j * 2 + 1] !== EMPTY; j = (j + 1) & mask) {
      const home = slots[j * 2]! & mask
      if (((j - home) & mask) >= ((j - hole) & mask)) {
        slots[hole * 2] = slots[j * 2]!
        slots[hole * 2 + 1] = slots[j * 2 + 1]!
        hole = j
      }
    }
    slots[hole * 2 + 1] = EMPTY
    this.count -= 1
    return true
  }
}

/** Octets of a table with so many entries: its capacity is a power of two. */
export const tableOctets = (entries: number): number =>
  8 * 2 ** Math.ceil(Math.log2(Math.max(FIRST_CAPACITY, entries / MAX_LOAD)))

export class RecordTable {
  #parts: Part[] = [new Part(FIRST_CAPACITY)]

  #part(hash: number): Part {
    return this.#parts.length === 1 ? this.#parts[0]! : this.#parts[hash >>> 24]!
  }

  /** The first offset with this key that `matches`, or undefined. */
  find(hash: number, matches: (offset: number) => boolean): number | undefined {
    const part = this.#part(hash)
    const { slots, mask } = part
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const offset = slots[i * 2 + 1]!
      if (offset === EMPTY) return undefined
      if (slots[i * 2] === hash && matches(offset)) return offset
    }
  }

  /** Throws ZoneError ZONE_COLLIDES, without a change. */
  insert(hash: number, offset: number): void {
    const part = this.#part(hash)
    part.insert(hash, offset)
    this.#splitLarge(part)
  }

  /** Inserts a record that a rollback brings back: it never throws, as the zone had the record before. */
  restore(hash: number, offset: number): void {
    const part = this.#part(hash)
    part.restore(hash, offset)
    this.#splitLarge(part)
  }

  #splitLarge(part: Part): void {
    if (this.#parts.length === 1 && part.count >= SPLIT_AT) this.#split(part)
  }

  #split(whole: Part): void {
    this.#parts = Array.from({ length: 256 }, () => new Part(256))
    const { slots } = whole
    for (let i = 0; i < slots.length; i += 2) if (slots[i + 1] !== EMPTY) this.#part(slots[i]!).restore(slots[i]!, slots[i + 1]!)
  }

  delete(hash: number, offset: number): boolean {
    return this.#part(hash).delete(hash, offset)
  }

  /** Octets of memory in use. */
  get octets(): number {
    return this.#parts.reduce((sum, part) => sum + part.slots.byteLength, 0)
  }
}

const madeToCollide = (): ZoneError =>
  new ZoneError(
    { code: 'ZONE_COLLIDES', records: MOST_OF_ONE_KEY },
    `more than ${MOST_OF_ONE_KEY} records or names of the zone have one hash, which no honest zone has: find out who writes its records`,
  )
