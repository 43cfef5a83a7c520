/** The fields of an RRSIG record (RFC 4034 §3.1). */
import { rdataLength, rdataStart } from '../../dns/record.js'
import type { StoredAt } from '../../names/name-changes.js'

/** Octets of an RRSIG's RDATA in front of the signer's name (RFC 4034 §3.1). */
const RRSIG_FIXED = 18

export class Rrsig {
  readonly record: StoredAt
  readonly covered: number
  readonly algorithm: number
  readonly labels: number
  readonly originalTtl: number
  /** Seconds since 1970, modulo 2³². */
  readonly expiration: number
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
    this.expiration = data.readUInt32BE(o + 8)
    this.inception = data.readUInt32BE(o + 12)
    this.tag = data.readUInt16BE(o + 16)
    this.signerAt = o + RRSIG_FIXED
    let end = this.signerAt
    while (data[end] !== 0) end += 1 + data[end]!
    this.signatureAt = end + 1
    this.end = o + rdataLength(data, at)
  }
}
