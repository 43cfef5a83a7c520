/** Trust anchors of a zone: DS or DNSKEY records that the parent, or an operator, vouches for (RFC 4035 §5.2). */
import { createHash } from 'node:crypto'
import { parseRecord } from '../../dns/record-words.js'
import { TYPE } from '../../dns/rrtype.js'
import { keyOctets, nameKey } from '../../names/name-key.js'
import type { ZoneKey } from './zone-keys.js'

/** Digest types (RFC 4034 A.2, RFC 4509, RFC 6605). */
const DIGESTS: Readonly<Record<number, string>> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' }

export interface Anchor {
  type: number
  rdata: Buffer
}

/** Anchors of the zone among the texts. Throws WireError for a text that is not a record. */
export function anchorsOf(texts: readonly string[], apex: string): Anchor[] {
  return texts.flatMap((text) => {
    const { owner, type, rdata } = parseRecord(text)
    return rdata !== undefined && nameKey(owner, 0, owner.length) === apex ? [{ type, rdata }] : []
  })
}

export function fitsAnchor({ type, rdata }: Anchor, key: ZoneKey, apex: string): boolean {
  if (type === TYPE.DNSKEY) return rdata.equals(key.rdata)
  const digest = DIGESTS[rdata[3]!]
  if (digest === undefined || rdata.readUInt16BE(0) !== key.tag || rdata[2] !== key.algorithm) return false
  return createHash(digest).update(keyOctets(apex)).update(key.rdata).digest().equals(rdata.subarray(4))
}
