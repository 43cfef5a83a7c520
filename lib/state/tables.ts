/**
 * The shared state of all roles and hubs, as tables of small values. Times are milliseconds since 1970. Each value has one writer
 * role and `at`, the time of the write: of two values for one key the later one counts.
 */
import type { Serial } from '../dns/serial.js'
import type { ZoneOrders } from '../rollout/record.js'
import type { SharedRollout } from '../rollout/shared.js'
import type { ForceCell } from './force-cell.js'
import type { StandingDifference, VerdictCell } from './verdict-cell.js'
import type { CallerCell, KeyUseCell } from './use-cells.js'
import type { ReleaseMark, RolloutMark, VersionTrail } from './version-marks.js'

/** Written by the worker, one per zone and hub. */
export interface ZoneCell {
  at: number
  /** `signedUntil`: seconds since 1970 when the first of its signatures expires, as the check `dnssec` found it. */
  released: (ReleaseMark & { records: number; octets: number; signedUntil?: number | undefined }) | undefined
  /** Releases to every node. Newest last; for lag. */
  releases: ReleaseMark[]
  /** Released node by node: the version under way, and those before it that nodes have not confirmed yet. Newest last. */
  staged: (ReleaseMark & {
    nodes: string[]
    /** Time of the release to each node, in the same order. */
    times?: number[] | undefined
  })[]
  /** Serial of the newest version that is kept, released or not: primaries are compared with it. */
  newest: Serial | undefined
  /** The newest rollouts, newest last, and older ones that wait for an operator. */
  rollouts: RolloutMark[]
  trail: VersionTrail | undefined
  /** Last success of a refresh; the zone expires `expireSeconds` later (RFC 1034 §4.3.5). */
  refreshedAt: number
  /** From the SOA, or the rest of it that EDNS EXPIRE reported. */
  expireSeconds: number
  /** REFRESH + RETRY, when EXPIRE is less: a primary that answers keeps the zone served for so long. */
  leastSeconds?: number | undefined
  /** Reason of the last refresh failure; undefined after a success. */
  error: string | undefined
  errorAt: number | undefined
  /** Refreshes that failed in a row. */
  failures: number
  /** Two contents under one serial. */
  conflict: string | undefined
  /** Primaries that serve other content under the newest serial. */
  conflicting?: string[] | undefined
}

/** Written by the watcher: the serial that a primary serves. Key `zone primary`. */
export interface PrimaryCell {
  at: number
  serial: Serial | undefined
  /** The newest serial that it ever served. */
  highest?: Serial | undefined
  checkedAt: number
  /** Time of the first observation of that serial. */
  since: number
  /** Digest of the SOA record that it serves. */
  soa?: string | undefined
  /**
   * Time of the last sign that its content may not continue its earlier one: its serial went back, its SOA changed under one
   * serial, or it was not polled for a while.
   */
  brokenAt?: number | undefined
  error: string | undefined
  failures: number
  /** Seconds that EDNS EXPIRE reported at `checkedAt` (RFC 7314 §2). */
  expireSeconds: number | undefined
}

/** Written by the worker that pushes: the serial that a node serves. Key `zone node`. */
export interface NodeCell {
  at: number
  serial: Serial | undefined
  /** Time of the first observation of that serial. */
  since: number
  /** Last answer of the node itself. */
  observedAt: number | undefined
  /** SOA queries without an answer since then. */
  missed: number
  error: string | undefined
  /** Time of its last answer, when that was that it does not serve the zone; milliseconds. */
  lostAt?: number | undefined
  /** The last version that a hub sent to the node. */
  taken?: { serial: Serial; digest: string; at: number } | undefined
  /** Time when the node had changed to its serial, and no hub was known to have delivered it. */
  strayAt?: number | undefined
  /** `strayAt`, set when the report of every hub that may have delivered it would have arrived. */
  elsewhereAt?: number | undefined
  /** Time since which the node's own answers must prove its content under its serial. */
  unprovedAt?: number | undefined
  /** Its answer matched this content, where others differ from it. */
  proved?: { serial: Serial; digest: string; of?: number | undefined } | undefined
  /** Its answer differed from this content, with the reason. */
  disproved?: { serial: Serial; digest: string; of?: number | undefined; why: string } | undefined
  /** A verify found other content, and no later one found that of a version; from its verdict, never written with the cell. */
  differs?: StandingDifference | undefined
  /** The last request with its key that was refused. */
  refused?: { at: number; why: string } | undefined
  /** Progress of the push of `target`. */
  push: PushTrail | undefined
}

export interface PushTrail {
  target: Serial
  startedAt: number
  notifySentAt: number | undefined
  notifiesSent: number
  notifyAnsweredAt: number | undefined
  /** RCODE, or no answer. */
  notifyError: string | undefined
  takenAt: number | undefined
  takenBy: 'axfr' | 'ixfr' | undefined
  confirmedAt: number | undefined
}

/** Written by the worker, one per node with several paths, and hub. Addresses as text. */
export interface PathCell {
  at: number
  inUse: string
  since: number
  /** Addresses that did not answer the last query, and the time since then. */
  silent: Record<string, { error: string; since: number }>
}

/**
 * Written by the worker that observes a node: one per node, for what holds for all its zones. A node that answers nothing is one
 * cell, not one for each zone.
 */
export interface ContactCell {
  at: number
  /** The node has answered no query since then; undefined while it answers. */
  silentSince?: number | undefined
  /** Regular queries without an answer since then. */
  missed: number
  error?: string | undefined
  /** Each zone that the node carries, except those with a fault of their own, was answered at this time or later. */
  sweptAt?: number | undefined
}

/** A content that a hub sent to nodes under a serial. */
export interface SentContent {
  serial: Serial
  digest: string
}

/** Written by the worker, one per zone: what the packed pairs of the zone have under their serials. */
export interface ContentsCell {
  /** Counts the changes. */
  at: number
  known: readonly SentContent[]
}

/** Written by the worker, one per catalog and hub. */
export interface CatalogCell {
  at: number
  /** Serial of the version whose members count; undefined while there is none. */
  serial: Serial | undefined
  members: number
  /** Members that no catalog has any more, and that are served until their grace time ends. */
  leaving: number
  /** Why a version has no effect. */
  error: string | undefined
  /** Members that are not zones of this catalog, and faults that do not break it; sentences. */
  findings: string[]
}

/** Written by each hub at intervals: its presence. Key: its name. */
export interface HubCell {
  at: number
  startedAt: number
  version: string
  /** Digest of the settings on which hubs must agree. */
  config: string
}

/** Written by the API: a drained node, which gets no deliveries. */
export interface DrainCell {
  at: number
  drained: boolean
  by: string
  reason: string | undefined
}

/** The kinds of peers that sign messages. */
export type KeyUser = 'node' | 'primary' | 'hub'

export interface Tables {
  zones: ZoneCell
  primaries: PrimaryCell
  nodes: NodeCell
  contacts: ContactCell
  contents: ContentsCell
  drains: DrainCell
  paths: PathCell
  hubs: HubCell
  catalogs: CatalogCell
  forces: ForceCell
  verdicts: VerdictCell
  keyUses: KeyUseCell
  callers: CallerCell
  /** Written by the workers of all hubs. Key: the zone. */
  stages: SharedRollout
  /** Written by the API, for all hubs. Key: the zone. */
  orders: ZoneOrders
}

export type TableName = keyof Tables

export const TABLE_NAMES: readonly TableName[] = [
  'zones',
  'primaries',
  'nodes',
  'contacts',
  'contents',
  'drains',
  'paths',
  'hubs',
  'stages',
  'orders',
  'catalogs',
  'forces',
  'verdicts',
  'keyUses',
  'callers',
]

/** Tables that each hub fills for itself; the other tables are shared. */
export const PER_HUB: ReadonlySet<TableName> = new Set(['zones', 'primaries', 'paths', 'catalogs'])

/** Keys of two parts; neither may have a space: zone names escape it, ids forbid it. */
export const pairKey = (zone: string, other: string): string => `${zone} ${other}`
/** Names of peers and keys have no colon. */
export const keyUseKey = (kind: KeyUser, peer: string, key: string): string => `${kind}:${peer} ${key}`
export const splitPair = (key: string): [zone: string, other: string] => {
  const i = key.lastIndexOf(' ')
  return [key.slice(0, i), key.slice(i + 1)]
}

/** The zone of a value that only the owner of the zone writes; undefined for other values. */
export function ownedZone({ table, key }: { table: TableName; key: string }): string | undefined {
  if (table === 'zones') return key
  const ofPair = table === 'primaries' || table === 'nodes' || table === 'forces' || table === 'verdicts'
  return ofPair ? splitPair(key)[0] : undefined
}
