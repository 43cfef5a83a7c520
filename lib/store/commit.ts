/** Decisions and computations about contents before they become a version. */
import type { Serial } from '../dns/serial.js'
import { pause } from '../runtime/turns.js'
import type { ChecksOutcome } from '../rollout/record.js'
import { compareContents, isRespelled } from '../zone/compare.js'
import type { Difference } from '../zone/difference.js'
import { ZoneError } from '../zone/errors.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { StoreError } from './errors.js'
import type { Progress, VersionHead } from './journal-heads.js'
import type { Version } from './version.js'

/** Source of a version, and the decisions before its commit. Times are milliseconds since 1970. */
export interface Provenance extends Progress {
  seenAt: number
  committedAt: number
  from: string
  checks?: ChecksOutcome
}

/**
 * Judges complete contents before the commit; an error thrown here prevents the commit. `change` leads to the contents from the
 * newest version, and is undefined when it is not known. Large contents are written meanwhile: orders until `written` still
 * count.
 */
export type Judge = (
  contents: ZoneContents,
  change: readonly Difference[] | undefined,
  written: Promise<void>,
) => Promise<Provenance>

/** More serials between two versions are not remembered: a node with one of those serials gets an AXFR. */
const MOST_STEPS = 256

export function headOf(
  contents: ZoneContents,
  provenance: Provenance,
  kind: 'axfr' | 'ixfr',
  differences: readonly Difference[],
  kept: readonly Version[],
): VersionHead {
  const { serial } = contents.soa
  const before = kept.at(-1)
  const isTorn = kept.some((other) => other.serial === serial && other.digest !== contents.digest)
  return {
    entry: 'version',
    serial,
    digest: contents.digest,
    records: contents.records,
    octets: contents.octets,
    soa: contents.soa.stored.toString('base64'),
    ...provenance,
    kind,
    differences: differences.length,
    ...(isTorn ? { torn: true as const } : {}),
    ...(contents.copied === undefined ? {} : { copies: true as const }),
    ...(differences.length > 1 && differences.length <= MOST_STEPS
      ? { steps: differences.slice(1).map(({ from }) => from) }
      : {}),
    ...(before && before.confirmed.size > 0 ? { confirmedBefore: before.confirmed.toJSON() } : {}),
  }
}

/** A difference to contents that are so many times as large costs nodes hardly less than an AXFR. */
const FAR_LARGER = 8
/** Differences to smaller contents cost nothing. */
const LARGE_OCTETS = 1 << 20

/** The difference between them is nearly the whole of large contents. */
export const isFarLarger = ({ octets }: ZoneContents, than: { octets: number }): boolean =>
  octets > LARGE_OCTETS && octets > FAR_LARGER * than.octets

/** The change from older to newer contents; undefined when it is as large as the newer contents, or nearly so. */
export const changeBetween = async (older: ZoneContents, newer: ZoneContents): Promise<Difference | undefined> =>
  isFarLarger(newer, older) ? undefined : await compareContents(older, newer, newer.octets, pause)

/** True when a change leads from older to newer contents octet by octet. */
export const isToTheLetter = async (older: ZoneContents, newer: ZoneContents): Promise<boolean> =>
  !(await isRespelled(older, newer, pause))

/** Verifies that a version replaces the one that it was built on, or none. Throws StoreError STORE_MOVED_ON. */
export function expectNewest(zone: string, current: Version | undefined, replacing: Version | undefined): void {
  if (current?.serial === replacing?.serial && current?.digest === replacing?.digest) return
  throw movedOn(zone, replacing?.serial, current?.serial)
}

/**
 * As expectNewest, for differences: one may remove one of several copies of a record. Throws ZoneError ZONE_TTL_IN_DOUBT as well.
 */
export function expectBase(zone: string, current: Version | undefined, replacing: Version): void {
  expectNewest(zone, current, replacing)
  const { serial, hasCopies } = replacing
  if (!hasCopies) return
  throw new ZoneError(
    { code: 'ZONE_TTL_IN_DOUBT', record: zone },
    `${zone} has a record with several TTLs in serial ${serial}, so no difference can be applied to it`,
  )
}

export const movedOn = (zone: string, expected: Serial | undefined, current: Serial | undefined): StoreError =>
  new StoreError({ code: 'STORE_MOVED_ON', zone, expected, held: current }, `${zone} moved on to serial ${current} meanwhile`)

export const unknownVersion = (zone: string, serial: Serial): StoreError =>
  new StoreError({ code: 'STORE_UNKNOWN_VERSION', zone, serial }, `${zone} has no kept version with serial ${serial}`)

export const storeClosed = (zone: string): StoreError =>
  new StoreError({ code: 'STORE_CLOSED', zone }, `${zone} cannot be written: the hub is shutting down`)
