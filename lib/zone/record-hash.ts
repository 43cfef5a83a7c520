/**
 * The hash of one stored record: 64 bits over owner, type, class and RDATA with letters folded where they do not count.
 * The TTL is left out, so that a record is found whatever its TTL (RFC 2181 §5.2). Not cryptographic: it guards against
 * mistakes, not against a primary that forges collisions, which could as well forge the zone.
 */
import { PART, shapeOf } from '../dns/rdata-shape.js'
import { STORED_HEAD } from '../dns/record.js'

/** Murmur3's finalizer: every input bit reaches every output bit. */
export function mix32(x: number): number {
  let h = x ^ (x >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** For a type: octets in front of the folded names and how many names follow; NAPTR's strings are walked. */
interface Fold {
  skip: number
  strings: number
  names: number
}

const FOLDS = new Map<number, Fold | undefined>()

function foldOf(type: number): Fold | undefined {
  if (FOLDS.has(type)) return FOLDS.get(type)
  const fold: Fold = { skip: 0, strings: 0, names: 0 }
  for (const part of shapeOf(type) ?? []) {
    if (part > 0 && fold.names === 0) fold.skip += part
    else if (part === PART.STRING) fold.strings += 1
    else if (part === PART.NAME || part === PART.FOLDED_NAME) fold.names += 1
  }
  const result = fold.names > 0 ? fold : undefined
  FOLDS.set(type, result)
  return result
}

/** The folded names of RDATA as [from, to) offsets; undefined when the type has none. */
export function foldedRange(data: Uint8Array, type: number, rdata: number): { from: number; to: number } | undefined {
  const fold = foldOf(type)
  if (fold === undefined) return undefined
  let o = rdata + fold.skip
  for (let i = 0; i < fold.strings; i++) o += 1 + data[o]!
  const from = o
  for (let i = 0; i < fold.names; i++) {
    while (data[o] !== 0) o += 1 + data[o]!
    o += 1
  }
  return { from, to: o }
}

/** Reused for many records: `of` leaves the two halves in the fields. */
export class RecordHash {
  a = 0
  b = 0

  of(data: Uint8Array, at: number): void {
    let a = 0x811c9dc5
    let b = 0x9747b28c
    const ownerLength = data[at]!
    let o = at + STORED_HEAD
    const ownerEnd = o + ownerLength
    for (; o < ownerEnd; o++) {
      let c = data[o]!
      if (c >= 0x41 && c <= 0x5a) c += 0x20
      a = Math.imul(a ^ c, 0x01000193)
      b = Math.imul(((b << 5) | (b >>> 27)) ^ c, 0x9e3779b1)
    }
    const type = (data[o]! << 8) | data[o + 1]!
    const typeAndClass = (type << 16) | (data[o + 2]! << 8) | data[o + 3]!
    a = Math.imul(a ^ typeAndClass, 0x01000193)
    b = Math.imul(((b << 5) | (b >>> 27)) ^ typeAndClass, 0x9e3779b1)
    const length = (data[o + 8]! << 8) | data[o + 9]!
    o += 10
    const end = o + length
    const fold = foldOf(type) === undefined ? undefined : foldedRange(data, type, o)
    const from = fold?.from ?? end
    const to = fold?.to ?? end
    for (; o < end; o++) {
      let c = data[o]!
      if (o >= from && o < to && c >= 0x41 && c <= 0x5a) c += 0x20
      a = Math.imul(a ^ c, 0x01000193)
      b = Math.imul(((b << 5) | (b >>> 27)) ^ c, 0x9e3779b1)
    }
    this.a = mix32(a ^ (b >>> 7))
    this.b = mix32(b + length)
  }
}

/** Same record but for the TTL: owner, type, class and RDATA, letters folded where they do not count. */
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
  const range = folds ? foldedRange(x, type, i) : undefined
  for (const end = i + length; i < end; i++, j++) {
    if (x[i] === y[j]) continue
    if (range === undefined || i < range.from || i >= range.to || !sameFolded(x[i]!, y[j]!)) return false
  }
  return true
}

function sameFolded(a: number, b: number): boolean {
  if (a === b) return true
  const folded = a | 0x20
  return folded === (b | 0x20) && folded >= 0x61 && folded <= 0x7a
}
