/**
 * A timetable for numbered slots, in typed arrays: some 24 octets for each, where a hundred thousand rest. A heap that knows the
 * place of each slot, so that a slot moves or goes without a stale row. Pure.
 */

const NOWHERE = -1

export class SlotSchedule {
  /** Slots, earliest first. */
  #heap = new Int32Array(64)
  /** Place in the heap, by slot. */
  #place = new Int32Array(64).fill(NOWHERE)
  #at = new Float64Array(64)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Sets or moves a slot's time, in any unit that is used throughout. */
  set(slot: number, at: number): void {
    this.#reserve(slot)
    this.#at[slot] = at
    if (this.#place[slot] === NOWHERE) {
      this.#place[slot] = this.#size
      this.#heap[this.#size++] = slot
    }
    this.#settle(slot)
  }

  /** As `set`, but never later than the current time of the slot. */
  setNoLater(slot: number, at: number): void {
    const known = this.timeOf(slot)
    if (known === undefined || at < known) this.set(slot, at)
  }

  delete(slot: number): void {
    const place = this.#place[slot] ?? NOWHERE
    if (place === NOWHERE) return
    this.#place[slot] = NOWHERE
    const last = this.#heap[--this.#size]!
    if (place === this.#size) return
    this.#heap[place] = last
    this.#place[last] = place
    this.#settle(last)
  }

  timeOf(slot: number): number | undefined {
    return (this.#place[slot] ?? NOWHERE) === NOWHERE ? undefined : this.#at[slot]
  }

  /** Removes and returns a slot that is due, or undefined. */
  takeDue(now: number): number | undefined {
    const slot = this.#heap[0]!
    if (this.#size === 0 || this.#at[slot]! > now) return undefined
    this.delete(slot)
    return slot
  }

  #reserve(slot: number): void {
    const old = this.#place.length
    if (slot < old) return
    const size = Math.max(slot + 1, old * 2)
    const grown = <T extends Int32Array | Float64Array>(made: T, from: T): T => {
      made.set(from)
      return made
    }
    this.#heap = grown(new Int32Array(size), this.#heap)
    this.#place = grown(new Int32Array(size).fill(NOWHERE, old), this.#place)
    this.#at = grown(new Float64Array(size), this.#at)
  }

  /** Moves a slot to where its time belongs. */
  #settle(slot: number): void {
    const at = this.#at[slot]!
    let i = this.#place[slot]!
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (this.#at[this.#heap[parent]!]! <= at) break
      this.#put(this.#heap[parent]!, i)
      i = parent
    }
    for (;;) {
      let child = 2 * i + 1
      if (child >= this.#size) break
      if (child + 1 < this.#size && this.#at[this.#heap[child + 1]!]! < this.#at[this.#heap[child]!]!) child += 1
      if (this.#at[this.#heap[child]!]! >= at) break
      this.#put(this.#heap[child]!, i)
      i = child
    }
    this.#put(slot, i)
  }

  #put(slot: number, place: number): void {
    this.#heap[place] = slot
    this.#place[slot] = place
  }
}
