/**
 * For each name a chain of records, by arena offset, such as the records with the name as owner. Records are added in the order
 * of the arena and removed only by `undo`, newest first, or when a reader finds them dead. The first of a chain stays as long as
 * the chain: its octets are the name, so that no name is stored twice.
 *
 *   table: hash of the name → first entry      entry: [offset] [next entry, 0 at the end]
 */
import { STORED_HEAD } from '../dns/record.js'
import type { RecordArena } from './record-arena.js'
import { foldWord, sameFolded, tailAt, wordAt } from './record-hash.js'
import { RecordTable, tableKey } from './record-table.js'

const CHUNK_BITS = 14
const CHUNK_ENTRIES = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_ENTRIES - 1
/** 64 octets: see record-table.ts. */
const FIRST_ENTRIES = 8
/** No entry has this number. */
const NONE = 0
const NOTHING: Uint8Array = new Uint8Array(0)

/** Key in the tables of this process; letters folded. */
export function nameHash(data: Uint8Array, from: number, length: number): number {
  const end = from + length
  let h = 0x3c6ef372 ^ length
  for (let o = from; o < end; o += 4) {
    const word = foldWord(o + 4 <= end ? wordAt(data, o) : tailAt(data, o, end))
    h = Math.imul(h ^ Math.imul(word, 0xcc9e2d51), 0x1b873593)
    h = (h << 13) | (h >>> 19)
  }
  return tableKey(h, length)
}

/** The name of `length` octets at `x` equals the one at `y`, letters folded. */
export function sameName(x: Uint8Array, xAt: number, y: Uint8Array, yAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (!sameFolded(x[xAt + i]!, y[yAt + i]!)) return false
  return true
}

/** Both records have one owner, letters folded. */
export const sameOwner = (x: Uint8Array, xAt: number, y: Uint8Array, yAt: number): boolean =>
  x[xAt] === y[yAt] && sameName(x, xAt + STORED_HEAD, y, yAt + STORED_HEAD, x[xAt]!)

/** An uncompressed wire name is `top` or below it; allocates nothing. */
export function isWireWithin(
  data: Uint8Array,
  from: number,
  length: number,
  top: Uint8Array,
  topAt: number,
  topLength: number,
): boolean {
  const topFrom = from + length - topLength
  // Most names are not, and their first octets there prove it.
  if (topFrom < from || !sameName(data, topFrom, top, topAt, topLength)) return false
  let o = from
  while (o < topFrom) o += 1 + data[o]!
  return o === topFrom
}

/** Position of the name in a record by which chains are built. */
export interface Naming {
  from: (data: Uint8Array, at: number) => number
  length: (data: Uint8Array, at: number) => number
}

/** `dying`: a rollback may restore it, so it stays in its chain. */
export type Fate = 'live' | 'dying' | 'dead'

export class NameChains {
  readonly #arena: RecordArena
  readonly #naming: Naming
  /**
   * `at`: the name of the chain is that of its records; `above`: it is an ancestor of that. Two ancestors of one record with one
   * hash would share a chain: its readers check each record anyway.
   */
  readonly #is: 'at' | 'above'
  readonly #table = new RecordTable()
  /** Pairs; the first chunk grows, the others are complete from the start. */
  readonly #chunks: Uint32Array[] = [new Uint32Array(FIRST_ENTRIES * 2)]
  #count = NONE + 1
  /** Entries that `undo` removes: hash, entry, first of its chain. */
  #log: number[] = []
  /** First entry of the chain that was extended last. */
  #last = NONE

  /** Only during a lookup: it would keep the message from which it comes. */
  #name = NOTHING
  #nameAt = 0
  #length = 0
  readonly #matches = (first: number): boolean => {
    const offset = this.#offset(first)
    const data = this.#arena.chunkOf(offset)
    const at = this.#arena.at(offset)
    let from = this.#naming.from(data, at)
    let length = this.#naming.length(data, at)
    if (this.#is === 'above')
      while (length > this.#length) {
        const octets = 1 + data[from]!
        from += octets
        length -= octets
      }
    return length === this.#length && sameName(data, from, this.#name, this.#nameAt, length)
  }

  constructor(arena: RecordArena, naming: Naming, is: 'at' | 'above') {
    this.#arena = arena
    this.#naming = naming
    this.#is = is
  }

  /** Octets of memory in use. */
  get octets(): number {
    return this.#table.octets + this.#chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  }

  #offset(entry: number): number {
    return this.#chunks[entry >>> CHUNK_BITS]![(entry & CHUNK_MASK) * 2]!
  }

  #next(entry: number): number {
    return this.#chunks[entry >>> CHUNK_BITS]![(entry & CHUNK_MASK) * 2 + 1]!
  }

  #setNext(entry: number, next: number): void {
    this.#chunks[entry >>> CHUNK_BITS]![(entry & CHUNK_MASK) * 2 + 1] = next
  }

  #append(offset: number): number {
    const entry = this.#count++
    const index = entry >>> CHUNK_BITS
    let chunk = this.#chunks[index]
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK_ENTRIES * 2)
      this.#chunks.push(chunk)
    } else if ((entry & CHUNK_MASK) * 2 === chunk.length) {
      const larger = new Uint32Array(chunk.length * 2)
      larger.set(chunk)
      this.#chunks[index] = larger
      chunk = larger
    }
    chunk[(entry & CHUNK_MASK) * 2] = offset
    chunk[(entry & CHUNK_MASK) * 2 + 1] = NONE
    return entry
  }

  #find(data: Uint8Array, from: number, length: number): void {
    this.#name = data
    this.#nameAt = from
    this.#length = length
  }

  /** True when the name had no chain. `mayUndo`: `undo` can remove the entry. */
  add(data: Uint8Array, from: number, length: number, offset: number, mayUndo: boolean): boolean {
    this.#find(data, from, length)
    // Most zones come in order: the last added entry often has the same name.
    let first = this.#is === 'at' && this.#last !== NONE && this.#matches(this.#last) ? this.#last : undefined
    const hash = first === undefined || mayUndo ? nameHash(data, from, length) : 0
    first ??= this.#table.find(hash, this.#matches)
    this.#name = NOTHING
    const entry = this.#append(offset)
    this.#last = first ?? entry
    if (first === undefined) this.#table.insert(hash, entry)
    else {
      this.#setNext(entry, this.#next(first))
      this.#setNext(first, entry)
    }
    if (mayUndo) this.#log.push(hash, entry, first ?? entry)
    return first === undefined
  }

  /** Removes the entries with `mayUndo`, newest first: so each is the first of its chain, or next to it. */
  undo(): void {
    const log = this.#log
    for (let i = log.length - 3; i >= 0; i -= 3) {
      const [hash, entry, first] = [log[i]!, log[i + 1]!, log[i + 2]!]
      if (first === entry) this.#table.delete(hash, entry)
      else this.#setNext(first, this.#next(entry))
      this.#count = entry
    }
    this.#log = []
    this.#last = NONE
  }

  /** Makes the added entries permanent. */
  keep(): void {
    if (this.#log.length > 0) this.#log = []
  }

  /** Visits the records of a chain; calls `fate` for each, and drops dead ones except the first. */
  visit(
    data: Uint8Array,
    from: number,
    length: number,
    fate: (offset: number) => Fate,
    visit: (offset: number, fate: Fate) => void,
  ): void {
    this.#find(data, from, length)
    const first = this.#table.find(nameHash(data, from, length), this.#matches)
    this.#name = NOTHING
    if (first === undefined) return
    visit(this.#offset(first), fate(this.#offset(first)))
    let last = first
    for (let entry = this.#next(first); entry !== NONE; entry = this.#next(entry)) {
      const offset = this.#offset(entry)
      const is = fate(offset)
      if (is === 'dead') this.#setNext(last, this.#next(entry))
      else {
        visit(offset, is)
        last = entry
      }
    }
  }
}
