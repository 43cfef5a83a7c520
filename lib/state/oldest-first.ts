/** A map that gives away its oldest entry: the keys are in the order in which they were first set. */

/** Changes after which an iterator that was not used meanwhile is dropped. */
const MOST_CHANGES = 1_000

export class OldestFirst<K, V> {
  readonly #map = new Map<K, V>()
  /**
   * At the oldest key. It stays between calls, as a new one would pass all places from which keys were removed. It is dropped when it is
   * not used: an iterator keeps each table that the map has had since its last step.
   */
  #keys: IterableIterator<K> | undefined
  /** Since the last step of the iterator. */
  #changes = 0

  get size(): number {
    return this.#map.size
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  keys(): IterableIterator<K> {
    return this.#map.keys()
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#map[Symbol.iterator]()
  }

  /** A key that is there keeps its place. */
  set(key: K, value: V): void {
    this.#map.set(key, value)
    this.#noteChange()
  }

  delete(key: K): boolean {
    const wasThere = this.#map.delete(key)
    if (wasThere) this.#noteChange()
    return wasThere
  }

  #noteChange(): void {
    if (++this.#changes > MOST_CHANGES) this.#keys = undefined
  }

  /** Removes the oldest entry and returns it; undefined when there is none. */
  takeOldest(): [K, V] | undefined {
    if (this.#map.size === 0) return undefined
    const key = this.#nextKey()
    const value = this.#map.get(key)!
    this.#map.delete(key)
    return [key, value]
  }

  #nextKey(): K {
    this.#changes = 0
    this.#keys ??= this.#map.keys()
    const next = this.#keys.next()
    if (!next.done) return next.value
    this.#keys = this.#map.keys()
    return this.#keys.next().value!
  }
}
