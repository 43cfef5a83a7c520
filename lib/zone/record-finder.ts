/**
 * Finds the live records of an arena: by a hash over them, or, while all of them are as they were received in canonical order, by
 * that order (ordered-search.ts). Records that are added later are in the hash in either case.
 *
 *   arena:  [records in order: hash or search] [records added one by one: hash]
 */
import { OrderedSearch } from './ordered-search.js'
import { MARK_DEAD, type RecordArena } from './record-arena.js'
import { type RecordHash, sameRecord } from './record-hash.js'
import { RecordTable, tableKey } from './record-table.js'

const NOTHING: Buffer = Buffer.alloc(0)

/** Handles a record for which the hash has the same one, at `earlier`. */
type TakeTwin = (earlier: number, offset: number) => void

export class RecordFinder {
  readonly #arena: RecordArena
  readonly #hash: RecordHash
  readonly #table = new RecordTable()
  #search: OrderedSearch | undefined
  /** Records of the arena before this offset are found; only runs may leave some behind it. */
  #foundTo = 0
  /** Only during a lookup, as it would keep a whole message. */
  #probe = NOTHING
  #probeAt = 0
  readonly #matches = (offset: number): boolean =>
    sameRecord(this.#arena.chunkOf(offset), this.#arena.at(offset), this.#probe, this.#probeAt)

  /** A lookup leaves the hash of its record in `hash`: `insert`, `replace` and `remove` use it. */
  constructor(arena: RecordArena, hash: RecordHash) {
    this.#arena = arena
    this.#hash = hash
  }

  /** Octets of memory in use. */
  get octets(): number {
    return this.#table.octets
  }

  /** No record was looked up or hashed yet. */
  get isUnused(): boolean {
    return this.#foundTo === 0
  }

  /** Every record is found. */
  get isReady(): boolean {
    return this.#foundTo === this.#arena.tail
  }

  /** Every record is in the hash. */
  get isHashed(): boolean {
    return this.isReady && this.#search === undefined
  }

  /** Further searches by order take longer than the hash. */
  get isSearchSpent(): boolean {
    return this.isReady && this.#search?.isSpent === true
  }

  get #key(): number {
    return tableKey(this.#hash.a, this.#hash.b)
  }

  /** The record with any TTL. Only when all are found. */
  find(data: Buffer, at: number): number | undefined {
    const offset = this.#findHashed(data, at)
    this.#hash.release()
    return offset ?? this.#search?.find(data, at)
  }

  #findHashed(data: Buffer, at: number): number | undefined {
    this.#probe = data
    this.#probeAt = at
    this.#hash.of(data, at)
    const offset = this.#table.find(this.#key, this.#matches)
    this.#probe = NOTHING
    return offset
  }

  /** The record that was looked up last and not found is now here, at the end of the arena. */
  insert(offset: number): void {
    this.#foundTo = this.#arena.tail
    this.#table.insert(this.#key, offset)
  }

  /** The record at `offset`, which was looked up last, takes the place of the same one. */
  replace(earlier: number, offset: number): void {
    this.#table.delete(this.#key, earlier)
    this.#table.insert(this.#key, offset)
  }

  /** The record that was looked up last is dead now. */
  remove(offset: number): void {
    this.#table.delete(this.#key, offset)
  }

  /** The record that was hashed last is alive again. */
  restore(offset: number): void {
    const search = this.#search
    if (search === undefined || offset >= search.end || offset < search.hashedTo) this.#table.restore(this.#key, offset)
  }

  /** The arena was cut off here; the records behind it were removed. */
  cut(tail: number): void {
    this.#foundTo = tail
  }

  /** No record was looked up yet, and no name has too many records: records in order can be searched. */
  get mayOrder(): boolean {
    return this.#foundTo === 0 && this.#search?.isUnfit !== true
  }

  /** Prepares the search by order. */
  orderMore(records: number, apexOctets: number): void {
    this.#search ??= new OrderedSearch(this.#arena, apexOctets)
    this.#search.sampleMore(records)
    if (this.#search.isComplete && !this.#search.isUnfit) this.#foundTo = this.#search.end
  }

  /** Adds the next records to the hash. `takeTwin`: records may have come twice. */
  hashMore(records: number, takeTwin: TakeTwin | undefined): void {
    // A search that is not complete is of no use from here on.
    if (this.#foundTo === 0) this.#search = undefined
    if (this.#search !== undefined) {
      this.#hashSearched(this.#search, records)
      return
    }
    const arena = this.#arena
    const end = arena.tail
    let offset = arena.settle(this.#foundTo, end)
    for (let n = 0; offset < end && n < records; n++) {
      const chunk = arena.chunkOf(offset)
      const at = arena.at(offset)
      const earlier = takeTwin === undefined ? undefined : this.#findHashed(chunk, at)
      if (takeTwin === undefined) this.#hash.of(chunk, at)
      const { length } = this.#hash
      if (earlier === undefined) this.#table.insert(this.#key, offset)
      else takeTwin!(earlier, offset)
      offset = arena.settle(offset + length, end)
    }
    this.#foundTo = offset
  }

  /** The hash takes the place of the search. Records may have died meanwhile. */
  #hashSearched(search: OrderedSearch, records: number): void {
    const arena = this.#arena
    search.hashedTo = arena.settle(search.hashedTo, search.end)
    for (let n = 0; search.hashedTo < search.end && n < records; n++) {
      const chunk = arena.chunkOf(search.hashedTo)
      const at = arena.at(search.hashedTo)
      this.#hash.of(chunk, at)
      if (chunk[at + 1] !== MARK_DEAD) this.#table.insert(this.#key, search.hashedTo)
      search.hashedTo = arena.settle(search.hashedTo + this.#hash.length, search.end)
    }
    if (search.hashedTo >= search.end) this.#search = undefined
  }
}
