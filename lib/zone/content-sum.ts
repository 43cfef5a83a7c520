/**
 * Sums up records for a comparison with a version, in constant memory and in any order: their number and digest, without the parts
 * that a node may rewrite.
 */
import type { IgnoredRecords } from '../dns/ignored-records.js'
import { storedLength, storedTtl, storedType } from '../dns/record.js'
import { ZoneDigest } from './digest.js'
import { RecordHash } from './record-hash.js'

export class ContentSum {
  readonly #ignored: IgnoredRecords
  readonly #hash = new RecordHash()
  readonly #digest = new ZoneDigest()
  count = 0

  constructor(ignored: IgnoredRecords) {
    this.#ignored = ignored
  }

  /** Equal to that of a version when nothing is ignored and each record was added once. */
  get digest(): string {
    return this.#digest.toString()
  }

  /** A copy of the lanes of the digest. */
  get lanes(): Uint32Array {
    return this.#digest.lanes
  }

  /** Adds records that were summed up before. */
  addPart(lanes: Uint32Array, count: number): void {
    this.#digest.addLanes(lanes)
    this.count += count
  }

  add(data: Buffer, at: number): void {
    const { ttl, types } = this.#ignored
    if (types.size > 0 && types.has(storedType(data, at))) return
    this.#hash.of(data, at)
    this.#digest.add(this.#hash, ttl ? 0 : storedTtl(data, at))
    this.count += 1
  }

  /** Adds the records of a run. */
  addRun(data: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at += storedLength(data, at)) this.add(data, at)
  }
}
