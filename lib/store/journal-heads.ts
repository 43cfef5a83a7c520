/** What the entries of a zone's journal say: their heads, plain JSON. Not here: how they stand in the file (journal-file.ts). */
import type { ChecksOutcome, RolloutRecord, ZoneOrders } from '../rollout/record.js'

/** How far a version has got: what may change of it after its commit. */
export interface Progress {
  /** Released to every node. */
  releasedAt?: number
  /** Released to these nodes, at these times, while the rollout is under way. */
  releasedTo?: Record<string, number>
  rollout?: RolloutRecord
  /** Nodes whose own answer showed it, and when first. */
  confirmed?: Record<string, number>
  /** Primaries that are known to have served exactly this content, and when last. */
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
  /** What the checks said. */
  checks?: ChecksOutcome
  /** Who had confirmed the version before, until now: no write of its own for each node. */
  confirmedBefore?: Record<string, number>
  /** File of the whole contents, when this version has one of its own. */
  snapshot?: string
  /** Number of difference sequences from the version before; 0 when there is a gap. */
  differences: number
  /** Other content was kept under the same serial when it was committed. */
  torn?: true
  /** It came with a record that has several TTLs: no difference can be applied to it. */
  copies?: true
  /** Serials between the version before and this one, where several sequences lead from one to the other. */
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

/** Other content under the serial of the newest version, kept for people to choose from; the last entry counts. */
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

/** Not decided yet: what stands behind it is nobody's. */
export interface PreparedHead {
  entry: 'prepared'
}

/** What stands beside the versions. */
export type NoteHead = ProgressHead | OrdersHead | ConflictingHead

export type EntryHead = VersionHead | NoteHead
