/** First in, first out, of zone numbers: a ring that grows, because most nodes of a fleet have few zones waiting. */
export class ZoneQueue {
  #ring = new Uint32Array(64)
  #first = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(zone: number): void {
    const { length } = this.#ring
    if (this.#length === length) {
      const larger = new Uint32Array(length * 2)
      larger.set(this.#ring.subarray(this.#first))
      larger.set(this.#ring.subarray(0, this.#first), length - this.#first)
      this.#ring = larger
      this.#first = 0
    }
    this.#ring[(this.#first + this.#length++) & (this.#ring.length - 1)] = zone
  }

  /** Undefined when it is empty. */
  shift(): number | undefined {
    if (this.#length === 0) return undefined
    const zone = this.#ring[this.#first]!
    this.#first = (this.#first + 1) & (this.#ring.length - 1)
    this.#length--
    return zone
  }
}
