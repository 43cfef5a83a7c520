/** DNSKEY RDATA (RFC 4034 §2) → a key that verifies, by algorithm. Keys above the limits are refused before import. */
import { createPublicKey, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto'
import { grouped } from '../findings.js'
import { bitsOf, MOST_EXPONENT_BITS, MOST_MODULUS_BITS } from './limits.js'

interface AlgorithmRow {
  name: string
  /** Null: the algorithm has its own digest. */
  digest: string | null
  import: (key: Buffer) => KeyObject
}

export interface ImportedKey {
  digest: string | null
  verifier: VerifyKeyObjectInput
}

const base64url = (octets: Buffer): string => octets.toString('base64url')

/** RFC 3110 §2: the length of the exponent in one octet, or zero and two more; exponent; modulus. */
function rsaNumbers(key: Buffer): { exponent: Buffer; modulus: Buffer } {
  const isLong = key[0] === 0
  const exponentAt = isLong ? 3 : 1
  const modulusAt = exponentAt + (isLong ? key.readUInt16BE(1) : key[0]!)
  if (modulusAt >= key.length) throw new RangeError('the modulus is missing')
  return { exponent: key.subarray(exponentAt, modulusAt), modulus: key.subarray(modulusAt) }
}

function importRsa(key: Buffer): KeyObject {
  const { exponent, modulus } = rsaNumbers(key)
  return createPublicKey({ key: { kty: 'RSA', e: base64url(exponent), n: base64url(modulus) }, format: 'jwk' })
}

/** RFC 6605 §4: the two coordinates. */
const importEc =
  (crv: string, octets: number) =>
  (key: Buffer): KeyObject => {
    if (key.length !== octets * 2) throw new RangeError(`${key.length} octets instead of ${octets * 2}`)
    const jwk = { kty: 'EC', crv, x: base64url(key.subarray(0, octets)), y: base64url(key.subarray(octets)) }
    return createPublicKey({ key: jwk, format: 'jwk' })
  }

/** RFC 8080 §3. */
const importEd =
  (crv: string) =>
  (key: Buffer): KeyObject =>
    createPublicKey({ key: { kty: 'OKP', crv, x: base64url(key) }, format: 'jwk' })

/** Algorithms of RFC 8624 §3.1 that are in use and not broken. */
const ALGORITHMS: Readonly<Record<number, AlgorithmRow>> = {
  8: { name: 'RSASHA256', digest: 'sha256', import: importRsa },
  10: { name: 'RSASHA512', digest: 'sha512', import: importRsa },
  13: { name: 'ECDSAP256SHA256', digest: 'sha256', import: importEc('P-256', 32) },
  14: { name: 'ECDSAP384SHA384', digest: 'sha384', import: importEc('P-384', 48) },
  15: { name: 'ED25519', digest: null, import: importEd('Ed25519') },
  16: { name: 'ED448', digest: null, import: importEd('Ed448') },
}

/** Undefined for an algorithm that this program does not verify. */
export const algorithmName = (algorithm: number): string | undefined => ALGORITHMS[algorithm]?.name

/** Reason to refuse a key: verification time grows with the exponent, and with at least the square of the modulus. */
export function excessOf(rdata: Buffer): string | undefined {
  if (ALGORITHMS[rdata[3]!]?.import !== importRsa) return undefined
  const { exponent, modulus } = rsaNumbers(rdata.subarray(4))
  if (bitsOf(exponent) > MOST_EXPONENT_BITS) return `an RSA exponent of more than ${MOST_EXPONENT_BITS} bits`
  return bitsOf(modulus) > MOST_MODULUS_BITS ? `an RSA modulus of more than ${grouped(MOST_MODULUS_BITS)} bits` : undefined
}

/** Throws for octets that are not a key of the algorithm, and for an unknown algorithm. */
export function importKey(rdata: Buffer): ImportedKey {
  const row = ALGORITHMS[rdata[3]!]
  if (row === undefined) throw new RangeError(`algorithm ${rdata[3]} is not verified here`)
  return { digest: row.digest, verifier: { key: row.import(rdata.subarray(4)), dsaEncoding: 'ieee-p1363' } }
}
