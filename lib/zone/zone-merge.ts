/**
 * Works out the difference between held contents and a zone that arrives, while it arrives: both come in canonical order, so it is
 * a merge, which needs no hash and keeps only what changed. Equal stretches of many records are compared at once, and all other
 * records name by name, because the records at one name may come in any order.
 *
 *   held:     [records in canonical order, dead ones among them] [records that differences added, sorted here]
 *   arriving: ═════ equal octets ═════ name name ═════ equal octets ═════ …
 */
import { storedLength, storedTtl, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { compareAtName } from './canonical-order.js'
import { OwnerOrder } from './owner-order.js'
import { MARK_DEAD, type RecordArena } from './record-arena.js'
import { sameRecord } from './record-hash.js'
import { type RecordRun, RunBuilder } from './record-run.js'

export interface MergedZone {
  removed: RecordRun
  added: RecordRun
  /** Records that changed only in letter case: as they are held, and as they came, in the same order. */
  respelled: { held: RecordRun; came: RecordRun }
  /** Records that arrived, the SOA included. */
  records: number
}

/** Records that differences added to the held contents, up to which they are sorted here: some 20 ms. */
const MOST_LOOSE = 20_000
/** Octets of a stretch that are compared at once; after a change they begin at one record. */
const MOST_STRIDE = 1 << 13
/** Comparisons of records at one name. */
const MOST_COMPARED = 100_000
/** Held records that are removed in one call; some 10 ms. */
const MOST_REMOVED = 20_000
/** A zone that becomes so many times as large is rather kept whole: each added record costs a place in the hash. */
const MOST_GROWTH = 4
const LEAST_GROWTH_OCTETS = 1 << 20
/** Held records that are removed between pauses; some 1 ms. */
const RECORDS_PER_REST = 2_500

export class ZoneMerge {
  readonly #arena: RecordArena
  readonly #order: OwnerOrder
  /** End of the records in order, and the next one of them that is alive. */
  readonly #end: number
  #held: number
  /** The records behind them, sorted by owner, and the next one. */
  readonly #loose: Uint32Array
  #nextLoose = 0
  readonly #removed = new RunBuilder()
  readonly #added = new RunBuilder()
  readonly #respelled = { held: new RunBuilder(), came: new RunBuilder() }
  #records = 0
  /** The last stretch of equal records, as offsets of held ones; no name behind it has begun. */
  #equal: { from: number; to: number } | undefined
  #stride = MOST_STRIDE
  /** The records at the name that arrives now. */
  #name = new RunBuilder()
  #removedNow = 0

  private constructor(arena: RecordArena, apexOctets: number, end: number, loose: Uint32Array) {
    this.#arena = arena
    this.#order = new OwnerOrder(apexOctets)
    this.#end = end
    this.#loose = loose
    this.#held = this.#settle(0)
  }

  /** `orderedEnd`: the owners before it are in canonical order. Undefined when too many records are behind it. */
  static of(arena: RecordArena, apexOctets: number, orderedEnd: number): ZoneMerge | undefined {
    const loose: number[] = []
    const end = arena.tail
    for (let offset = arena.settle(orderedEnd, end); offset < end; offset = arena.next(offset, end)) {
      if (loose.length === MOST_LOOSE) return undefined
      if (!isPassedOver(arena, offset)) loose.push(offset)
    }
    const order = new OwnerOrder(apexOctets)
    loose.sort((a, b) => order.compare(arena.chunkOf(a), arena.at(a), arena.chunkOf(b), arena.at(b)) || a - b)
    return new ZoneMerge(arena, apexOctets, orderedEnd, Uint32Array.from(loose))
  }

  /** Octets of memory in use. */
  get memory(): number {
    const { held, came } = this.#respelled
    return this.#removed.octets + this.#added.octets + held.octets + came.octets + this.#name.octets
  }

  /**
   * Takes arriving records, the SOA among them. False when they cannot be merged: they are not in canonical order, one came twice,
   * or the held contents have little in common with them.
   */
  take(data: Buffer, from: number, to: number): boolean {
    this.#removedNow = 0
    for (let at = from; at < to; ) {
      if (this.#name.count === 0) {
        const next = this.#skipEqual(data, at, to)
        if (next > at) {
          at = next
          continue
        }
        this.#reopenName()
      }
      if (storedType(data, at) === TYPE.SOA) this.#records += 1
      else {
        const order = this.#name.count === 0 ? 0 : this.#order.compare(this.#name.data, 0, data, at)
        if (order > 0) return false
        if (order < 0) {
          if (!this.#closeName()) return false
          continue
        }
        this.#name.add(data, at)
        this.#records += 1
      }
      at += storedLength(data, at)
    }
    return true
  }

  /** The SOA records are in neither run. Undefined when the zones cannot be merged. */
  async finish(pause: () => Promise<void>): Promise<MergedZone | undefined> {
    if (this.#name.count > 0) {
      this.#removedNow = 0
      if (!this.#closeName()) return undefined
    }
    for (let n = 1; this.#held < this.#end; n++) {
      this.#remove(this.#held)
      this.#held = this.#next(this.#held)
      if (n % RECORDS_PER_REST === 0) await pause()
    }
    while (this.#nextLoose < this.#loose.length) this.#remove(this.#loose[this.#nextLoose++]!)
    const { held, came } = this.#respelled
    return {
      removed: this.#removed.finish(),
      added: this.#added.finish(),
      respelled: { held: held.finish(), came: came.finish() },
      records: this.#records,
    }
  }

  /** Passes over arriving records that are octet by octet the next held ones; returns the position of the first other one. */
  #skipEqual(data: Buffer, from: number, to: number): number {
    let at = from
    while (at < to && this.#held < this.#end) {
      const chunk = this.#arena.chunkOf(this.#held)
      const start = this.#arena.at(this.#held)
      const room = Math.min(chunk.length - start, this.#end - this.#held)
      let octets = 0
      let count = 0
      for (let o = at; o < to && octets < this.#stride; o = at + octets) {
        const length = storedLength(data, o)
        if (octets + length > room) break
        octets += length
        count += 1
      }
      if (count === 0) break
      if (data.compare(chunk, start, start + octets, at, at + octets) !== 0) {
        if (this.#stride === 1) break
        this.#stride = 1
        continue
      }
      this.#equal = { from: this.#held, to: this.#held + octets }
      this.#held = this.#settle(this.#held + octets)
      this.#records += count
      at += octets
      this.#stride = Math.min(MOST_STRIDE, this.#stride * 64)
    }
    return at
  }

  /** The next record may be at the name with which an equal stretch ended: that name is compared as a whole. */
  #reopenName(): void {
    if (this.#equal === undefined) return
    const { from, to } = this.#equal
    this.#equal = undefined
    const chunk = this.#arena.chunkOf(from)
    const last = this.#arena.at(from) + (to - from)
    let first = this.#arena.at(from)
    for (let at = first; at < last; at += storedLength(chunk, at)) if (!isSameSpelling(chunk, first, at)) first = at
    for (let at = first; at < last; at += storedLength(chunk, at)) this.#name.add(chunk, at)
    this.#held = from + (first - this.#arena.at(from))
  }

  /** Compares the records at the name, which are all there, with the held ones. False when that takes too long. */
  #closeName(): boolean {
    const name = this.#name.take()
    const held: number[] = []
    for (; this.#held < this.#end; this.#held = this.#next(this.#held)) {
      const order = this.#compareWith(this.#held, name)
      if (order > 0) break
      if (order === 0) held.push(this.#held)
      else if (!this.#mayRemove(this.#held)) return false
    }
    for (; this.#nextLoose < this.#loose.length; this.#nextLoose++) {
      const offset = this.#loose[this.#nextLoose]!
      const order = this.#compareWith(offset, name)
      if (order > 0) break
      if (order === 0) held.push(offset)
      else if (!this.#mayRemove(offset)) return false
    }
    return this.#compareName(name, held)
  }

  #compareName(name: RecordRun, held: number[]): boolean {
    const { data } = name
    const others: number[] = []
    let matched = 0
    const came: number[] = []
    for (let at = 0; at < data.length; at += storedLength(data, at)) {
      came.push(at)
      // Mostly in the same order as the held ones.
      if (others.length === 0 && matched < held.length && this.#isSpelled(held[matched]!, data, at)) matched += 1
      else others.push(at)
    }
    const left = held.slice(matched)
    if (others.length * (left.length + came.length) > MOST_COMPARED) return false
    for (const at of others) {
      if (came.some((other) => other !== at && compareAtName(data, other, data, at) === 0)) return false
      const i = left.findIndex((offset) => sameRecord(this.#arena.chunkOf(offset), this.#arena.at(offset), data, at))
      const offset = i < 0 ? undefined : left.splice(i, 1)[0]!
      if (offset === undefined) this.#added.add(data, at)
      else this.#noteSame(offset, data, at)
    }
    for (const offset of left) if (!this.#mayRemove(offset)) return false
    return this.#added.octets <= LEAST_GROWTH_OCTETS + MOST_GROWTH * this.#arena.tail
  }

  /** The same record with any TTL and letter case. */
  #noteSame(offset: number, data: Buffer, at: number): void {
    const chunk = this.#arena.chunkOf(offset)
    const start = this.#arena.at(offset)
    if (storedTtl(chunk, start) !== storedTtl(data, at)) {
      this.#remove(offset)
      this.#added.add(data, at)
    } else if (!this.#isSpelled(offset, data, at)) {
      this.#respelled.held.add(chunk, start)
      this.#respelled.came.add(data, at)
    }
  }

  #compareWith(offset: number, { data }: RecordRun): number {
    return this.#order.compare(this.#arena.chunkOf(offset), this.#arena.at(offset), data, 0)
  }

  /** Same octets, those of the TTL included. */
  #isSpelled(offset: number, data: Buffer, at: number): boolean {
    const chunk = this.#arena.chunkOf(offset)
    const start = this.#arena.at(offset)
    const length = storedLength(data, at)
    return storedLength(chunk, start) === length && data.compare(chunk, start, start + length, at, at + length) === 0
  }

  #mayRemove(offset: number): boolean {
    this.#remove(offset)
    this.#removedNow += 1
    return this.#removedNow < MOST_REMOVED
  }

  #remove(offset: number): void {
    this.#removed.add(this.#arena.chunkOf(offset), this.#arena.at(offset))
  }

  #next(offset: number): number {
    return this.#settle(this.#arena.next(offset, this.#end))
  }

  /** The next record from here on that is alive and no SOA. */
  #settle(from: number): number {
    let offset = this.#arena.settle(from, this.#end)
    while (offset < this.#end && isPassedOver(this.#arena, offset)) offset = this.#arena.next(offset, this.#end)
    return offset
  }
}

function isPassedOver(arena: RecordArena, offset: number): boolean {
  const chunk = arena.chunkOf(offset)
  const at = arena.at(offset)
  return chunk[at + 1] === MARK_DEAD || storedType(chunk, at) === TYPE.SOA
}

/** The owners have the same octets. */
function isSameSpelling(data: Buffer, x: number, y: number): boolean {
  const end = 2 + data[x]!
  return data[x] === data[y] && data.compare(data, y + 2, y + end, x + 2, x + end) === 0
}
