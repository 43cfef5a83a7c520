/**
 * Times by node, four octets a node: a zone on two hundred nodes has two hundred of them for each version. On disk and in answers it
 * is the plain object `{ node: milliseconds }`.
 */

/** Places of node ids, the same for all versions: nodes of one cloud are neighbours, as the config lists them together. */
const PLACES = new Map<string, number>()
const IDS: string[] = []

function placeOf(id: string): number {
  let place = PLACES.get(id)
  if (place === undefined) {
    place = IDS.length
    PLACES.set(id, place)
    IDS.push(id)
  }
  return place
}

/** Greatest difference of times that four octets hold. */
const MOST_MS = 0xfffffffe
const NOTHING = new Uint32Array(0)

export class NodeTimes {
  /** Time of the difference 1. */
  #base = 0
  /** Place of the first number. */
  #first = 0
  /** Milliseconds since `#base`, plus one; 0 for a node without a time. In eight octets when four do not hold them. */
  #numbers: Uint32Array | Float64Array = NOTHING
  #size = 0

  get size(): number {
    return this.#size
  }

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  /** Milliseconds since 1970. */
  get(id: string): number | undefined {
    const place = PLACES.get(id)
    const number = place === undefined ? undefined : this.#numbers[place - this.#first]
    return number ? this.#base + number - 1 : undefined
  }

  set(id: string, at: number): void {
    const place = placeOf(id)
    if (this.#size === 0) {
      this.#base = at
      this.#first = place
    }
    if (at < this.#base) this.#rebase(at)
    this.#reach(place)
    const number = at - this.#base + 1
    if (number > MOST_MS && this.#numbers instanceof Uint32Array) this.#numbers = Float64Array.from(this.#numbers)
    const i = place - this.#first
    if (this.#numbers[i] === 0) this.#size += 1
    this.#numbers[i] = number
  }

  *entries(): Generator<[id: string, at: number]> {
    for (const [i, number] of this.#numbers.entries()) if (number > 0) yield [IDS[this.#first + i]!, this.#base + number - 1]
  }

  *ids(): Generator<string> {
    for (const [id] of this.entries()) yield id
  }

  /** Takes the times of nodes that have none here. */
  fill(times: Readonly<Record<string, number>>): void {
    for (const [id, at] of Object.entries(times)) if (!this.has(id)) this.set(id, at)
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.entries())
  }

  #rebase(base: number): void {
    const wide = Float64Array.from(this.#numbers, (number) => (number === 0 ? 0 : number + this.#base - base))
    this.#base = base
    this.#numbers = wide.every((number) => number <= MOST_MS) ? Uint32Array.from(wide) : wide
  }

  /** Makes room for the place, with some more: nodes confirm one after the other. */
  #reach(place: number): void {
    const { length } = this.#numbers
    const i = place - this.#first
    if (i >= 0 && i < length) return
    const before = i < 0 ? Math.min(this.#first, -i + (length >> 1)) : 0
    const behind = i < 0 ? length : Math.max(i + 1, length + (length >> 1))
    const Kind = this.#numbers instanceof Uint32Array ? Uint32Array : Float64Array
    const larger = new Kind(before + behind)
    larger.set(this.#numbers, before)
    this.#numbers = larger
    this.#first -= before
  }
}
