/**
 * Compares the content that a primary serves under one serial with the current version: by the difference from a version that the
 * primary had, in time proportional to the change; by SOA, RRSIG and ZONEMD; by AXFR otherwise.
 */
import { pause } from '../runtime/turns.js'
import { soaOf } from '../dns/message.js'
import type { Serial } from '../dns/serial.js'
import type { FleetZone, Primary } from '../fleet/fleet.js'
import type { SnapshotDraft } from '../store/snapshot-draft.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import { condense, type Difference } from '../zone/difference.js'
import { sameRecord } from '../zone/record-hash.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { type RecordRun, recordsIn } from '../zone/record-run.js'
import { storedTtl } from '../dns/record.js'
import type { Querier } from '../transport/querier.js'
import { hasSameApex } from './compare-apex.js'
import type { TransferClient, Transferred } from '../transfer/transfer-client.js'
import { limitsFor, type TransferLimits } from '../transfer/transfer-limits.js'

/** The content to compare with, and its difference from the previous version. */
export interface Reference {
  serial: Serial
  digest: string
  /** A version that the primary had; undefined when none is known. */
  base: Version | undefined
  change: readonly Difference[] | undefined
  contents: () => Promise<ZoneContents>
  /** Its ZONEMD was verified, so that an equal one proves equal contents. */
  isZonemdVerified: boolean
}

export type Comparison =
  | { kind: 'same' }
  /** A caller that does not keep the draft must discard it. */
  | { kind: 'differs'; draft: SnapshotDraft }
  /** The primary serves another serial now, or cannot be queried. */
  | { kind: 'unknown'; why: string }

/** Throws the errors of the transfer, and the reason of `signal`. */
export async function comparePrimary(
  zone: FleetZone,
  stored: StoredZone,
  primary: Primary,
  reference: Reference,
  client: TransferClient,
  querier: Pick<Querier, 'ask'>,
  limits: TransferLimits,
  signal: AbortSignal,
): Promise<Comparison> {
  const ask = async (current: Version | undefined): Promise<Transferred> => {
    signal.throwIfAborted()
    return await client.transfer(primary, {
      apex: zone.apex,
      held: current && soaOf(current.soa),
      limits: limitsFor(limits, zone.limits, current),
      startDraft: (contents) => stored.draft(contents),
      signal,
    })
  }
  const { base, change } = reference
  if (base && change) {
    const given = await ask(base).catch(() => undefined)
    if (
      given?.outcome.kind === 'incremental' &&
      isSameChange(await condense(change, pause), await condense(given.outcome.differences, pause))
    )
      return { kind: 'same' }
    if (given?.draft) return await judge(given.draft, reference)
  }
  if (reference.isZonemdVerified && (await hasSameApex(await reference.contents(), primary, querier))) return { kind: 'same' }
  const { draft, outcome } = await ask(undefined)
  return draft ? await judge(draft, reference) : { kind: 'unknown', why: `it answered ${outcome.kind}` }
}

async function judge(draft: SnapshotDraft, { serial, digest }: Reference): Promise<Comparison> {
  const { contents } = draft
  if (contents.soa.serial === serial && contents.digest !== digest) return { kind: 'differs', draft }
  await draft.discard()
  return contents.soa.serial === serial
    ? { kind: 'same' }
    : { kind: 'unknown', why: `it serves serial ${contents.soa.serial} now` }
}

/** Changes that differ here may still lead to the same contents: a primary may remove and add unchanged records. */
function isSameChange(ours: Difference, theirs: Difference): boolean {
  return (
    ours.to === theirs.to &&
    sameRecord(ours.toSoa, 0, theirs.toSoa, 0) &&
    isSameRun(ours.removed, theirs.removed) &&
    isSameRun(ours.added, theirs.added)
  )
}

function isSameRun(a: RecordRun, b: RecordRun): boolean {
  if (a.count !== b.count || a.data.length !== b.data.length) return false
  const left = sorted(a)
  const right = sorted(b)
  return left.every((record, i) => {
    const other = right[i]!
    return sameRecord(record, 0, other, 0) && storedTtl(record, 0) === storedTtl(other, 0)
  })
}

const sorted = (run: RecordRun): Buffer[] => {
  const starts = [...recordsIn(run)]
  return starts.map((at, i) => run.data.subarray(at, starts[i + 1] ?? run.data.length)).sort((x, y) => x.compare(y))
}
