/**
 * The present records of a zone: an arena, a way to find its records, and sums of them. Adds and removes single records, and can
 * undo each of these steps. Not here: the grouping of steps into changes (zone-contents.ts).
 */
import { STORED_HEAD, storedLength, storedTtl } from '../dns/record.js'
import { recordText } from '../dns/record-text.js'
import type { ApexSummary } from './apex-summary.js'
import type { ZoneDigest } from './digest.js'
import type { Epochs } from './epochs.js'
import type { OwnerIndex } from './owner-index.js'
import { MARK_DEAD, MARK_LIVE, RecordArena } from './record-arena.js'
import { RecordFinder } from './record-finder.js'
import { RecordHash } from './record-hash.js'
import { tableOctets } from './record-table.js'
import { type RunCounter, RunSums } from './run-sums.js'

/** Steps of an uncommitted change, newest last, for rollback. */
export interface Undo {
  steps: { did: 'add' | 'remove'; offset: number }[]
  tail: number
  digest: ZoneDigest
  summary: ApexSummary
}

/** Octets of the arena from which a search by order saves more than it costs: some 80,000 records. */
const SEARCH_FROM_OCTETS = 1 << 22
/** Typical octets of a record, when their number is unknown. */
const USUAL_OCTETS = 32
/** Octets to sum up per slice; some 1 ms. */
const OCTETS_PER_REST = 1 << 16

export class LiveRecords {
  readonly arena = new RecordArena()
  readonly #hash = new RecordHash()
  readonly #finder: RecordFinder
  readonly #searchFrom: number
  readonly #epochs: Epochs
  readonly #apex: Buffer
  /** Sums of the live records. */
  sums: RunSums
  deadOctets = 0
  /** A record that was added with several TTLs, as text. */
  copied: string | undefined
  undo: Undo | undefined
  /** Notified of removed records; it finds added ones in the arena. */
  index: OwnerIndex | undefined

  /** Sums up added records, in place of `sums`. */
  #counter: RunCounter | undefined
  /** Records were added or removed one by one: the arena has no order from this offset on. */
  stirredFrom: number | undefined

  /** `searchFrom`: octets of the arena from which records in order are searched. */
  constructor(apex: Buffer, epochs: Epochs, searchFrom = SEARCH_FROM_OCTETS) {
    this.#searchFrom = searchFrom
    this.#finder = new RecordFinder(this.arena, this.#hash)
    this.#apex = apex
    this.sums = new RunSums(apex)
    this.#epochs = epochs
  }

  /** Octets of memory in use, with those of the hash, which any change may need. */
  get memory(): number {
    const count =
      this.#counter === undefined ? this.sums.count : Math.max(this.#counter.count ?? 0, this.arena.tail / USUAL_OCTETS)
    return this.arena.octets + Math.max(this.#finder.octets, this.isHashed ? 0 : tableOctets(count))
  }

  /** Every record is found, by hash or by order. */
  get isReady(): boolean {
    return this.#finder.isReady
  }

  get isHashed(): boolean {
    return this.#finder.isHashed
  }

  /** Further searches by order take longer than the hash: `hashMore` until this is false. */
  get isSearchSpent(): boolean {
    return this.#finder.isSearchSpent
  }

  /** No record counts twice. */
  get isSettled(): boolean {
    return this.#counter === undefined && (this.sums.isInOrder || this.isHashed)
  }

  /** The owners of the live records are in canonical order. */
  get isInOrder(): boolean {
    return this.sums.isInOrder && this.stirredFrom === undefined
  }

  /** Arena offset up to which owners are in canonical order, those of dead records included. */
  get orderedEnd(): number {
    return this.stirredFrom ?? (this.sums.isInOrder ? this.arena.tail : 0)
  }

  /** Adds the next records of the arena to the hash, and drops duplicates. */
  hashMore(records: number): void {
    const takeTwin = (earlier: number, offset: number): void => this.#takeTwin(earlier, offset)
    this.#finder.hashMore(records, this.sums.isInOrder ? undefined : takeTwin)
  }

  /** Makes the next records findable, by their order when they have one, so that a few lookups do not cost a hash over all. */
  readyMore(records: number): void {
    if (this.isInOrder && this.arena.tail >= this.#searchFrom && this.#finder.mayOrder)
      this.#finder.orderMore(records, this.#apex.length)
    else this.hashMore(records)
  }

  /**
   * For two records that differ only in TTL the lower TTL counts (RFC 2181 §5.2), in either order. The other record stays in the
   * arena, dead from the start.
   */
  #takeTwin(earlier: number, offset: number): void {
    const { arena, sums } = this
    const isLower = this.#noteTwin(earlier, arena.chunkOf(offset), arena.at(offset))
    const gone = isLower ? earlier : offset
    if (isLower) this.#finder.replace(earlier, offset)
    sums.remove(this.#hash, arena.chunkOf(gone), arena.at(gone))
    arena.mark(gone, MARK_DEAD)
    this.deadOctets += this.#hash.length
  }

  /** True when the TTL is lower than that of the existing same record. */
  #noteTwin(earlier: number, data: Buffer, at: number): boolean {
    const ttl = storedTtl(data, at)
    if (ttl !== this.ttlAt(earlier)) this.copied ??= recordText(data, at)
    return ttl < this.ttlAt(earlier)
  }

  /** Makes all remaining records findable, synchronously. */
  readyNow(): void {
    this.countNow()
    while (!this.isReady) this.readyMore(Number.POSITIVE_INFINITY)
  }

  /** Finds the record with any TTL. */
  find(data: Buffer, at: number): number | undefined {
    this.readyNow()
    return this.#finder.find(data, at)
  }

  has(data: Buffer, at: number): boolean {
    const offset = this.find(data, at)
    return offset !== undefined && this.ttlAt(offset) === storedTtl(data, at)
  }

  /** Seconds. */
  ttlAt(offset: number): number {
    return storedTtl(this.arena.chunkOf(offset), this.arena.at(offset))
  }

  /** As `has`, and with the same letter case. */
  hasSpelled(data: Buffer, at: number): boolean {
    const offset = this.find(data, at)
    if (offset === undefined) return false
    const own = this.arena.at(offset) + STORED_HEAD
    const octets = storedLength(data, at) - STORED_HEAD
    return this.arena.chunkOf(offset).compare(data, at + STORED_HEAD, at + STORED_HEAD + octets, own, own + octets) === 0
  }

  /** False when the same record exists; the lower TTL of the two counts. */
  add(data: Buffer, at: number): boolean {
    const earlier = this.find(data, at)
    const isLower = earlier !== undefined && this.#noteTwin(earlier, data, at)
    if (isLower) this.remove(earlier)
    if (earlier === undefined || isLower) this.insertAbsent(data, at)
    return earlier === undefined
  }

  /** Records that come before the first lookup are hashed later: most zones come in an order that excludes duplicates. */
  addRun(data: Buffer, from: number, to: number): void {
    const { arena } = this
    const offset = this.#finder.isUnused ? arena.appendRun(data, from, to - from) : undefined
    if (offset === undefined) for (let at = from; at < to; at += storedLength(data, at)) this.#addLate(data, at)
    else if (this.#counter === undefined) this.#sumUp(offset)
    this.#counter?.advance(arena.sharedChunks, arena.tail)
  }

  /** Adds a run that does not fit a chunk, or that comes after the first lookup. */
  #addLate(data: Buffer, at: number): void {
    if (!this.#finder.isUnused) this.add(data, at)
    else {
      const offset = this.arena.append(data, at, storedLength(data, at))
      if (this.#counter === undefined) this.#sumUp(offset)
    }
  }

  /** Sums up from one offset to another, at a record's start or the next one; returns the end. */
  #sumUp(from: number, to = this.arena.tail): number {
    const { arena, sums } = this
    const end = arena.tail
    let offset = arena.settle(from, end)
    while (offset < Math.min(to, end)) offset = arena.settle(offset + sums.take(arena.chunkOf(offset), arena.at(offset)), end)
    return offset
  }

  /** Another thread sums up all records, from the first one on. Only before the first lookup. */
  countElsewhere(counter: RunCounter): void {
    if (!this.#finder.isUnused) throw new RangeError('the records are hashed already')
    this.arena.share()
    this.#counter = counter
    counter.advance(this.arena.sharedChunks, this.arena.tail)
  }

  /** After the last run: accepts the sums of the other thread, or sums up here if that failed. */
  async takeCount(pause: () => Promise<void>): Promise<void> {
    const counter = this.#counter
    const plain = await counter?.finish(this.arena.sharedChunks, this.arena.tail)
    if (counter === undefined || this.#counter !== counter) return
    this.#forgetCounter()
    if (plain !== undefined) this.sums = RunSums.fromPlain(this.#apex, plain)
    else
      for (let at = 0; at < this.arena.tail; ) {
        at = this.#sumUp(at, at + OCTETS_PER_REST)
        await pause()
      }
  }

  #forgetCounter(): void {
    this.#counter?.drop()
    this.#counter = undefined
    this.sums = new RunSums(this.#apex)
  }

  /** Sums up here, without a wait for the other thread. */
  countNow(): void {
    if (this.#counter === undefined) return
    this.#forgetCounter()
    this.#sumUp(0)
  }

  /** Inserts the record that was looked up last and not found. */
  insertAbsent(data: Buffer, at: number): void {
    this.stirredFrom ??= this.orderedEnd
    const offset = this.arena.append(data, at, this.#hash.length)
    this.#finder.insert(offset)
    this.sums.add(this.#hash, data, at)
    this.undo?.steps.push({ did: 'add', offset })
  }

  /** Removes the record that was looked up last and found. */
  remove(offset: number): void {
    const [chunk, at] = [this.arena.chunkOf(offset), this.arena.at(offset)]
    this.stirredFrom ??= this.orderedEnd
    this.#finder.remove(offset)
    this.sums.remove(this.#hash, chunk, at)
    this.arena.mark(offset, MARK_DEAD)
    this.#epochs.noteDeath(offset)
    this.index?.note(chunk, at, offset, -1)
    this.deadOctets += this.#hash.length
    this.undo?.steps.push({ did: 'remove', offset })
  }

  begin(): void {
    this.readyNow()
    this.undo = { steps: [], tail: this.arena.tail, digest: this.sums.digest.clone(), summary: this.sums.summary.clone() }
  }

  /** Undoes each step since `begin`. */
  takeBack({ steps, tail, digest, summary }: Undo): void {
    for (const { did, offset } of steps.reverse()) {
      const [chunk, at] = [this.arena.chunkOf(offset), this.arena.at(offset)]
      const length = storedLength(chunk, at)
      const sign = did === 'add' ? -1 : 1
      this.#hash.of(chunk, at)
      if (did === 'add') this.#finder.remove(offset)
      else {
        this.#finder.restore(offset)
        this.arena.mark(offset, MARK_LIVE)
        this.#epochs.forgetDeath(offset)
        this.deadOctets -= length
      }
      this.index?.note(chunk, at, offset, sign)
      this.sums.count += sign
      this.sums.octets += sign * length
    }
    this.index?.rollback(tail)
    this.arena.truncate(tail)
    this.#finder.cut(tail)
    this.sums.digest = digest
    this.sums.summary = summary
    this.undo = undefined
  }
}
