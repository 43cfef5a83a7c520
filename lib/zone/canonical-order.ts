/**
 * The canonical order of a zone's records (RFC 4034 §6): owners by their labels from the right, then types, then RDATA, letters
 * folded. Sorted by keys that compare octet by octet, four octets at a time by the engine's own sort, and in slices, so that a
 * zone of millions of records does not block the event loop.
 *
 *   key:  [label, folded, escaped] 0 … [label nearest the leaf] 0 0 [type 2]     labels of the apex left out
 *
 * An octet 0 or 1 in a label becomes 1 and the octet plus 1, so that the end of a label comes before every octet.
 */
import { STORED_HEAD, storedType } from '../dns/record.js'
import { foldedRange } from './record-hash.js'
import type { ZoneView } from './contents-view.js'

export const RECORDS_PER_SLICE = 5_000
/**
 * Ranges up to the first size are sorted by insertion, up to the second by the engine; larger ones are first split by one octet.
 */
const INSERTION_MAX = 16
const NATIVE_MAX = 1 << 16

/** Growing octets with a start for each key. */
class Keys {
  data = new Uint8Array(1 << 16)
  starts = new Uint32Array(1 << 10)
  /** Arena offset of each record. */
  offsets = new Uint32Array(1 << 10)
  count = 0
  #end = 0
  readonly #labels = new Uint8Array(128)

  add(record: Buffer, at: number, offset: number, apexOctets: number): void {
    if (this.#end + 600 > this.data.length) this.data = grown(this.data, new Uint8Array(this.data.length * 2))
    if (this.count + 2 > this.starts.length) {
      this.starts = grown(this.starts, new Uint32Array(this.starts.length * 2))
      this.offsets = grown(this.offsets, new Uint32Array(this.offsets.length * 2))
    }
    const { data } = this
    const owner = at + STORED_HEAD
    const end = owner + record[at]! - apexOctets
    let labels = 0
    for (let o = owner; o < end; o += 1 + record[o]!) this.#labels[labels++] = o - owner
    let w = this.#end
    while (labels > 0) {
      const from = owner + this.#labels[--labels]!
      for (let o = from + 1, to = o + record[from]!; o < to; o++) {
        let c = record[o]!
        if (c >= 0x41 && c <= 0x5a) c += 0x20
        if (c <= 1) {
          data[w++] = 1
          c += 1
        }
        data[w++] = c
      }
      data[w++] = 0
    }
    const type = storedType(record, at)
    data[w++] = 0
    data[w++] = type >> 8
    data[w++] = type & 255
    this.offsets[this.count++] = offset
    this.starts[this.count] = w
    this.#end = w
  }
}

export function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** Four octets of a key; zeros behind its end, which no other key can have there. */
function word({ data, starts }: Keys, key: number, depth: number): number {
  const at = starts[key]! + depth
  const left = starts[key + 1]! - at
  if (left >= 4) return ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0
  let value = 0
  for (let i = 0; i < 4; i++) value = (value << 8) | (i < left ? data[at + i]! : 0)
  return value >>> 0
}

/** Compares keys from `depth` on; 0 when they are equal. */
function compareKeys({ data, starts }: Keys, a: number, b: number, depth: number): number {
  let i = starts[a]! + depth
  let j = starts[b]! + depth
  const end = starts[a + 1]!
  while (i < end) {
    const difference = data[i++]! - data[j++]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Compares RDATA as octets, folded where case does not count, the shorter first (RFC 4034 §6.3). Both records have one type. */
export function compareRdata(x: Buffer, xAt: number, y: Buffer, yAt: number): number {
  const type = storedType(x, xAt)
  const xFrom = xAt + STORED_HEAD + x[xAt]! + 10
  const yFrom = yAt + STORED_HEAD + y[yAt]! + 10
  const xLength = (x[xFrom - 2]! << 8) | x[xFrom - 1]!
  const yLength = (y[yFrom - 2]! << 8) | y[yFrom - 1]!
  const xFold = foldedRange(x, type, xFrom, xFrom + xLength)
  const yFold = foldedRange(y, type, yFrom, yFrom + yLength)
  for (let k = 0, n = Math.min(xLength, yLength); k < n; k++) {
    let c = x[xFrom + k]!
    let d = y[yFrom + k]!
    if (c === d && xFold === undefined) continue
    if (xFold && xFrom + k >= xFold.from && xFrom + k < xFold.to && c >= 0x41 && c <= 0x5a) c += 0x20
    if (yFold && yFrom + k >= yFold.from && yFrom + k < yFold.to && d >= 0x41 && d <= 0x5a) d += 0x20
    if (c !== d) return c - d
  }
  return xLength - yLength
}

/** Both have the same owner. */
export const compareAtName = (x: Buffer, xAt: number, y: Buffer, yAt: number): number =>
  storedType(x, xAt) - storedType(y, yAt) || compareRdata(x, xAt, y, yAt)

interface Range {
  from: number
  to: number
  depth: number
}

class Sorter {
  readonly #keys: Keys
  readonly #view: ZoneView
  order: Uint32Array
  readonly #words = new BigUint64Array(NATIVE_MAX)
  readonly #halves = new Uint32Array(this.#words.buffer)
  readonly #open: Range[] = []

  constructor(keys: Keys, view: ZoneView) {
    this.#keys = keys
    this.#view = view
    this.order = new Uint32Array(keys.count)
    for (let i = 0; i < keys.count; i++) this.order[i] = i
  }

  /**
   * Most servers send a zone in this order, and later differences add a little at the end: the sorted part stays, and the rest is
   * sorted and merged.
   */
  async run(pause: () => Promise<void>): Promise<void> {
    const { count } = this.#keys
    let sorted = Math.min(1, count)
    while (sorted < count && this.#compare(sorted - 1, sorted, 0) <= 0) {
      sorted += 1
      if (sorted % RECORDS_PER_SLICE === 0) await pause()
    }
    const from = count - sorted < count / 8 ? sorted : 0
    await this.#sort({ from, to: count, depth: 0 }, pause)
    if (from > 0) this.#merge(from)
  }

  /** Both parts are in order: each key of the second, from the last to the first, is inserted into the first. */
  #merge(from: number): void {
    const { order } = this
    const merged = new Uint32Array(order.length)
    let end = from
    let w = order.length
    for (let i = order.length - 1; i >= from; i--) {
      let low = 0
      let high = end
      while (low < high) {
        const middle = (low + high) >> 1
        if (this.#compare(order[middle]!, order[i]!, 0) <= 0) low = middle + 1
        else high = middle
      }
      w -= end - low
      merged.set(order.subarray(low, end), w)
      merged[--w] = order[i]!
      end = low
    }
    merged.set(order.subarray(0, end), 0)
    this.order = merged
  }

  async #sort(whole: Range, pause: () => Promise<void>): Promise<void> {
    if (whole.to - whole.from > 1) this.#open.push(whole)
    let done = 0
    for (let range = this.#open.pop(); range; range = this.#open.pop()) {
      const size = range.to - range.from
      if (size <= INSERTION_MAX) this.#insert(range)
      else if (size <= NATIVE_MAX) this.#sortWords(range)
      else await this.#split(range, pause)
      done += size
      if (done > RECORDS_PER_SLICE * 2) {
        await pause()
        done = 0
      }
    }
  }

  #compare(a: number, b: number, depth: number): number {
    const keys = this.#keys
    return compareKeys(keys, a, b, depth) || this.#compareRecords(a, b)
  }

  #compareRecords(a: number, b: number): number {
    const view = this.#view
    const x = this.#keys.offsets[a]!
    const y = this.#keys.offsets[b]!
    return compareRdata(view.chunkOf(x), view.at(x), view.chunkOf(y), view.at(y))
  }

  #insert({ from, to, depth }: Range): void {
    const { order } = this
    for (let i = from + 1; i < to; i++) {
      const key = order[i]!
      let j = i
      while (j > from && this.#compare(order[j - 1]!, key, depth) > 0) {
        order[j] = order[j - 1]!
        j -= 1
      }
      order[j] = key
    }
  }

  /** Sorts by four octets at once, and equal ones by the next four. */
  #sortWords({ from, to, depth }: Range): void {
    const size = to - from
    const { order } = this
    const halves = this.#halves
    for (let i = 0; i < size; i++) {
      halves[2 * i] = order[from + i]!
      halves[2 * i + 1] = word(this.#keys, order[from + i]!, depth)
    }
    this.#words.subarray(0, size).sort()
    for (let i = 0; i < size; i++) order[from + i] = halves[2 * i]!
    for (let start = 0; start < size; ) {
      let end = start + 1
      while (end < size && halves[2 * end + 1] === halves[2 * start + 1]) end += 1
      this.#closeRun({ from: from + start, to: from + end, depth: depth + 4 })
      start = end
    }
  }

  #closeRun(run: Range): void {
    if (run.to - run.from === 1) return
    const { starts } = this.#keys
    const first = this.order[run.from]!
    if (starts[first]! + run.depth < starts[first + 1]!) this.#open.push(run)
    else this.order.subarray(run.from, run.to).sort((a, b) => this.#compareRecords(a, b))
  }

  /** Splits by one octet into 256 ranges, each of which is sorted separately. */
  async #split({ from, to, depth }: Range, pause: () => Promise<void>): Promise<void> {
    const { data, starts } = this.#keys
    const { order } = this
    const counts = new Uint32Array(257)
    const source = order.slice(from, to)
    const octetOf = (key: number): number => (starts[key]! + depth < starts[key + 1]! ? data[starts[key]! + depth]! : 0)
    for (const key of source) counts[octetOf(key) + 1]! += 1
    await pause()
    for (let i = 1; i < 257; i++) counts[i]! += counts[i - 1]!
    const ends = counts.slice()
    for (const key of source) order[from + ends[octetOf(key)]!++] = key
    for (let i = 0; i < 256; i++) this.#closeRun({ from: from + counts[i]!, to: from + ends[i]!, depth: depth + 1 })
  }
}

/** Arena offsets of a view's records (without the SOA) in canonical order. */
export async function canonicalOrder(view: ZoneView, apexOctets: number, pause: () => Promise<void>): Promise<Uint32Array> {
  const keys = new Keys()
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = view.walk(from, RECORDS_PER_SLICE, (data, at, offset) => keys.add(data, at, offset, apexOctets))
    if (from !== undefined) await pause()
  }
  const sorter = new Sorter(keys, view)
  await sorter.run(pause)
  return sorter.order.map((key) => keys.offsets[key]!)
}
