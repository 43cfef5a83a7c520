/** A timetable: keys with their due times, queried for the due ones. A binary heap; a key has at most one time. Pure. */

interface Row<K> {
  key: K
  at: number
}

/** Stale rows tolerated before they are dropped. */
const SPARE_ROWS = 1_000

export class Schedule<K> {
  readonly #heap: Row<K>[] = []
  /** The valid time of each key; rows in the heap that differ are stale and skipped. */
  readonly #at = new Map<K, number>()

  get size(): number {
    return this.#at.size
  }

  /** Sets or moves a key's time, in any unit that is used throughout. */
  set(key: K, at: number): void {
    this.#at.set(key, at)
    this.#push({ key, at })
  }

  /** As `set`, but never later than the current time of the key. */
  setNoLater(key: K, at: number): void {
    const known = this.#at.get(key)
    if (known === undefined || at < known) this.set(key, at)
  }

  delete(key: K): void {
    this.#at.delete(key)
  }

  clear(): void {
    this.#at.clear()
    this.#heap.length = 0
  }

  timeOf(key: K): number | undefined {
    return this.#at.get(key)
  }

  /** The earliest time, or undefined when empty. */
  next(): number | undefined {
    this.#skipStale()
    return this.#heap[0]?.at
  }

  /** Removes and returns a key that is due, or undefined. */
  takeDue(now: number): K | undefined {
    this.#skipStale()
    const top = this.#heap[0]
    if (!top || top.at > now) return undefined
    this.#pop()
    this.#at.delete(top.key)
    return top.key
  }

  #skipStale(): void {
    for (let top = this.#heap[0]; top && this.#at.get(top.key) !== top.at; top = this.#heap[0]) this.#pop()
  }

  #push(row: Row<K>): void {
    const heap = this.#heap
    if (heap.length > 2 * this.#at.size + SPARE_ROWS) this.#compact()
    let i = heap.length
    heap.push(row)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (heap[parent]!.at <= row.at) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = row
  }

  /** Drops stale rows: a key that is moved repeatedly must not fill the heap. */
  #compact(): void {
    const rows = this.#heap.splice(0)
    // Sorted rows are appended without moves.
    for (const row of rows.filter(({ key, at }) => this.#at.get(key) === at).sort((a, b) => a.at - b.at)) this.#heap.push(row)
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child += 1
      if (heap[child]!.at >= last.at) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
  }
}
