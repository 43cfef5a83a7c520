/** NSEC3 records (RFC 5155 §3) and the hashed names that own them. Not here: the hashing (compute.ts). */
import { rdataLength, rdataStart, STORED_HEAD } from '../../dns/record.js'
import type { StoredAt } from '../../names/name-changes.js'

/** The only defined hash algorithm (RFC 5155 §11). */
const SHA1 = 1
export const HASH_OCTETS = 20
/** Characters of a hash as a label. */
const LABEL_OCTETS = 32

export interface Nsec3Parameters {
  iterations: number
  salt: Buffer
}

/** In the form of ZoneFigures. */
export const parametersText = ({ iterations, salt }: Nsec3Parameters): string =>
  `nsec3 ${iterations} ${salt.toString('hex') || '-'}`

export function parametersOfText(text: string): Nsec3Parameters | undefined {
  const match = /^nsec3 (\d+) ([0-9a-f]+|-)$/.exec(text)
  return match === null ? undefined : { iterations: Number(match[1]), salt: Buffer.from(match[2]!.replace('-', ''), 'hex') }
}

/** Parameters of an NSEC3 or NSEC3PARAM record (RFC 5155 §3.2, §4.2); undefined for an unknown hash algorithm. */
export function parametersOf({ data, at }: StoredAt): Nsec3Parameters | undefined {
  const o = rdataStart(data, at)
  if (data[o] !== SHA1) return undefined
  return { iterations: data.readUInt16BE(o + 2), salt: data.subarray(o + 5, o + 5 + data[o + 4]!) }
}

export function hasParameters({ data, at }: StoredAt, { iterations, salt }: Nsec3Parameters): boolean {
  const o = rdataStart(data, at)
  return (
    data[o] === SHA1 &&
    data.readUInt16BE(o + 2) === iterations &&
    data[o + 4] === salt.length &&
    data.subarray(o + 5, o + 5 + salt.length).equals(salt)
  )
}

export const isOptOut = ({ data, at }: StoredAt): boolean => (data[rdataStart(data, at) + 1]! & 1) === 1

export function nextHashOf({ data, at }: StoredAt): Buffer {
  const o = rdataStart(data, at) + 5
  const next = o + data[o - 1]!
  return data.subarray(next + 1, next + 1 + data[next]!)
}

export function nsec3BitmapOf({ data, at }: StoredAt): Buffer {
  const start = rdataStart(data, at)
  const next = start + 5 + data[start + 4]!
  return data.subarray(next + 1 + data[next]!, start + rdataLength(data, at))
}

const DIGITS = '0123456789abcdefghijklmnopqrstuv'

/** Key of the owner of the NSEC3 record with this hash (RFC 5155 §3, base 32 with extended hex alphabet). */
export function hashKey(digest: Uint8Array, apex: string): string {
  let label = ''
  let bits = 0
  let value = 0
  for (const octet of digest) {
    value = ((value << 8) | octet) & 0x1fff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      label += DIGITS[(value >>> bits) & 31]
    }
  }
  return `${String.fromCharCode(label.length)}${label}${apex}`
}

/** The hash in an owner's first label; undefined when the label is not a hash. */
export function hashOfOwner(data: Buffer, at: number): Buffer | undefined {
  const o = at + STORED_HEAD
  if (data[o] !== LABEL_OCTETS) return undefined
  const digest = Buffer.allocUnsafe(HASH_OCTETS)
  let bits = 0
  let value = 0
  let w = 0
  for (let i = o + 1; i <= o + LABEL_OCTETS; i++) {
    const c = data[i]!
    const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x76 ? (c | 0x20) - 0x57 : -1
    if (digit < 0) return undefined
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      digest[w++] = (value >>> bits) & 255
    }
  }
  return digest
}
