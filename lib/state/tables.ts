/**
 * What the roles and hubs know together, as tables of small values. Times are milliseconds since 1970.
 * Each value has one writer role and `at`, the time it was written: of two values for one key the later one counts.
 */
import type { CheckReport } from '../checks/check.js'
import type { Verdict } from '../checks/verdicts.js'
import type { Serial } from '../dns/serial.js'
import type { RolloutState, ZoneOrders } from '../rollout/record.js'
import type { SharedRollout } from '../rollout/shared.js'

/** One release of a zone by this hub: what nodes should reach. */
export interface ReleaseMark {
  serial: Serial
  digest: string
  releasedAt: number
  /** Two contents were kept under the serial. */
  torn?: true | undefined
}

/** How far a rollout is, and what its checks found. */
export interface RolloutMark {
  id: string
  serial: Serial
  digest: string
  state: RolloutState
  /** Name of the stage under way. */
  stage: string | undefined
  since: number
  reason: string | undefined
  verdict: Verdict | undefined
  /** Checks that did not pass. */
  findings: CheckReport[]
}

/** How the newest version came to be; the first half of a chain. */
export interface VersionTrail {
  serial: Serial
  seenAt: number
  seenAtPrimary: string
  transferStartedAt: number
  transferTookMs: number
  kind: 'axfr' | 'ixfr'
  records: number
  committedAt: number
  releasedAt: number
}

/** Written by the worker, one per zone and hub. */
export interface ZoneCell {
  at: number
  released: (ReleaseMark & { records: number; octets: number }) | undefined
  /** To every node. Newest last; for lag. */
  releases: ReleaseMark[]
  /** Released node by node: the version under way, and those before it that nodes have not shown yet. Newest last. */
  staged: (ReleaseMark & {
    nodes: string[]
    /** When each of them was given it, in the same order. */
    times?: number[] | undefined
  })[]
  /** Of the newest version that is kept, released or not: what primaries are compared with. */
  newest: Serial | undefined
  /** The newest rollouts, newest last, and older ones that wait for a person. */
  rollouts: RolloutMark[]
  trail: VersionTrail | undefined
  /** Last success of a refresh; the zone expires `expireSeconds` later (RFC 1034 §4.3.5). */
  refreshedAt: number
  /** From the SOA, or what EDNS EXPIRE left of it. */
  expireSeconds: number
  /** REFRESH + RETRY, where EXPIRE is less than that: a primary that answers keeps the zone served so long. */
  leastSeconds?: number | undefined
  /** Why the last refresh failed; undefined after a success. */
  error: string | undefined
  errorAt: number | undefined
  /** Refreshes that failed in a row. */
  failures: number
  /** Two contents under one serial. */
  conflict: string | undefined
  /** Primaries that serve other content under the newest serial. */
  conflicting?: string[] | undefined
}

/** Written by the watcher: what a primary serves. Key `zone primary`. */
export interface PrimaryCell {
  at: number
  serial: Serial | undefined
  /** The newest it was ever seen to serve. */
  highest?: Serial | undefined
  checkedAt: number
  /** Since when it serves that serial, as far as we saw. */
  since: number
  /** Digest of the SOA record that it serves. */
  soa?: string | undefined
  /**
   * When it was last found that its content may not go on from what it served before: its serial went back, its SOA changed under one
   * serial, or it was not watched for a while.
   */
  brokenAt?: number | undefined
  error: string | undefined
  failures: number
  /** What EDNS EXPIRE said was left at `checkedAt`, in seconds (RFC 7314 §2). */
  expireSeconds: number | undefined
}

/** Written by the worker that pushes: what a node serves. Key `zone node`. */
export interface NodeCell {
  at: number
  serial: Serial | undefined
  /** Since when it serves that serial, as far as we saw. */
  since: number
  /** Last answer of the node itself. */
  observedAt: number | undefined
  /** Looks without an answer since then. */
  missed: number
  error: string | undefined
  /** Its last answer was that it does not serve the zone; milliseconds. */
  lostAt?: number | undefined
  /** The last version that a hub sent to the node. */
  taken?: { serial: Serial; digest: string; at: number } | undefined
  /** When it was seen to have gone to its serial, and no hub was known to have sent it that. */
  strayAt?: number | undefined
  /** `strayAt`, once every hub that may have sent it would have been heard. */
  elsewhereAt?: number | undefined
  /** Since when its content under its serial is to be shown by its own answers. */
  unprovedAt?: number | undefined
  /** It answered as this content does, where others differ from it. */
  proved?: { serial: Serial; digest: string; of?: number | undefined } | undefined
  /** It answered otherwise, and how. */
  disproved?: { serial: Serial; digest: string; of?: number | undefined; why: string } | undefined
  /** The last request with its key that was refused. */
  refused?: { at: number; why: string } | undefined
  /** How far the push of `target` got. */
  push: PushTrail | undefined
}

export interface PushTrail {
  target: Serial
  startedAt: number
  notifySentAt: number | undefined
  notifiesSent: number
  notifyAnsweredAt: number | undefined
  /** RCODE or silence. */
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
  /** Those that did not answer when they were last asked, and since when. */
  silent: Record<string, { error: string; since: number }>
}

/** Written by each hub, now and then: that it is there. Key: its name. */
export interface HubCell {
  at: number
  startedAt: number
  version: string
  /** Digest of what hubs must agree on. */
  config: string
}

/** Written by the API: a node that gets nothing delivered. */
export interface DrainCell {
  at: number
  drained: boolean
  by: string
  reason: string | undefined
}

export interface Tables {
  zones: ZoneCell
  primaries: PrimaryCell
  nodes: NodeCell
  drains: DrainCell
  paths: PathCell
  hubs: HubCell
  /** Written by the workers of all hubs. Key: the zone. */
  stages: SharedRollout
  /** Written by the API, for all hubs. Key: the zone. */
  orders: ZoneOrders
}

export type TableName = keyof Tables

export const TABLE_NAMES: readonly TableName[] = ['zones', 'primaries', 'nodes', 'drains', 'paths', 'hubs', 'stages', 'orders']

/** What each hub finds for itself; the other tables are shared. */
export const PER_HUB: ReadonlySet<TableName> = new Set(['zones', 'primaries', 'paths'])

/** Keys of two parts; neither may hold a space: zone names escape it, ids forbid it. */
export const pairKey = (zone: string, other: string): string => `${zone} ${other}`
export const splitPair = (key: string): [zone: string, other: string] => {
  const i = key.lastIndexOf(' ')
  return [key.slice(0, i), key.slice(i + 1)]
}
