/**
 * The DNSKEY records of a zone (RFC 4034 §2) as keys that verify. Key tags are no identity: several keys may have the same one
 * (.ru 2024, .de 2026), and a signature is good when any of those verifies it (RFC 4035 §5.3.1).
 */
import { createPublicKey, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto'
import { rdataLength, rdataStart } from '../../dns/record.js'
import { TYPE } from '../../dns/rrtype.js'
import type { Findings } from '../findings.js'
import type { StoredAt } from '../name-changes.js'

interface AlgorithmRow {
  name: string
  /** Undefined: the algorithm has its own. */
  digest: string | null
  import: (key: Buffer) => KeyObject
}

const base64url = (octets: Buffer): string => octets.toString('base64url')

/** RFC 3110 §2: the length of the exponent in one octet, or zero and two more; exponent; modulus. */
function importRsa(key: Buffer): KeyObject {
  const isLong = key[0] === 0
  const exponentAt = isLong ? 3 : 1
  const modulusAt = exponentAt + (isLong ? key.readUInt16BE(1) : key[0]!)
  if (modulusAt >= key.length) throw new RangeError('the modulus is missing')
  const jwk = { kty: 'RSA', e: base64url(key.subarray(exponentAt, modulusAt)), n: base64url(key.subarray(modulusAt)) }
  return createPublicKey({ key: jwk, format: 'jwk' })
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

/** Those of RFC 8624 §3.1 that are in use and not broken. */
const ALGORITHMS: Readonly<Record<number, AlgorithmRow>> = {
  8: { name: 'RSASHA256', digest: 'sha256', import: importRsa },
  10: { name: 'RSASHA512', digest: 'sha512', import: importRsa },
  13: { name: 'ECDSAP256SHA256', digest: 'sha256', import: importEc('P-256', 32) },
  14: { name: 'ECDSAP384SHA384', digest: 'sha384', import: importEc('P-384', 48) },
  15: { name: 'ED25519', digest: null, import: importEd('Ed25519') },
  16: { name: 'ED448', digest: null, import: importEd('Ed448') },
}

export const isKnownAlgorithm = (algorithm: number): boolean => ALGORITHMS[algorithm] !== undefined

export interface ZoneKey {
  record: StoredAt
  rdata: Buffer
  tag: number
  algorithm: number
  digest: string | null
  verifier: VerifyKeyObjectInput
  /** RFC 5011 §2.1: it signs nothing any more but the DNSKEY RRset. */
  isRevoked: boolean
}

/** RFC 4034 Appendix B. */
export function keyTag(rdata: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < rdata.length; i++) sum += i & 1 ? rdata[i]! : rdata[i]! << 8
  return (sum + ((sum >>> 16) & 0xffff)) & 0xffff
}

const ZONE_KEY = 0x0100
const REVOKED = 0x0080

export class ZoneKeys {
  readonly keys: ZoneKey[] = []
  /** Of the keys that sign the zone, known here or not. */
  readonly algorithms = new Set<number>()
  readonly isSigned: boolean

  constructor(apexRecords: readonly StoredAt[], findings: Findings) {
    const records = apexRecords.filter(({ type }) => type === TYPE.DNSKEY)
    this.isSigned = records.length > 0
    for (const record of records) this.#read(record, findings)
  }

  #read(record: StoredAt, findings: Findings): void {
    const { data, at } = record
    const start = rdataStart(data, at)
    const rdata = data.subarray(start, start + rdataLength(data, at))
    const flags = rdata.readUInt16BE(0)
    const algorithm = rdata[3]!
    // RFC 4034 §2.1.1, §2.1.2: other keys verify nothing.
    if ((flags & ZONE_KEY) === 0 || rdata[2] !== 3) return
    const isRevoked = (flags & REVOKED) !== 0
    if (!isRevoked) this.algorithms.add(algorithm)
    const row = ALGORITHMS[algorithm]
    if (row === undefined) {
      findings.addRecord('warn', 'A DNSKEY has an algorithm that is not verified here', data, at)
      return
    }
    try {
      const verifier = { key: row.import(rdata.subarray(4)), dsaEncoding: 'ieee-p1363' as const }
      this.keys.push({ record, rdata, tag: keyTag(rdata), algorithm, digest: row.digest, verifier, isRevoked })
    } catch {
      findings.addRecord('hold', `A DNSKEY record holds no ${row.name} key`, data, at)
    }
  }

  /** All that a signature may be made with. */
  candidates(tag: number, algorithm: number, covered: number): readonly ZoneKey[] {
    return this.keys.filter(
      (key) => key.tag === tag && key.algorithm === algorithm && (!key.isRevoked || covered === TYPE.DNSKEY),
    )
  }
}
