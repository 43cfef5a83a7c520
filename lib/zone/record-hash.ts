/**
 * The hash of one stored record: 64 bits over owner, type, class and RDATA, with letters folded where case does not count. The
 * TTL is left out, so that a record is found with any TTL (RFC 2181 §5.2). Not cryptographic: it guards against mistakes, not
 * against a primary that forges collisions, which could forge the zone as well.
 */
import { PART, shapeOf } from '../dns/rdata-shape.js'
import { viewOn } from '../dns/octets-view.js'
import { STORED_HEAD } from '../dns/record.js'

/** Murmur3's finalizer: every input bit reaches every output bit. */
export function mix32(x: number): number {
  let h = x ^ (x >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * For a type: octets in front of the folded names, strings in front of them (NAPTR), and the number of names. `behind`: octets
 * behind them, when their number is fixed.
 */
interface Fold {
  skip: number
  strings: number
  names: number
  behind: number | undefined
}

/** Types up to here are looked up in a list, because this path is the hottest. */
const LISTED = 256
const LISTED_FOLDS: (Fold | undefined)[] = Array.from({ length: LISTED }, (_, type) => makeFold(type))
const OTHER_FOLDS = new Map<number, Fold | undefined>()

function makeFold(type: number): Fold | undefined {
  const fold: Fold = { skip: 0, strings: 0, names: 0, behind: 0 }
  for (const part of shapeOf(type) ?? []) {
    if (part > 0 && fold.names === 0) fold.skip += part
    else if (part === PART.STRING) fold.strings += 1
    else if (part === PART.NAME || part === PART.FOLDED_NAME) fold.names += 1
    else if (fold.names > 0) fold.behind = part > 0 && fold.behind !== undefined ? fold.behind + part : undefined
  }
  return fold.names > 0 ? fold : undefined
}

function foldOf(type: number): Fold | undefined {
  if (type < LISTED) return LISTED_FOLDS[type]
  if (!OTHER_FOLDS.has(type)) OTHER_FOLDS.set(type, makeFold(type))
  return OTHER_FOLDS.get(type)
}

function foldedFrom(data: Uint8Array, fold: Fold, rdata: number): number {
  let o = rdata + fold.skip
  for (let i = 0; i < fold.strings; i++) o += 1 + data[o]!
  return o
}

function foldedTo(data: Uint8Array, fold: Fold, from: number, rdataEnd: number): number {
  if (fold.behind !== undefined) return rdataEnd - fold.behind
  let o = from
  for (let i = 0; i < fold.names; i++) {
    while (data[o] !== 0) o += 1 + data[o]!
    o += 1
  }
  return o
}

/** The folded names of RDATA as [from, to) offsets; undefined when the type has none. */
export function foldedRange(
  data: Uint8Array,
  type: number,
  rdata: number,
  rdataEnd: number,
): { from: number; to: number } | undefined {
  const fold = foldOf(type)
  if (fold === undefined) return undefined
  const from = foldedFrom(data, fold, rdata)
  return { from, to: foldedTo(data, fold, from, rdataEnd) }
}

/** Letters A to Z of four octets at once to lower case; every other octet stays. */
export function foldWord(word: number): number {
  const low = word & 0x7f7f7f7f
  // Bit 7 of each octet: at least "A", at most "Z", and not set originally.
  const letters = (low + 0x3f3f3f3f) & ~(low + 0x25252525) & ~word & 0x80808080
  return word | (letters >>> 2)
}

export const wordAt = (data: Uint8Array, o: number): number =>
  data[o]! | (data[o + 1]! << 8) | (data[o + 2]! << 16) | (data[o + 3]! << 24)

/** The rest of a stretch that is not a multiple of four octets. */
export function tailAt(data: Uint8Array, from: number, to: number): number {
  let word = 0
  for (let o = from, shift = 0; o < to; o++, shift += 8) word |= data[o]! << shift
  return word
}

const NOTHING = new Uint8Array(0)
const NO_VIEW = viewOn(NOTHING)

/** Reused for many records: `of` leaves its results in the fields. Four octets at a time, two lanes after Murmur3. */
export class RecordHash {
  #data: Uint8Array = NOTHING
  /** Reads four octets at once, of `#data`. */
  #view = NO_VIEW
  a = 0
  b = 0
  /** Octets of the record. */
  length = 0

  of(data: Uint8Array, at: number): void {
    if (data !== this.#data) {
      this.#data = data
      this.#view = viewOn(data)
    }
    const ownerEnd = at + STORED_HEAD + data[at]!
    const type = (data[ownerEnd]! << 8) | data[ownerEnd + 1]!
    const rdata = ownerEnd + 10
    const end = rdata + ((data[ownerEnd + 8]! << 8) | data[ownerEnd + 9]!)
    this.length = end - at
    this.a = 0x811c9dc5 ^ (end - at)
    this.b = 0x9747b28c ^ ((type << 16) | (data[ownerEnd + 2]! << 8) | data[ownerEnd + 3]!)
    this.#mix(data, at + STORED_HEAD, ownerEnd, true)
    const fold = foldOf(type)
    if (fold === undefined) this.#mix(data, rdata, end, false)
    else {
      const from = foldedFrom(data, fold, rdata)
      const to = foldedTo(data, fold, from, end)
      if (from > rdata) this.#mix(data, rdata, from, false)
      this.#mix(data, from, to, true)
      if (to < end) this.#mix(data, to, end, false)
    }
    this.a = mix32(this.a ^ (this.b >>> 7))
    this.b = mix32(this.b + (end - rdata))
  }

  /** The octets of the last record are not kept alive. */
  release(): void {
    this.#data = NOTHING
    this.#view = NO_VIEW
  }

  /** The two lanes stay in local variables: this loop runs for every octet that comes in. */
  #mix(data: Uint8Array, from: number, to: number, folds: boolean): void {
    let { a, b } = this
    const view = this.#view
    for (let o = from; o < to; o += 4) {
      let word = o + 4 <= to ? view.getInt32(o, true) : tailAt(data, o, to)
      if (folds) word = foldWord(word)
      let k = Math.imul(word, 0xcc9e2d51)
      k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
      a ^= k
      a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0
      b = Math.imul(b ^ word, 0x9e3779b1)
      b = (((b << 11) | (b >>> 21)) + k) | 0
    }
    this.a = a
    this.b = b
  }
}

/** Same record except the TTL: owner, type, class and RDATA, letters folded where case does not count. */
export function sameRecord(x: Buffer, xAt: number, y: Buffer, yAt: number): boolean {
  const ownerLength = x[xAt]!
  if (ownerLength !== y[yAt]) return false
  let i = xAt + STORED_HEAD
  let j = yAt + STORED_HEAD
  for (const end = i + ownerLength; i < end; i++, j++) if (!sameFolded(x[i]!, y[j]!)) return false
  if (x[i] !== y[j] || x[i + 1] !== y[j + 1] || x[i + 2] !== y[j + 2] || x[i + 3] !== y[j + 3]) return false
  if (x[i + 8] !== y[j + 8] || x[i + 9] !== y[j + 9]) return false
  const type = (x[i]! << 8) | x[i + 1]!
  const length = (x[i + 8]! << 8) | x[i + 9]!
  i += 10
  j += 10
  const folds = foldOf(type) !== undefined
  const range = folds ? foldedRange(x, type, i, i + length) : undefined
  for (const end = i + length; i < end; i++, j++) {
    if (x[i] === y[j]) continue
    if (range === undefined || i < range.from || i >= range.to || !sameFolded(x[i]!, y[j]!)) return false
  }
  return true
}

export function sameFolded(a: number, b: number): boolean {
  if (a === b) return true
  const folded = a | 0x20
  return folded === (b | 0x20) && folded >= 0x61 && folded <= 0x7a
}
