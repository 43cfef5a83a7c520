/**
 * Packs signatures with the data that they cover (RFC 4034 §3.1.8.1), so that one message to a thread carries many: an RRset once
 * in canonical form, then for each of its RRSIGs the RDATA in front of the signature, and the signature.
 */
import { rdataLength, rdataStart, STORED_HEAD } from '../../dns/record.js'
import { foldedRange } from '../../zone/record-hash.js'
import type { StoredAt } from '../../names/name-changes.js'
import { NO_KEY, ROW, type SignatureBatch } from './compute.js'
import type { Rrsig } from './rrsig.js'
import type { ZoneKey } from './zone-keys.js'

/** Some 5 ms of work. */
export const MOST_IN_BATCH = 64
/** A batch of this size is sent. */
const FULL_OCTETS = 1 << 16
const FIRST_OCTETS = 1 << 14
const MOST_KEPT_OCTETS = 1 << 18

export class BatchBuilder {
  #out = Buffer.allocUnsafe(FIRST_OCTETS)
  #length = 0
  #rows = new Uint32Array(MOST_IN_BATCH * ROW)
  count = 0
  /** The last RRset written, and its TTL there. */
  #rrset: readonly StoredAt[] | undefined
  #ttl = 0
  #bodyAt = 0
  #bodyOctets = 0

  get isFull(): boolean {
    return this.count === MOST_IN_BATCH || this.#length >= FULL_OCTETS
  }

  /** `rrset` in canonical order, the same array for all its signatures. At most four candidates. */
  add(rrsig: Rrsig, rrset: readonly StoredAt[], candidates: readonly ZoneKey[]): void {
    if (this.#rrset !== rrset || this.#ttl !== rrsig.originalTtl) this.#body(rrset, rrsig.originalTtl)
    const { data, at } = rrsig.record
    const headAt = this.#length
    const fixed = rdataStart(data, at)
    this.#room(rrsig.end - fixed)
    this.#copy(data, fixed, rrsig.signerAt)
    this.#fold(data, rrsig.signerAt, rrsig.signatureAt)
    const headOctets = this.#length - headAt
    this.#copy(data, rrsig.signatureAt, rrsig.end)
    const rows = this.#rows
    const row = this.count++ * ROW
    rows[row] = this.#bodyAt
    rows[row + 1] = this.#bodyOctets
    rows[row + 2] = headAt
    rows[row + 3] = headOctets
    rows[row + 4] = rrsig.end - rrsig.signatureAt
    let keys = 0
    for (let i = 3; i >= 0; i--) keys = (keys << 8) | (candidates[i]?.index ?? NO_KEY)
    rows[row + 5] = keys
  }

  #body(rrset: readonly StoredAt[], ttl: number): void {
    this.#rrset = rrset
    this.#ttl = ttl
    this.#bodyAt = this.#length
    for (const record of rrset) this.#record(record, ttl)
    this.#bodyOctets = this.#length - this.#bodyAt
  }

  /** A copy of everything added. */
  take(): SignatureBatch {
    const batch = {
      octets: new Uint8Array(this.#out.subarray(0, this.#length)),
      rows: this.#rows.slice(0, this.count * ROW),
      count: this.count,
    }
    if (this.#out.length > MOST_KEPT_OCTETS) this.#out = Buffer.allocUnsafe(FIRST_OCTETS)
    this.#length = 0
    this.count = 0
    this.#rrset = undefined
    return batch
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
