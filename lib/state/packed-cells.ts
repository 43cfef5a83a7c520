/**
 * A table with a cell for each of a hundred thousand zones: the cells written last are objects, and all others are packed octets. The same
 * interface as a map.
 */
import { CellCodec } from './cell-codec.js'
import { OldestFirst } from './oldest-first.js'
import { OctetPlaces } from './octet-places.js'

/** Cells that stay objects; those written longest ago are packed. */
const MOST_IN_USE = 5_000
const MOST_READ = 256

export class PackedCells<T extends object> {
  readonly #most: number
  /** The cell, or the place of its octets. In one map, so that the order of keys stays. */
  readonly #cells = new Map<string, T | number>()
  /** Keys of cells that are objects, written longest ago first. */
  readonly #inUse = new OldestFirst<string, true>()
  /** Packed cells that were read last: one event reads a cell several times. */
  readonly #read = new Map<string, T>()
  readonly #places = new OctetPlaces()
  readonly #codec = new CellCodec()

  constructor(most = MOST_IN_USE) {
    this.#most = most
  }

  get size(): number {
    return this.#cells.size
  }

  /** A change in the value counts only with `set`: a packed cell is unpacked for its readers, and not packed again. */
  get(key: string): T | undefined {
    const cell = this.#cells.get(key)
    if (typeof cell !== 'number') return cell
    const known = this.#read.get(key)
    if (known !== undefined) return known
    const value = this.#unpacked(cell)
    if (this.#read.size >= MOST_READ) this.#read.clear()
    this.#read.set(key, value)
    return value
  }

  #unpacked(place: number): T {
    return this.#codec.decode(this.#places.get(place)) as T
  }

  set(key: string, value: T): void {
    const before = this.#cells.get(key)
    if (typeof before === 'number') {
      this.#places.free(before)
      this.#read.delete(key)
    }
    this.#cells.set(key, value)
    this.#inUse.delete(key)
    this.#inUse.set(key, true)
    if (this.#inUse.size > this.#most) this.#pack(this.#inUse.takeOldest()![0])
  }

  /** Packs all cells: of very many that are read at a start, few are in use. */
  packAll(): void {
    for (let oldest = this.#inUse.takeOldest(); oldest !== undefined; oldest = this.#inUse.takeOldest()) this.#pack(oldest[0])
  }

  #pack(key: string): void {
    const cell = this.#cells.get(key)
    if (typeof cell === 'object') this.#cells.set(key, this.#places.put(this.#codec.encode(cell)))
  }

  /** Cells that are packed stay so: the caller gets copies of them. `without`: keys of cells that are left out. */
  *entries(without?: ReadonlySet<string>): IterableIterator<[string, T]> {
    for (const [key, cell] of this.#cells)
      if (!without?.has(key)) yield [key, typeof cell === 'number' ? this.#unpacked(cell) : cell]
  }
}
