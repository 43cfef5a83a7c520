/** The heads of the entries in a zone's journal, plain JSON. Not here: their place in the file (journal-file.ts). */
import type { ChecksOutcome, RolloutRecord, ZoneOrders } from '../rollout/record.js'

/** Progress of a version: the facts that may change after its commit. */
export interface Progress {
  /** Released to every node. */
  releasedAt?: number
  /** Released to these nodes, at these times, while the rollout is under way. */
  releasedTo?: Record<string, number>
  rollout?: RolloutRecord
  /** Nodes whose own answer showed it, and the time of the first. */
  confirmed?: Record<string, number>
  /** Primaries that served exactly this content, and the time of the last answer. */
  sources?: Record<string, number>
}

export interface VersionHead extends Progress {
  entry: 'version'
  serial: number
  digest: string
  records: number
  octets: number
  soa: string
  seenAt: number
  committedAt: number
  from: string
  kind: 'axfr' | 'ixfr'
  /** Result of the checks. */
  checks?: ChecksOutcome
  /** Nodes that had confirmed the previous version until now: saves a write for each node. */
  confirmedBefore?: Record<string, number>
  /** File of the complete contents, when this version has one. */
  snapshot?: string
  /** Number of difference sequences from the previous version; 0 when there is a gap. */
  differences: number
  /** Other content was kept under the same serial when it was committed. */
  torn?: true
  /** The version came with a record that has several TTLs: no difference can be applied to it. */
  copies?: true
  /** Serials between the previous version and this one, when several sequences lead from one to the other. */
  steps?: number[]
}

export interface ProgressHead extends Progress {
  entry: 'progress'
  serial: number
  digest: string
}

/** The last one counts. */
export interface OrdersHead {
  entry: 'orders'
  orders: ZoneOrders
}

/**
 * Conflicting version: other content under the serial of the newest version, for operators to choose from; the last entry counts.
 */
export interface ConflictingVersion {
  serial: number
  digest: string
  records: number
  /** The primary that serves it. */
  from: string
  seenAt: number
}

export interface ConflictingHead {
  entry: 'rivals'
  rivals: ConflictingVersion[]
}

/** Not decided yet: the octets behind it belong to no version. */
export interface PreparedHead {
  entry: 'prepared'
}

/** Entries beside the versions. */
export type NoteHead = ProgressHead | OrdersHead | ConflictingHead

export type EntryHead = VersionHead | NoteHead
