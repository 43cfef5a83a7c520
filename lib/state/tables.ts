/**
 * What the roles and hubs know together, as tables of small values. Times are milliseconds since 1970.
 * Each value has one writer role and `at`, the time it was written: of two values for one key the later one counts.
 */
import type { CheckReport, Verdict } from '../checks/check.js'
import type { Serial } from '../dns/serial.js'
import type { RolloutState, ZoneOrders } from '../rollout/record.js'
import type { SharedRollout } from '../rollout/shared.js'

/** One release of a zone by this hub: what nodes should reach. */
export interface ReleaseMark {
  serial: Serial
  digest: string
  releasedAt: number
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
  /** Released to some nodes only, newer than `released`. Newest last. */
  staged: (ReleaseMark & { nodes: string[] })[]
  /** Of the newest version that is kept, released or not: what primaries are compared with. */
  newest: Serial | undefined
  /** The newest rollouts, newest last, and older ones that wait for a person. */
  rollouts: RolloutMark[]
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
  /** The newest it was ever seen to serve. */
  highest?: Serial | undefined
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

/** Keys of two parts; neither may hold a space: zone names escape it, ids forbid it. */
export const pairKey = (zone: string, other: string): string => `${zone} ${other}`
export const splitPair = (key: string): [zone: string, other: string] => {
  const i = key.lastIndexOf(' ')
  return [key.slice(0, i), key.slice(i + 1)]
}

type Field = 'number' | 'string' | 'boolean' | 'object' | 'array'

/** What each value has at least, besides `at`: enough to tell it from what somebody else has written in the same Redis. */
const SHAPES: Record<TableName, Record<string, Field>> = {
  zones: { releases: 'array', staged: 'array', rollouts: 'array', failures: 'number' },
  primaries: { checkedAt: 'number', failures: 'number' },
  nodes: { since: 'number', missed: 'number' },
  drains: { drained: 'boolean', by: 'string' },
  paths: { inUse: 'string', since: 'number', silent: 'object' },
  hubs: { startedAt: 'number', version: 'string', config: 'string' },
  stages: { id: 'string', serial: 'number', plan: 'string', through: 'number', by: 'string' },
  orders: { decisions: 'array' },
}

const has = (value: unknown, field: Field): boolean =>
  field === 'array' ? Array.isArray(value) : typeof value === field && value !== null

/** Whether it can be a value of the table: a hub must not fall over what it did not write. */
export function isCell<T extends TableName>(table: T, value: unknown): value is Tables[T] {
  if (typeof value !== 'object' || value === null) return false
  const fields = { at: 'number', ...SHAPES[table] } as Record<string, Field>
  return Object.entries(fields).every(([name, field]) => has((value as Record<string, unknown>)[name], field))
}
