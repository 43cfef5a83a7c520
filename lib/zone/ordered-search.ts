/**
 * Finds records of an arena whose owners are in canonical order, without a hash over them: by a sample of their offsets, one for
 * every few kilobytes. It is made in a tenth of the time of the hash, and a search takes some ten times as long as a lookup.
 */
import { storedLength, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { OwnerOrder } from './owner-order.js'
import { MARK_DEAD, type RecordArena } from './record-arena.js'
import { sameRecord } from './record-hash.js'

/** Octets of the arena for each sample: some 100 records. */
const SAMPLE_OCTETS = 1 << 12
/** Samples at one name, whose records are read one by one: some 250 records, in 20 µs. A zone may have all of its records at one name. */
const MOST_AT_NAME = 2
/** Octets that are searched in the time in which one octet is hashed, as measured (zone-contents.ts has the same in records). */
const SEARCHED_PER_HASHED = 16

export class OrderedSearch {
  readonly #arena: RecordArena
  readonly #order: OwnerOrder
  /** The records before this offset are searched. */
  readonly end: number
  /** Ascending; none is an SOA. */
  readonly #samples: number[] = []
  /** Offsets of SOA records, which may be anywhere. */
  readonly #soas: number[] = []
  #sampledTo = 0
  /** The records before this offset are in the hash too. */
  hashedTo = 0
  #atName = 0
  /** Octets of all searches so far. */
  #searched = 0
  /** A name has so many records that only a hash finds them in time. */
  isUnfit = false

  constructor(arena: RecordArena, apexOctets: number) {
    this.#arena = arena
    this.#order = new OwnerOrder(apexOctets)
    this.end = arena.tail
  }

  get isComplete(): boolean {
    return this.#sampledTo >= this.end
  }

  /** The searches so far took as long as a hash over the records: from here on the hash is cheaper. */
  get isSpent(): boolean {
    return this.#searched > this.end * SEARCHED_PER_HASHED
  }

  /** Samples the next records. */
  sampleMore(records: number): void {
    const arena = this.#arena
    const { end } = this
    let offset = arena.settle(this.#sampledTo, end)
    let from = this.#samples.at(-1) ?? -SAMPLE_OCTETS
    for (let n = 0; offset < end && n < records; n++) {
      const chunk = arena.chunkOf(offset)
      const at = arena.at(offset)
      if (storedType(chunk, at) === TYPE.SOA) this.#soas.push(offset)
      else if (offset - from >= SAMPLE_OCTETS) {
        this.#add(offset, chunk, at)
        from = offset
      }
      offset = arena.settle(offset + storedLength(chunk, at), end)
    }
    this.#sampledTo = offset
  }

  #add(offset: number, chunk: Buffer, at: number): void {
    const before = this.#samples.at(-1)
    this.#atName = before !== undefined && this.#compare(before, chunk, at) === 0 ? this.#atName + 1 : 1
    if (this.#atName > MOST_AT_NAME) this.isUnfit = true
    this.#samples.push(offset)
  }

  /** The live record that is the same, with any TTL. */
  find(data: Buffer, at: number): number | undefined {
    const arena = this.#arena
    if (storedType(data, at) === TYPE.SOA) return this.#soas.find((offset) => this.#isSame(offset, data, at))
    const samples = this.#samples
    let i = this.#samplesBefore(data, at)
    const from = i === 0 ? 0 : samples[i - 1]!
    // A name may have records over several samples.
    while (i < samples.length && this.#compare(samples[i]!, data, at) === 0) i += 1
    const to = samples[i] ?? this.end
    this.#searched += to - from
    for (let offset = arena.settle(from, to); offset < to; offset = arena.next(offset, to)) {
      const isOfLength = arena.chunkOf(offset)[arena.at(offset)] === data[at]
      if (isOfLength && this.#isSame(offset, data, at)) return offset
    }
    return undefined
  }

  /** Number of samples whose owner comes before that of the record. */
  #samplesBefore(data: Buffer, at: number): number {
    let low = 0
    let high = this.#samples.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(this.#samples[middle]!, data, at) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #compare(offset: number, data: Buffer, at: number): number {
    return this.#order.compare(this.#arena.chunkOf(offset), this.#arena.at(offset), data, at)
  }

  #isSame(offset: number, data: Buffer, at: number): boolean {
    const chunk = this.#arena.chunkOf(offset)
    const start = this.#arena.at(offset)
    return chunk[start + 1] !== MARK_DEAD && sameRecord(chunk, start, data, at)
  }
}
