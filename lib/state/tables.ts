/**
 * What the roles and hubs know together, as tables of small values. Times are milliseconds since 1970.
 * Each value has one writer role and `at`, the time it was written: of two values for one key the later one counts.
 */
import type { Serial } from '../dns/serial.js'

/** One release of a zone by this hub: what nodes should reach. */
export interface ReleaseMark {
  serial: Serial
  digest: string
  releasedAt: number
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
  /** Newest last; for lag. */
  releases: ReleaseMark[]
  trail: VersionTrail | undefined
  /** Last success of a refresh; the zone expires `expireSeconds` later (RFC 1034 §4.3.5). */
  refreshedAt: number
  /** From the SOA, or what EDNS EXPIRE left of it. */
  expireSeconds: number
  /** Why the last refresh failed; undefined after a success. */
  error: string | undefined
  errorAt: number | undefined
  /** Refreshes that failed in a row. */
  failures: number
  /** Two contents under one serial. */
  conflict: string | undefined
}

/** Written by the watcher: what a primary serves. Key `zone primary`. */
export interface PrimaryCell {
  at: number
  serial: Serial | undefined
  checkedAt: number
  /** Since when it serves that serial, as far as we saw. */
  since: number
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
}

export type TableName = keyof Tables

export const TABLE_NAMES: readonly TableName[] = ['zones', 'primaries', 'nodes', 'drains']

/** Keys of two parts; neither may hold a space: zone names escape it, ids forbid it. */
export const pairKey = (zone: string, other: string): string => `${zone} ${other}`
export const splitPair = (key: string): [zone: string, other: string] => {
  const i = key.lastIndexOf(' ')
  return [key.slice(0, i), key.slice(i + 1)]
}
