/**
 * The octets that a signature is made over (RFC 4034 §3.1.8.1): RDATA of the RRSIG without the signature, then the RRset in canonical
 * form and order. One buffer serves for all.
 */
import { rdataLength, rdataStart, STORED_HEAD } from '../../dns/record.js'
import { compareRdata } from '../../zone/canonical-order.js'
import { foldedRange } from '../../zone/record-hash.js'
import type { StoredAt } from '../name-changes.js'

/** Octets of an RRSIG's RDATA in front of the signer's name (RFC 4034 §3.1). */
const RRSIG_FIXED = 18

export class Rrsig {
  readonly record: StoredAt
  readonly covered: number
  readonly algorithm: number
  readonly labels: number
  readonly originalTtl: number
  readonly inception: number
  readonly tag: number
  readonly signerAt: number
  readonly signatureAt: number
  readonly end: number

  constructor(record: StoredAt) {
    const { data, at } = record
    const o = rdataStart(data, at)
    this.record = record
    this.covered = data.readUInt16BE(o)
    this.algorithm = data[o + 2]!
    this.labels = data[o + 3]!
    this.originalTtl = data.readUInt32BE(o + 4)
    this.inception = data.readUInt32BE(o + 12)
    this.tag = data.readUInt16BE(o + 16)
    this.signerAt = o + RRSIG_FIXED
    let end = this.signerAt
    while (data[end] !== 0) end += 1 + data[end]!
    this.signatureAt = end + 1
    this.end = o + rdataLength(data, at)
  }

  get signature(): Buffer {
    return this.record.data.subarray(this.signatureAt, this.end)
  }
}

export class SignedData {
  #out = Buffer.allocUnsafe(1 << 12)
  #length = 0

  /** Good until the next call. */
  of(rrsig: Rrsig, rrset: readonly StoredAt[]): Buffer {
    const { data, at } = rrsig.record
    const fixed = rdataStart(data, at)
    this.#length = 0
    this.#room(rrsig.signatureAt - fixed)
    this.#copy(data, fixed, rrsig.signerAt)
    this.#fold(data, rrsig.signerAt, rrsig.signatureAt)
    const sorted = rrset.length === 1 ? rrset : [...rrset].sort((x, y) => compareRdata(x.data, x.at, y.data, y.at))
    for (const record of sorted) this.#record(record, rrsig.originalTtl)
    return this.#out.subarray(0, this.#length)
  }

  /** RFC 4034 §6.2, with the TTL that was signed. */
  #record({ data, at, type }: StoredAt, ttl: number): void {
    const owner = at + STORED_HEAD
    const rdata = rdataStart(data, at)
    const end = rdata + rdataLength(data, at)
    this.#room(end - owner)
    this.#fold(data, owner, rdata - 10)
    this.#copy(data, rdata - 10, rdata - 6)
    this.#out.writeUInt32BE(ttl, this.#length)
    this.#length += 4
    this.#copy(data, rdata - 2, rdata)
    const names = foldedRange(data, type, rdata, end)
    if (names === undefined) this.#copy(data, rdata, end)
    else {
      this.#copy(data, rdata, names.from)
      this.#fold(data, names.from, names.to)
      this.#copy(data, names.to, end)
    }
  }

  #room(octets: number): void {
    if (this.#length + octets <= this.#out.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#length + octets))
    this.#out.copy(larger, 0, 0, this.#length)
    this.#out = larger
  }

  #copy(data: Buffer, from: number, to: number): void {
    const out = this.#out
    let w = this.#length
    if (to - from > 64) w += data.copy(out, w, from, to)
    else for (let o = from; o < to; o++) out[w++] = data[o]!
    this.#length = w
  }

  #fold(data: Buffer, from: number, to: number): void {
    const out = this.#out
    let w = this.#length
    for (let o = from; o < to; o++) {
      const c = data[o]!
      out[w++] = c >= 0x41 && c <= 0x5a ? c + 0x20 : c
    }
    this.#length = w
  }
}
