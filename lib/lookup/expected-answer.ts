/** The answer that a name server gives from a zone (RFC 1034 §4.3.2, RFC 4592, RFC 6672 §3.2). Pure. */
import { rdataStart, STORED_HEAD, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { namesBetween } from '../names/name-key.js'
import { wildcardOf, type ZoneSlice } from './zone-slice.js'

/** RRsets of one owner, and their signatures. */
interface Data {
  /** Key of the owner in the answer. */
  owner: string
  records: readonly Buffer[]
  signatures: readonly Buffer[]
}

/**
 * `rrset`: of the type asked for · `alias`: a CNAME in its place · `redirection`: a DNAME above the name · `referral`: the name
 * servers of a delegation · `nothing`: the name exists without the type, or does not exist · `unknown`: servers may differ.
 */
export type Expected =
  | ({ is: 'rrset' | 'alias' | 'redirection' | 'referral'; type: number } & Data)
  | { is: 'nothing'; exists: boolean }
  | { is: 'unknown' }

export function expectedAnswer(zone: ZoneSlice, name: string, type: number): Expected {
  for (const above of fromTheTop(name, zone.apex)) {
    if (zone.isCut(above)) return { is: 'unknown' }
    const isParentSide = above === name && type === TYPE.DS
    if (above !== zone.apex && has(zone, above, TYPE.NS) && !isParentSide)
      return { is: 'referral', type: TYPE.NS, ...dataAt(zone, above, TYPE.NS, above) }
    if (above !== name && has(zone, above, TYPE.DNAME))
      return { is: 'redirection', type: TYPE.DNAME, ...dataAt(zone, above, TYPE.DNAME, above) }
  }
  if (zone.exists(name)) return atName(zone, name, type, name)
  const encloser = [...namesBetween(name, zone.apex)].find((above) => zone.exists(above)) ?? zone.apex
  const wildcard = wildcardOf(encloser)
  if (!zone.exists(wildcard)) return { is: 'nothing', exists: false }
  // RFC 4592 §4.2 and §4.4: not defined.
  if (zone.isCut(wildcard) || has(zone, wildcard, TYPE.NS) || has(zone, wildcard, TYPE.DNAME)) return { is: 'unknown' }
  return atName(zone, wildcard, type, name)
}

/** The answer from the records of `source`, the name itself or a wildcard. */
function atName(zone: ZoneSlice, source: string, type: number, owner: string): Expected {
  if (has(zone, source, TYPE.CNAME) && type !== TYPE.CNAME)
    return { is: 'alias', type: TYPE.CNAME, ...dataAt(zone, source, TYPE.CNAME, owner) }
  if (has(zone, source, type)) return { is: 'rrset', type, ...dataAt(zone, source, type, owner) }
  return { is: 'nothing', exists: true }
}

function* fromTheTop(name: string, apex: string): Generator<string> {
  yield apex
  if (name === apex) return
  for (const above of [...namesBetween(name, apex)].reverse()) yield above
  yield name
}

const has = (zone: ZoneSlice, key: string, type: number): boolean => zone.at(key).some((record) => storedType(record, 0) === type)

const dataAt = (zone: ZoneSlice, source: string, type: number, owner: string): Data => {
  const under = (record: Buffer): Buffer => (owner === source ? record : withOwner(record, owner))
  return {
    owner,
    records: zone
      .at(source)
      .filter((record) => storedType(record, 0) === type)
      .map(under),
    signatures: zone
      .at(source)
      .filter((record) => coveredType(record) === type)
      .map(under),
  }
}

/** The type that a signature covers (RFC 4034 §3.1.1); undefined for other records. */
export const coveredType = (record: Buffer, at = 0): number | undefined =>
  storedType(record, at) === TYPE.RRSIG ? record.readUInt16BE(rdataStart(record, at)) : undefined

/** The record under another owner, as a wildcard synthesizes it. */
function withOwner(record: Buffer, owner: string): Buffer {
  const name = Buffer.from(owner, 'latin1')
  return Buffer.concat([Buffer.from([name.length, 0]), name, record.subarray(STORED_HEAD + record[0]!)])
}
