/**
 * The records that make up a zone right now: an arena, a hash over it, and what is summed up of them. It adds and takes records one
 * by one, and can take back each of these steps. Not here: which steps belong together (zone-contents.ts).
 */
import { STORED_HEAD, storedLength, storedTtl } from '../dns/record.js'
import { recordText } from '../dns/record-text.js'
import type { ApexSummary } from './apex-summary.js'
import type { ZoneDigest } from './digest.js'
import type { Epochs } from './epochs.js'
import type { OwnerIndex } from './owner-index.js'
import { MARK_DEAD, MARK_LIVE, RecordArena } from './record-arena.js'
import { RecordHash, sameRecord } from './record-hash.js'
import { RecordTable, tableKey } from './record-table.js'
import { type RunCounter, RunSums } from './run-sums.js'

/** What an uncommitted change did, newest last, for rollback. */
export interface Undo {
  steps: { did: 'add' | 'remove'; offset: number }[]
  tail: number
  digest: ZoneDigest
  summary: ApexSummary
}

/** Octets that a record will take in the hash. */
const HASHED_OCTETS = 12
/** Of a record, where nobody counts them. */
const USUAL_OCTETS = 32
/** Some 1 ms of summing up. */
const OCTETS_PER_REST = 1 << 16

export class LiveRecords {
  readonly arena = new RecordArena()
  readonly #table = new RecordTable()
  readonly #hash = new RecordHash()
  readonly #epochs: Epochs
  readonly #apex: Buffer
  /** Of the live records. */
  sums: RunSums
  deadOctets = 0
  /** A record that was added with several TTLs, as text. */
  copied: string | undefined
  undo: Undo | undefined
  /** Told of records that go; those that come it finds in the arena. */
  index: OwnerIndex | undefined

  #probe: Buffer = Buffer.alloc(0)
  #probeAt = 0
  /** The arena is in the hash up to here; only runs may leave something behind it. */
  #hashedTo = 0
  /** Sums up what comes, in the place of `sums`. */
  #counter: RunCounter | undefined
  /** Records were added or taken one by one: the arena is in no order any more. */
  #isStirred = false
  readonly #matches = (offset: number): boolean =>
    sameRecord(this.arena.chunkOf(offset), this.arena.at(offset), this.#probe, this.#probeAt)

  constructor(apex: Buffer, epochs: Epochs) {
    this.#apex = apex
    this.sums = new RunSums(apex)
    this.#epochs = epochs
  }

  /** Memory held, in octets. */
  get memory(): number {
    const { tail } = this.arena
    const count = this.#counter === undefined ? this.sums.count : (this.#counter.count ?? tail / USUAL_OCTETS)
    return this.arena.octets + this.#table.octets + (this.isHashed ? 0 : count * HASHED_OCTETS)
  }

  get isHashed(): boolean {
    return this.#hashedTo === this.arena.tail
  }

  /** No record counts twice. */
  get isSettled(): boolean {
    return this.#counter === undefined && (this.sums.isInOrder || this.isHashed)
  }

  /** The owners of the live records stand in canonical order. */
  get isInOrder(): boolean {
    return this.sums.isInOrder && !this.#isStirred
  }

  /** Brings the next records of the arena into the hash, and takes out those that are there already. */
  hashMore(records: number): void {
    const { arena } = this
    const end = arena.tail
    let offset = arena.settle(this.#hashedTo, end)
    for (let n = 0; offset < end && n < records; n++) {
      const chunk = arena.chunkOf(offset)
      const at = arena.at(offset)
      const held = this.sums.isInOrder ? undefined : this.#find(chunk, at)
      if (this.sums.isInOrder) this.#hash.of(chunk, at)
      if (held === undefined) this.#table.insert(this.#key, offset)
      else this.#takeTwin(held, offset)
      offset = arena.settle(offset + this.#hash.length, end)
    }
    this.#hashedTo = offset
  }

  /**
   * Of two that differ in nothing but the TTL the lower TTL counts (RFC 2181 §5.2), in whatever order they come. The other one stays
   * where it is, dead from the first.
   */
  #takeTwin(held: number, offset: number): void {
    const { arena, sums } = this
    const isLower = this.#noteTwin(held, arena.chunkOf(offset), arena.at(offset))
    const gone = isLower ? held : offset
    if (isLower) {
      this.#table.delete(this.#key, held)
      this.#table.insert(this.#key, offset)
    }
    sums.remove(this.#hash, arena.chunkOf(gone), arena.at(gone))
    arena.mark(gone, MARK_DEAD)
    this.deadOctets += this.#hash.length
  }

  /** Whether the TTL is lower than that of the same record that is there. */
  #noteTwin(held: number, data: Buffer, at: number): boolean {
    const ttl = storedTtl(data, at)
    const heldTtl = this.ttlAt(held)
    if (ttl !== heldTtl) this.copied ??= recordText(data, at)
    return ttl < heldTtl
  }

  /** What nobody had the patience to do in slices. */
  hashAll(): void {
    this.countNow()
    while (!this.isHashed) this.hashMore(Number.POSITIVE_INFINITY)
  }

  /** Whatever its TTL. */
  find(data: Buffer, at: number): number | undefined {
    this.hashAll()
    return this.#find(data, at)
  }

  /** Of what was hashed last. */
  get #key(): number {
    return tableKey(this.#hash.a, this.#hash.b)
  }

  #find(data: Buffer, at: number): number | undefined {
    this.#probe = data
    this.#probeAt = at
    this.#hash.of(data, at)
    return this.#table.find(this.#key, this.#matches)
  }

  has(data: Buffer, at: number): boolean {
    const offset = this.find(data, at)
    return offset !== undefined && this.ttlAt(offset) === storedTtl(data, at)
  }

  /** Seconds. */
  ttlAt(offset: number): number {
    return storedTtl(this.arena.chunkOf(offset), this.arena.at(offset))
  }

  /** Like `has`, and spelled with the same upper and lower case letters. */
  hasSpelled(data: Buffer, at: number): boolean {
    const offset = this.find(data, at)
    if (offset === undefined) return false
    const own = this.arena.at(offset) + STORED_HEAD
    const octets = storedLength(data, at) - STORED_HEAD
    return this.arena.chunkOf(offset).compare(data, at + STORED_HEAD, at + STORED_HEAD + octets, own, own + octets) === 0
  }

  /** False when the same one is there; the lower TTL of the two counts. */
  add(data: Buffer, at: number): boolean {
    const held = this.find(data, at)
    const isLower = held !== undefined && this.#noteTwin(held, data, at)
    if (isLower) this.remove(held)
    if (held === undefined || isLower) this.insert(data, at)
    return held === undefined
  }

  /** What comes before anything was looked for is hashed later: most zones come in an order that says that nothing comes twice. */
  addRun(data: Buffer, from: number, to: number): void {
    const { arena } = this
    const offset = this.#hashedTo === 0 ? arena.appendRun(data, from, to - from) : undefined
    if (offset === undefined) for (let at = from; at < to; at += storedLength(data, at)) this.#addLate(data, at)
    else if (this.#counter === undefined) this.#sumUp(offset)
    this.#counter?.advance(arena.sharedChunks, arena.tail)
  }

  /** A run that does not fit a chunk, or comes after records were looked for. */
  #addLate(data: Buffer, at: number): void {
    if (this.#hashedTo > 0) {
      this.add(data, at)
      return
    }
    const offset = this.arena.append(data, at, storedLength(data, at))
    if (this.#counter === undefined) this.#sumUp(offset)
  }

  /** From an offset to another, where a record begins, or the next one; returns where it ended. */
  #sumUp(from: number, to = this.arena.tail): number {
    const { arena, sums } = this
    const end = arena.tail
    let offset = arena.settle(from, end)
    while (offset < Math.min(to, end)) offset = arena.settle(offset + sums.take(arena.chunkOf(offset), arena.at(offset)), end)
    return offset
  }

  /** What was added and will be is summed up by somebody else, from the first record on. Only while nothing was looked for. */
  countElsewhere(counter: RunCounter): void {
    if (this.#hashedTo > 0) throw new RangeError('the records are hashed already')
    this.arena.share()
    this.#counter = counter
    counter.advance(this.arena.sharedChunks, this.arena.tail)
  }

  /** The last run has come: takes over what was summed up elsewhere, or does it here if that failed. */
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

  /** Does not wait for whoever counts. */
  countNow(): void {
    if (this.#counter === undefined) return
    this.#forgetCounter()
    this.#sumUp(0)
  }

  /** What was looked for last and is not there. */
  insert(data: Buffer, at: number): void {
    const { length } = this.#hash
    const offset = this.arena.append(data, at, length)
    this.#hashedTo = this.arena.tail
    this.#isStirred = true
    this.#table.insert(this.#key, offset)
    this.sums.add(this.#hash, data, at)
    this.undo?.steps.push({ did: 'add', offset })
  }

  /** What was looked for last and is there. */
  remove(offset: number): void {
    const chunk = this.arena.chunkOf(offset)
    const at = this.arena.at(offset)
    const length = storedLength(chunk, at)
    this.#isStirred = true
    this.#table.delete(this.#key, offset)
    this.sums.remove(this.#hash, chunk, at)
    this.arena.mark(offset, MARK_DEAD)
    this.#epochs.noteDeath(offset)
    this.index?.note(chunk, at, offset, -1)
    this.deadOctets += length
    this.undo?.steps.push({ did: 'remove', offset })
  }

  begin(): void {
    this.hashAll()
    this.undo = { steps: [], tail: this.arena.tail, digest: this.sums.digest.clone(), summary: this.sums.summary.clone() }
  }

  /** Takes back each step since `begin`. */
  takeBack({ steps, tail, digest, summary }: Undo): void {
    for (const { did, offset } of steps.reverse()) {
      const chunk = this.arena.chunkOf(offset)
      const at = this.arena.at(offset)
      const length = storedLength(chunk, at)
      const sign = did === 'add' ? -1 : 1
      this.#hash.of(chunk, at)
      if (did === 'add') this.#table.delete(this.#key, offset)
      else {
        this.#table.insert(this.#key, offset)
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
    this.#hashedTo = tail
    this.sums.digest = digest
    this.sums.summary = summary
    this.undo = undefined
  }
}
