/** A set of small whole numbers, a bit for each. Pages without a number take no memory. */

const PAGE_BITS = 10
const PAGE_WORDS = 1 << (PAGE_BITS - 5)

export class NumberSet implements Iterable<number> {
  readonly #pages: (Uint32Array | undefined)[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  has(n: number): boolean {
    const page = this.#pages[n >>> PAGE_BITS]
    return page !== undefined && (page[(n >>> 5) % PAGE_WORDS]! & (1 << (n & 31))) !== 0
  }

  /** Returns false when the number was already in the set. */
  add(n: number): boolean {
    if (this.has(n)) return false
    this.#pages[n >>> PAGE_BITS] ??= new Uint32Array(PAGE_WORDS)
    this.#pages[n >>> PAGE_BITS]![(n >>> 5) % PAGE_WORDS]! |= 1 << (n & 31)
    this.#size += 1
    return true
  }

  delete(n: number): boolean {
    if (!this.has(n)) return false
    this.#pages[n >>> PAGE_BITS]![(n >>> 5) % PAGE_WORDS]! &= ~(1 << (n & 31))
    this.#size -= 1
    return true
  }

  clear(): void {
    this.#pages.length = 0
    this.#size = 0
  }

  /** In order. Numbers may be added and deleted meanwhile. */
  *[Symbol.iterator](): Generator<number> {
    for (let p = 0; p < this.#pages.length; p++) {
      const page = this.#pages[p]
      if (page === undefined) continue
      for (let w = 0; w < PAGE_WORDS; w++) {
        for (let word = page[w]!; word !== 0; word &= word - 1) {
          const bit = 31 - Math.clz32(word & -word)
          yield (p << PAGE_BITS) + (w << 5) + bit
        }
      }
    }
  }
}
