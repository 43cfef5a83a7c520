/**
 * A table with a cell for each of a hundred thousand zones: cells in use are objects, and all others are packed octets. The same
 * interface as a map.
 */
import { CellCodec } from './cell-codec.js'
import { OctetPlaces } from './octet-places.js'

/** Cells that stay objects; least recently used ones are packed. */
const MOST_IN_USE = 4_000

export class PackedCells<T extends object> {
  readonly #most: number
  /** The cell, or the place of its octets. In one map, so that the order of keys stays. */
  readonly #cells = new Map<string, T | number>()
  /** Keys of cells that are objects, least recently used first. */
  readonly #inUse = new Set<string>()
  /** Gives the keys of `#inUse` in their order. */
  #oldest = this.#inUse.values()
  readonly #places = new OctetPlaces()
  readonly #codec = new CellCodec()

  constructor(most = MOST_IN_USE) {
    this.#most = most
  }

  get size(): number {
    return this.#cells.size
  }

  /** Until it is packed again, the cell is the same object for all callers. */
  get(key: string): T | undefined {
    const cell = this.#cells.get(key)
    if (typeof cell !== 'number') return cell
    const value = this.#unpacked(cell)
    this.set(key, value)
    return value
  }

  #unpacked(place: number): T {
    return this.#codec.decode(this.#places.get(place)) as T
  }

  set(key: string, value: T): void {
    const before = this.#cells.get(key)
    if (typeof before === 'number') this.#places.free(before)
    this.#cells.set(key, value)
    this.#inUse.delete(key)
    this.#inUse.add(key)
    if (this.#inUse.size > this.#most) this.#packOldest()
  }

  #packOldest(): void {
    // The iterator stays: a new one would pass all places from which keys were removed.
    let next = this.#oldest.next()
    if (next.done) {
      this.#oldest = this.#inUse.values()
      next = this.#oldest.next()
    }
    this.#pack(next.value!)
  }

  #pack(key: string): void {
    this.#inUse.delete(key)
    const cell = this.#cells.get(key)
    if (typeof cell === 'object') this.#cells.set(key, this.#places.put(this.#codec.encode(cell)))
  }

  /** Cells that are packed stay so: the caller gets copies of them. */
  *entries(): IterableIterator<[string, T]> {
    for (const [key, cell] of this.#cells) yield [key, typeof cell === 'number' ? this.#unpacked(cell) : cell]
  }
}
