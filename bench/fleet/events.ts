/** Events of a simulation in the order of their virtual times. A binary heap in typed columns: there are many millions. */

export interface SimulatedEvent {
  at: number
  kind: number
  node: number
  zone: number
}

export class Events {
  #at = new Float64Array(1024)
  /** Kind and node in one word, because kinds are few. */
  #what = new Uint32Array(1024)
  #zone = new Uint32Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Time of the earliest event. */
  get nextAt(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#at[0]!
  }

  /** Octets of the columns. */
  get octets(): number {
    return this.#at.length * 16
  }

  /** `kind` below 256, `node` below 2^24. */
  push({ at, kind, node, zone }: SimulatedEvent): void {
    if (this.#length === this.#at.length) this.#grow()
    let i = this.#length++
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (this.#at[parent]! <= at) break
      this.#move(parent, i)
      i = parent
    }
    this.#at[i] = at
    this.#what[i] = ((node << 8) | kind) >>> 0
    this.#zone[i] = zone
  }

  /** The earliest event; undefined when there is none. */
  shift(): SimulatedEvent | undefined {
    if (this.#length === 0) return undefined
    const event = { at: this.#at[0]!, kind: this.#what[0]! & 255, node: this.#what[0]! >>> 8, zone: this.#zone[0]! }
    const last = --this.#length
    const at = this.#at[last]!
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= last) break
      if (child + 1 < last && this.#at[child + 1]! < this.#at[child]!) child++
      if (at <= this.#at[child]!) break
      this.#move(child, i)
      i = child
    }
    this.#move(last, i)
    return event
  }

  #move(from: number, to: number): void {
    this.#at[to] = this.#at[from]!
    this.#what[to] = this.#what[from]!
    this.#zone[to] = this.#zone[from]!
  }

  #grow(): void {
    const grown = <T extends Float64Array | Uint32Array>(column: T, larger: T): T => {
      larger.set(column)
      return larger
    }
    const length = this.#at.length * 2
    this.#at = grown(this.#at, new Float64Array(length))
    this.#what = grown(this.#what, new Uint32Array(length))
    this.#zone = grown(this.#zone, new Uint32Array(length))
  }
}
