/**
 * Compares a server's content with the current one by three RRsets of the apex: SOA, its signatures, and ZONEMD, a digest of all
 * records (RFC 8976 §1.3). Costs two questions instead of a transfer, and proves nothing for a zone without ZONEMD.
 */
import { collectNames } from '../names/collect-names.js'
import { nameKey } from '../names/name-key.js'
import { rdataStart, storedLength, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { pause } from '../runtime/turns.js'
import type { ChecksOutcome } from '../rollout/record.js'
import type { Remote } from '../fleet/remote.js'
import type { Querier, QueryManner } from '../transport/querier.js'
import { sameRecord } from '../zone/record-hash.js'
import type { ZoneContents } from '../zone/zone-contents.js'

/** The check found that the version's ZONEMD is the digest of its records: only then it represents them. */
export const isZonemdVerified = (checks: ChecksOutcome | undefined): boolean =>
  checks?.reports.some(({ check, verdict }) => check === 'zonemd' && verdict === 'pass') ?? false

/**
 * True when the contents, whose ZONEMD must be verified, are known to be equal; false when they differ or the answer is
 * inconclusive. The question is signed with the key of the server. Never throws.
 */
export async function hasSameApex(contents: ZoneContents, remote: Remote, querier: Pick<Querier, 'ask'>): Promise<boolean> {
  if (contents.apexZonemds === 0) return false
  try {
    const ours = await apexOf(contents)
    const dnssec = ours.some(isSoaSignature)
    const manner: QueryManner = { port: remote.key === undefined ? 'fresh' : 'shared' }
    const ask = async (type: number) => (await querier.ask(remote, { name: contents.apex, type, dnssec }, manner)).answer
    const [soa, zonemd] = [await ask(TYPE.SOA), await ask(TYPE.ZONEMD)]
    return (
      [isType(TYPE.SOA), isSoaSignature].every((wanted) => sameSet(soa.filter(wanted), ours.filter(wanted))) &&
      sameSet(zonemd.filter(isType(TYPE.ZONEMD)), ours.filter(isType(TYPE.ZONEMD)))
    )
  } catch {
    return false
  }
}

/** Copies of the records of the apex; the walk does not have the SOA. */
async function apexOf(contents: ZoneContents): Promise<Buffer[]> {
  const apex = nameKey(contents.apex, 0, contents.apex.length)
  const none: ReadonlySet<string> = new Set()
  const view = contents.view()
  try {
    const { byName } = await collectNames(view, contents.apex, { names: new Set([apex]), below: none, targets: none }, 0, pause)
    const records = (byName.get(apex) ?? []).map(({ data, at }) => Buffer.from(data.subarray(at, at + storedLength(data, at))))
    return [contents.soa.stored, ...records.filter((record) => !isType(TYPE.SOA)(record))]
  } finally {
    view.release()
  }
}

const isType =
  (type: number) =>
  (record: Buffer): boolean =>
    storedType(record, 0) === type

/** RRSIG whose type covered is SOA (RFC 4034 §3.1.1). */
const isSoaSignature = (record: Buffer): boolean =>
  storedType(record, 0) === TYPE.RRSIG && record.readUInt16BE(rdataStart(record, 0)) === TYPE.SOA

const sameSet = (a: readonly Buffer[], b: readonly Buffer[]): boolean =>
  a.length === b.length && a.every((record) => b.some((other) => sameRecord(record, 0, other, 0)))
