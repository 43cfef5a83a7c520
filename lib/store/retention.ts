/** Decides which versions of a zone are kept, and when a removal of the others pays. Pure. */
import type { Serial } from '../dns/serial.js'
import type { LoggedVersion } from './logged-version.js'

export interface KeepRule {
  versions: number
  /** Octets of the differences between them. */
  octets: number
  /** Versions committed since are kept as well; milliseconds since 1970. */
  since: number
  /** Serials that some node serves. */
  inUse: ReadonlySet<Serial>
}

/** At these sizes the journal is cut: rows beyond the kept ones, or octets relative to the size of the zone. */
const SPARE_ROWS = 480
const JOURNAL_FLOOR_OCTETS = 1 << 20
/** Share of dead records in memory at which contents are read back from disk. */
export const MAX_WASTE = 0.4

type Row = Pick<LoggedVersion, 'version' | 'snapshot'> & { place: { differencesOctets: number } }

/** Index of the oldest row to keep. The last released version and those that a node serves are kept at any cost. */
export function firstKept(rows: readonly Row[], rule: KeepRule): number {
  let first = rows.length
  const isWanted = (index: number): boolean =>
    rows.length - index <= rule.versions || rows[index]!.version.committedAt >= rule.since
  for (let octets = 0; first > 0 && isWanted(first - 1); first--) {
    // A kept version needs the difference that leads on from it.
    if (first < rows.length) octets += rows[first]!.place.differencesOctets
    if (octets > rule.octets) break
  }
  const inUse = rows.findIndex((row) => rule.inUse.has(row.version.serial))
  if (inUse >= 0) first = Math.min(first, inUse)
  const released = rows.findLastIndex((row) => row.version.releasedAt !== undefined)
  return released >= 0 ? Math.min(first, released) : first
}

/** `journalOctets` and `waste` (0 to 1): the possible savings. */
export function isDueForTidying(rows: readonly Row[], journalOctets: number, waste: number, rule: KeepRule): boolean {
  const first = firstKept(rows, rule)
  if (first === 0) return false
  const newest = rows.findLast((row) => row.snapshot !== undefined)
  const zoneOctets = newest?.version.octets ?? 0
  const isLarge = journalOctets > Math.max(JOURNAL_FLOOR_OCTETS, zoneOctets / 2)
  let contentsOctets = 0
  for (const row of rows.slice(0, first)) if (row.snapshot !== undefined) contentsOctets += row.version.octets
  const areMany = contentsOctets > Math.max(JOURNAL_FLOOR_OCTETS, zoneOctets)
  return isLarge || areMany || rows.length > rule.versions + SPARE_ROWS || waste > MAX_WASTE
}
