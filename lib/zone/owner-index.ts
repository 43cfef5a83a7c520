/**
 * Finds the records of a zone by name, in time proportional to the result: at a name, below it, and NS records that point at it.
 * The index covers the arena up to an offset and is extended to its end before a query, so that added records cost nothing; dead
 * records are skipped when they are met. It covers only the newest state, including an uncommitted change.
 *
 * Memory: 8 octets for a record, some 15 for an owner, and 8 to 23 for an owner that has names between itself and the apex.
 */
import { rdataLength, rdataStart, STORED_HEAD, storedLength, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { Epochs } from './epochs.js'
import { type Fate, NameChains, isWireWithin, type Naming } from './name-chains.js'
import { MARK_DEAD, type RecordArena } from './record-arena.js'
import { SignerFigures } from './signer-figures.js'

/** Some 0.5 ms of work, and 5 where memory is slow. */
const RECORDS_PER_SLICE = 1_000
/**
 * An owner with more names between itself and the apex, as in ip6.arpa, is kept in one long chain: otherwise each would be an
 * entry.
 */
const MOST_BETWEEN = 4
/** With more owners in that chain, a pass over the zone takes less time than a check of all of them. */
const MANY_DEEP = 10_000

const OWNER: Naming = { from: (_, at) => at + STORED_HEAD, length: (data, at) => data[at]! }
/** Only for NS records. */
const TARGET: Naming = { from: rdataStart, length: rdataLength }

export type OffsetVisit = (offset: number) => void

export class OwnerIndex {
  readonly #apex: Buffer
  readonly #arena: RecordArena
  readonly #epochs: Epochs
  readonly #at: NameChains
  readonly #below: NameChains
  /**
   * NS records that point into the zone, but not at their owner or below it: those are found by the ancestors of their target or
   * of their owner, and are most of the NS records of some zones.
   */
  readonly #pointing: NameChains
  readonly #pointingBelow: NameChains
  /** The index covers the arena before this offset. */
  #covered = 0
  #deep = 0
  #figures = new SignerFigures()
  /** A new count, up to an offset, while the old figures are in use. */
  #recount: { figures: SignerFigures; covered: number } | undefined
  readonly #fate = (offset: number): Fate =>
    !this.#arena.isDead(offset) ? 'live' : this.#epochs.isDying(offset) ? 'dying' : 'dead'

  constructor(apex: Buffer, arena: RecordArena, epochs: Epochs) {
    this.#apex = apex
    this.#arena = arena
    this.#epochs = epochs
    this.#at = new NameChains(arena, OWNER, 'at')
    this.#below = new NameChains(arena, OWNER, 'above')
    this.#pointing = new NameChains(arena, TARGET, 'at')
    this.#pointingBelow = new NameChains(arena, TARGET, 'above')
  }

  /** Octets of memory in use. */
  get octets(): number {
    return this.#at.octets + this.#below.octets + this.#pointing.octets + this.#pointingBelow.octets
  }

  get figures(): SignerFigures {
    return this.#figures
  }

  /** Octets of the arena that are not covered yet. */
  get behind(): number {
    return this.#arena.tail - this.#covered
  }

  /** A pass over the zone finds the names below a name faster. */
  get isDeep(): boolean {
    return this.#deep > MANY_DEEP
  }

  /** Reads the next records; false when all are covered. `undoFrom`: records from there on may be rolled back. */
  cover(undoFrom: number): boolean {
    const arena = this.#arena
    const end = arena.tail
    let offset = arena.settle(this.#covered, end)
    for (let n = 0; offset < end && n < RECORDS_PER_SLICE; n++) {
      const data = arena.chunkOf(offset)
      const at = arena.at(offset)
      const isDead = data[at + 1] === MARK_DEAD
      if (!isDead) this.#figures.note(data, at, 1)
      if (!isDead || this.#epochs.isDying(offset)) this.#add(data, at, offset, offset >= undoFrom)
      offset = arena.settle(offset + storedLength(data, at), end)
    }
    this.#covered = offset
    return offset < end
  }

  /** Counts the figures again when they are running out, a slice at a time; false when there is nothing to do. */
  recount(): boolean {
    if (this.#recount === undefined) {
      if (!this.#figures.isRunningOut && this.#figures.earliest() !== 'unknown') return false
      this.#recount = { figures: new SignerFigures(), covered: 0 }
    }
    const { figures, covered } = this.#recount
    const arena = this.#arena
    const end = this.#covered
    let offset = arena.settle(covered, end)
    for (let n = 0; offset < end && n < RECORDS_PER_SLICE; n++) {
      const data = arena.chunkOf(offset)
      const at = arena.at(offset)
      if (data[at + 1] !== MARK_DEAD) figures.note(data, at, 1)
      offset = arena.settle(offset + storedLength(data, at), end)
    }
    this.#recount.covered = offset
    if (offset < end) return true
    this.#figures = figures
    this.#recount = undefined
    return false
  }

  #add(data: Buffer, at: number, offset: number, mayUndo: boolean): void {
    const owner = at + STORED_HEAD
    const length = data[at]!
    if (this.#at.add(data, owner, length, offset, mayUndo))
      this.#deep += this.#addAbove(this.#below, data, owner, length, offset, mayUndo)
    if (storedType(data, at) !== TYPE.NS) return
    const target = rdataStart(data, at)
    const octets = rdataLength(data, at)
    if (!isWireWithin(data, target, octets, this.#apex, 0, this.#apex.length)) return
    if (isWireWithin(data, target, octets, data, owner, length)) return
    if (this.#pointing.add(data, target, octets, offset, mayUndo))
      this.#deep += this.#addAbove(this.#pointingBelow, data, target, octets, offset, mayUndo)
  }

  /** Adds to the chain of each name between this one and the apex, or to that of the apex when there are too many: then 1. */
  #addAbove(chains: NameChains, data: Buffer, from: number, length: number, offset: number, mayUndo: boolean): 0 | 1 {
    const apex = this.#apex.length
    let between = 0
    for (let o = from, left = length; ; between++) {
      const octets = 1 + data[o]!
      o += octets
      left -= octets
      if (left <= apex) break
    }
    if (between > MOST_BETWEEN) {
      chains.add(data, from + length - apex, apex, offset, mayUndo)
      return 1
    }
    for (let o = from, left = length; between > 0; between--) {
      const octets = 1 + data[o]!
      o += octets
      left -= octets
      chains.add(data, o, left, offset, mayUndo)
    }
    return 0
  }

  /** A covered record died, or was restored. */
  note(data: Buffer, at: number, offset: number, change: 1 | -1): void {
    if (offset < this.#covered) this.#figures.note(data, at, change)
    if (this.#recount !== undefined && offset < this.#recount.covered) this.#recount.figures.note(data, at, change)
  }

  /** Forgets all records from `tail` on; called before the arena does. */
  rollback(tail: number): void {
    for (const chains of [this.#at, this.#below, this.#pointing, this.#pointingBelow]) chains.undo()
    this.#covered = Math.min(this.#covered, tail)
    if (this.#recount !== undefined) this.#recount.covered = Math.min(this.#recount.covered, tail)
  }

  commit(): void {
    for (const chains of [this.#at, this.#below, this.#pointing, this.#pointingBelow]) chains.keep()
  }

  /** The records at a name. */
  at(name: Uint8Array, from: number, length: number, visit: OffsetVisit): void {
    this.#at.visit(name, from, length, this.#fate, (offset, is) => {
      if (is === 'live') visit(offset)
    })
  }

  /** The records at all names strictly below the given one, which is below the apex. */
  below(name: Uint8Array, visit: OffsetVisit): void {
    this.#names(this.#below, OWNER, name, (data, from, length) => this.at(data, from, length, visit))
  }

  /** NS records that point at the name, which is below the apex, or at a name below it. */
  pointing(name: Uint8Array, visit: OffsetVisit): void {
    const apex = this.#apex.length
    const visitNs: OffsetVisit = (offset) => {
      const data = this.#arena.chunkOf(offset)
      const at = this.#arena.at(offset)
      if (storedType(data, at) !== TYPE.NS) return
      if (isWireWithin(data, rdataStart(data, at), rdataLength(data, at), name, 0, name.length)) found.add(offset)
    }
    const found = new Set<number>()
    const at = (data: Uint8Array, from: number, length: number): void =>
      this.#pointing.visit(data, from, length, this.#fate, (offset, is) => {
        if (is === 'live') found.add(offset)
      })
    at(name, 0, name.length)
    this.#names(this.#pointingBelow, TARGET, name, at)
    for (let o = 0; name.length - o >= apex; o += 1 + name[o]!) {
      this.at(name, o, name.length - o, visitNs)
      if (name[o] === 0) break
    }
    this.below(name, visitNs)
    for (const offset of found) visit(offset)
  }

  /** The names below the given one, including removed ones. */
  #names(
    chains: NameChains,
    { from, length }: Naming,
    name: Uint8Array,
    visit: (data: Uint8Array, from: number, length: number) => void,
  ): void {
    const all: Fate = 'live'
    const show = (offset: number): void => {
      const data = this.#arena.chunkOf(offset)
      const at = this.#arena.at(offset)
      if (length(data, at) > name.length && isWireWithin(data, from(data, at), length(data, at), name, 0, name.length))
        visit(data, from(data, at), length(data, at))
    }
    // The chain's first record shows the name even when it is dead.
    chains.visit(name, 0, name.length, () => all, show)
    if (this.#deep > 0) chains.visit(this.#apex, 0, this.#apex.length, () => all, show)
  }
}
