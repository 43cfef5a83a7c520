/**
 * Sums of added records: number, octets, digest, the apex, and if they came in canonical order. They are computed where the
 * records are received, or by another thread (RunCounter), because they are half of the work.
 */
import { soaOf } from '../dns/message.js'
import { storedTtl, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { ApexSummary } from './apex-summary.js'
import { ZoneDigest } from './digest.js'
import { OrderWatch } from './order-watch.js'
import { RecordHash } from './record-hash.js'

/** The same as plain values, which can be sent between threads. */
export interface PlainSums {
  lanes: Uint32Array
  count: number
  octets: number
  /** In stored form. */
  soa: Uint8Array | undefined
  nameServers: number
  zonemds: number
  isInOrder: boolean
  isSorted: boolean
}

export class RunSums {
  readonly #hash = new RecordHash()
  #watch: OrderWatch | undefined
  readonly #apexOctets: number
  digest = new ZoneDigest()
  count = 0
  /** In stored form. */
  octets = 0
  summary: ApexSummary
  /** Owners came in canonical order, and no record twice. */
  isInOrder = true
  #isSorted = true

  constructor(apex: Buffer) {
    this.summary = new ApexSummary(apex)
    this.#apexOctets = apex.length
  }

  /** The records at each name of those in order came in canonical order as well. */
  get isSorted(): boolean {
    return this.#watch?.isSorted ?? this.#isSorted
  }

  /** The last record has the owner of the previous one. For records in order; the SOA is ignored. */
  get isSameName(): boolean {
    return this.#watch?.isSameName ?? false
  }

  /** Adds the record at `at`, and returns its octets. `data` must not change. */
  take(data: Buffer, at: number): number {
    const hash = this.#hash
    hash.of(data, at)
    this.add(hash, data, at)
    if (this.isInOrder && storedType(data, at) !== TYPE.SOA) {
      this.#watch ??= new OrderWatch(this.#apexOctets)
      this.isInOrder = this.#watch.follows(data, at)
    }
    return hash.length
  }

  /** Adds a record whose hash is known; ignores the order. */
  add(hash: RecordHash, data: Buffer, at: number): void {
    this.digest.add(hash, storedTtl(data, at))
    this.count += 1
    this.octets += hash.length
    this.summary.add(data, at)
  }

  /** Subtracts a record. */
  remove(hash: RecordHash, data: Buffer, at: number): void {
    this.digest.remove(hash, storedTtl(data, at))
    this.count -= 1
    this.octets -= hash.length
    this.summary.remove(data, at)
  }

  toPlain(): PlainSums {
    const { soa, nameServers, zonemds } = this.summary
    const { count, octets, isInOrder, isSorted } = this
    return { lanes: this.digest.lanes, count, octets, soa: soa?.stored, nameServers, zonemds, isInOrder, isSorted }
  }

  /** The result accepts no records: the position of the summed records is unknown here. */
  static fromPlain(apex: Buffer, plain: PlainSums): RunSums {
    const sums = new RunSums(apex)
    sums.digest = new ZoneDigest(plain.lanes)
    sums.count = plain.count
    sums.octets = plain.octets
    sums.summary.soa = plain.soa && soaOf(Buffer.from(plain.soa))
    sums.summary.nameServers = plain.nameServers
    sums.summary.zonemds = plain.zonemds
    sums.isInOrder = plain.isInOrder
    sums.#isSorted = plain.isSorted
    return sums
  }
}

/** Sums up the records of one arena beside the thread that fills it. */
export interface RunCounter {
  /** The arena now has these chunks, and complete records up to `tail`. Never throws. */
  advance(chunks: readonly SharedArrayBuffer[], tail: number): void
  /** Records counted so far; undefined when the counter has stopped. */
  readonly count: number | undefined
  /** The sums of everything up to `tail`; undefined when counting failed. */
  finish(chunks: readonly SharedArrayBuffer[], tail: number): Promise<PlainSums | undefined>
  /** Cancels the count. */
  drop(): void
}
