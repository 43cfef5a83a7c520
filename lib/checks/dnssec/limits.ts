/**
 * Limits on the work of the check `dnssec` for one record. A record above a limit is a finding and costs no arithmetic: the owner
 * of the zone chooses these numbers, and each multiplies the work (KeyTrap, CVE-2023-50387, CVE-2023-50868). Not here: the budget
 * for a version (compute.ts).
 */
import { rdataLength } from '../../dns/record.js'
import { TYPE } from '../../dns/rrtype.js'
import type { Findings } from '../findings.js'
import type { StoredAt } from '../../names/name-changes.js'
import { type Nsec3Parameters, parametersOf, parametersText } from './nsec3-hash.js'

/** RFC 9276 §3.1 requires 0; resolvers treat zones above 100 as insecure or bogus (§3.2). */
const MOST_ITERATIONS = 100
/** The chain in use, and the one that a change of salt builds beside it. */
const MOST_CHAINS = 2
/** Keys that may have made one signature: those of its tag and algorithm. .de had 3 in 2026. */
export const MOST_CANDIDATES = 4
/** Signatures of one algorithm over one RRset: two keys in a rollover, of each of four signers (RFC 8901). */
export const MOST_SIGNATURES = 8
/** DNSKEY records that are read. */
export const MOST_KEYS = 32
/** RFC 3110 §2 allows 4,096 bits and more; validators refuse them above. */
export const MOST_EXPONENT_BITS = 64
export const MOST_MODULUS_BITS = 4096
/** Records at one name that are checked. */
export const MOST_AT_NAME = 1 << 16

/** Octets of a DNS message (RFC 1035 §4.2.2). */
const MESSAGE_OCTETS = 65_535
/** Octets of a record: a pointer for its owner, type, class, TTL and RDLENGTH. */
const RECORD_OCTETS = 12
/** Types whose RDATA may be compressed to little more than pointers (RFC 3597 §4). */
const COMPRESSIBLE: ReadonlySet<number> = new Set([TYPE.NS, TYPE.CNAME, TYPE.SOA, TYPE.PTR, TYPE.MX])
const LEAST_COMPRESSED = 2

/** An RRset that fits no message reaches no resolver, so it is neither sorted nor hashed. */
export function fitsMessage(rrset: readonly StoredAt[]): boolean {
  let octets = 0
  for (const { data, at, type } of rrset)
    octets += RECORD_OCTETS + (COMPRESSIBLE.has(type) ? LEAST_COMPRESSED : rdataLength(data, at))
  return octets <= MESSAGE_OCTETS
}

/** Significant bits of an unsigned number, the highest octet first. */
export function bitsOf(octets: Uint8Array): number {
  let i = 0
  while (i < octets.length && octets[i] === 0) i += 1
  return i === octets.length ? 0 : (octets.length - i) * 8 - (Math.clz32(octets[i]!) - 24)
}

/** The parameters with which names are hashed; empty when there are more chains than allowed. */
export function withinLimits(parameters: readonly Nsec3Parameters[]): readonly Nsec3Parameters[] {
  return parameters.length > MOST_CHAINS ? [] : parameters.filter(({ iterations }) => iterations <= MOST_ITERATIONS)
}

/** Reports the NSEC3PARAM records at the apex that are above the limits. */
export function judgeParameters(apexRecords: readonly StoredAt[], findings: Findings): void {
  const chains = new Set<string>()
  for (const record of apexRecords) {
    const parameters = record.type === TYPE.NSEC3PARAM ? parametersOf(record) : undefined
    if (parameters === undefined || chains.has(parametersText(parameters))) continue
    const { data, at } = record
    if (parameters.iterations > MOST_ITERATIONS)
      findings.addRecord(
        'hold',
        `An NSEC3PARAM record has more than ${MOST_ITERATIONS} iterations; its chain was not hashed (RFC 9276 §3.1, CVE-2023-50868)`,
        data,
        at,
      )
    chains.add(parametersText(parameters))
    if (chains.size === MOST_CHAINS + 1)
      findings.addRecord(
        'hold',
        `The apex has more than ${MOST_CHAINS} NSEC3 chains; none was hashed (RFC 5155 §7.3, CVE-2023-50868)`,
        data,
        at,
      )
  }
}
