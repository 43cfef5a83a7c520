/**
 * The records that make up a zone right now: an arena, a hash over it, and what is summed up of them. It adds and takes records one
 * by one, and can take back each of these steps. Not here: which steps belong together (zone-contents.ts).
 */
import { STORED_HEAD, storedLength, storedTtl } from '../dns/record.js'
import type { ApexSummary } from './apex-summary.js'
import type { ZoneDigest } from './digest.js'
import type { Epochs } from './epochs.js'
import type { OwnerIndex } from './owner-index.js'
import { MARK_DEAD, MARK_LIVE, RecordArena } from './record-arena.js'
import { RecordHash, sameRecord } from './record-hash.js'
import { RecordTable } from './record-table.js'
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
      if (this.sums.isInOrder) this.#hash.of(chunk, at)
      else if (this.#find(chunk, at) !== undefined) {
        this.#takeTwin(offset, chunk, at)
        offset = arena.settle(offset + this.#hash.length, end)
        continue
      }
      this.#table.insert(this.#hash.a, offset)
      offset = arena.settle(offset + this.#hash.length, end)
    }
    this.#hashedTo = offset
  }

  /** It stays where it is, dead from the first. */
  #takeTwin(offset: number, chunk: Buffer, at: number): void {
    const { length } = this.#hash
    const { sums } = this
    sums.digest.remove(this.#hash, storedTtl(chunk, at))
    sums.summary.remove(chunk, at)
    this.arena.mark(offset, MARK_DEAD)
    sums.count -= 1
    sums.octets -= length
    this.deadOctets += length
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

  #find(data: Buffer, at: number): number | undefined {
    this.#probe = data
    this.#probeAt = at
    this.#hash.of(data, at)
    return this.#table.find(this.#hash.a, this.#matches)
  }

  has(data: Buffer, at: number): boolean {
    const offset = this.find(data, at)
    return offset !== undefined && storedTtl(this.arena.chunkOf(offset), this.arena.at(offset)) === storedTtl(data, at)
  }

  /** Like `has`, and spelled with the same upper and lower case letters. */
  hasSpelled(data: Buffer, at: number): boolean {
    const offset = this.find(data, at)
    if (offset === undefined) return false
    const own = this.arena.at(offset) + STORED_HEAD
    const octets = storedLength(data, at) - STORED_HEAD
    return this.arena.chunkOf(offset).compare(data, at + STORED_HEAD, at + STORED_HEAD + octets, own, own + octets) === 0
  }

  /** False when the same one is there. */
  add(data: Buffer, at: number): boolean {
    if (this.find(data, at) !== undefined) return false
    this.insert(data, at)
    return true
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
    this.#table.insert(this.#hash.a, offset)
    const { sums } = this
    sums.digest.add(this.#hash, storedTtl(data, at))
    sums.count += 1
    sums.octets += length
    this.undo?.steps.push({ did: 'add', offset })
    sums.summary.add(data, at)
  }

  /** What was looked for last and is there. */
  remove(offset: number): void {
    const chunk = this.arena.chunkOf(offset)
    const at = this.arena.at(offset)
    const length = storedLength(chunk, at)
    this.#isStirred = true
    this.#table.delete(this.#hash.a, offset)
    const { sums } = this
    sums.digest.remove(this.#hash, storedTtl(chunk, at))
    this.arena.mark(offset, MARK_DEAD)
    sums.summary.remove(chunk, at)
    this.#epochs.noteDeath(offset)
    this.index?.note(chunk, at, offset, -1)
    sums.count -= 1
    sums.octets -= length
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
      if (did === 'add') this.#table.delete(this.#hash.a, offset)
      else {
        this.#table.insert(this.#hash.a, offset)
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
