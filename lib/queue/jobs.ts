/**
 * Terminology. Job: one piece of work in a queue. Queue: jobs of one kind, in Redis. Worker: the process that carries them out.
 * - `refresh`: poll the primaries of one zone and transfer a newer version; one queue per hub, because each hub transfers for
 *   itself, or one per worker process that shares the zones of a hub.
 * - `push`: bring one node up to date after the first try in memory failed; any hub's worker may do it.
 * - `webhook`: deliver one event to one receiver.
 * - `verify`: an operator's order to compare what nodes serve with the released version, followed node by node.
 * - `resync`: an operator's order to bring nodes to the released version again, followed node by node.
 * - `provision`: an operator's order to compare the zones of a node with the config, and to add and remove zones there.
 */
import type { ZoneName } from '../dns/name.js'
import type { PairSelections } from '../fleet/pair-selection.js'
import type { Serial } from '../dns/serial.js'
import type { QueueKind } from './queue-kinds.js'
import type { TargetStep } from './target-steps.js'

/** `refresh` transfers a newer version; `retransfer` transfers the zone by AXFR with any serial. The second is stronger. */
export type RefreshStrength = 'refresh' | 'retransfer'

export interface RefreshJob {
  zone: ZoneName
  strength: RefreshStrength
  /** Poll every primary for its SOA first, instead of trusting the watcher's results. */
  askFirst: boolean
  reason: 'poll' | 'notify' | 'operator' | 'resync'
  /** Another hub has this serial: if no primary can send it, that hub does. */
  elsewhere?: Serial
  /** Source and time of the watcher's announcement. */
  seen: { primary: string; serial: Serial; at: number } | undefined
  /** The step of the trace that the refresh follows (lib/runtime/trace.ts). */
  trace?: string | undefined
}

/** The job after an announcement of something newer, by NOTIFY or in the answer to a poll. */
export const refreshAfter = (zone: ZoneName, seen: NonNullable<RefreshJob['seen']>, reason: 'poll' | 'notify'): RefreshJob => ({
  zone,
  strength: 'refresh',
  askFirst: false,
  reason,
  seen,
})

export interface PushJob {
  node: string
}

/** `force`: the node is ordered, over its control channel, to transfer the zone by AXFR with any serial. */
export type ResyncStrength = 'notify' | 'refresh' | 'retransfer' | 'force'

export interface Target {
  zone: ZoneName
  node: string
}

/** Pairs of zone and node: listed, or named by zones, groups, nodes and clouds, which a worker makes into pairs in slices. */
export interface TargetsJob {
  targets: Target[]
  select?: PairSelections | undefined
}

export interface ResyncJob extends TargetsJob {
  strength: ResyncStrength
  by: string
  reason: string | undefined
  /** For force: all nodes at the same time, instead of a few of one cloud. */
  allAtOnce?: boolean | undefined
  /** For force: the order names its nodes, so the only node of a cloud may be one of them. */
  named?: boolean | undefined
  /** Time of the order, milliseconds since 1970. A target that was forced since then is not forced again. */
  at?: number | undefined
  /** For force: proves that a process of this hub wrote it. */
  seal?: string | undefined
  /** For force: the id of the job in its queue. */
  id?: string | undefined
  /** For force: milliseconds since 1970; later than `at` for a part of an order. */
  sealedAt?: number | undefined
}

export interface VerifyJob extends TargetsJob {
  how: 'auto' | 'axfr' | 'sample'
  by: string
  reason: string | undefined
  /** Time of the order, milliseconds since 1970. A job that goes on after a restart compares no target again that was compared since. */
  at?: number | undefined
}

/** Progress of one target of a resync or a verify. */
export interface TargetProgress extends Target {
  step: TargetStep
  serial: Serial | undefined
  error: string | undefined
}

export interface ResyncProgress {
  total: number
  /** Confirmed by a resync, or found to be the same by a verify. */
  confirmed: number
  failed: number
  /** All of up to 1,000; of more, those that failed first, and those that are worked on. */
  targets: TargetProgress[]
}

export interface ProvisionJob {
  node: string
  /** Carry the plan out. */
  apply: boolean
  /** Remove more zones than the thresholds of the check `shrink` allow. */
  yes: boolean
  by: string
  reason: string | undefined
  /** Milliseconds since 1970. */
  at: number
  /** The id of the job in its queue. */
  id: string
  /** Proves that a process of this hub wrote it. */
  seal: string
}

export interface ProvisionChange {
  zone: ZoneName
  action: 'add' | 'remove'
  /** `sent`: the server accepted it · `confirmed`: the node's own answers show it. */
  step: 'planned' | 'sent' | 'confirmed' | 'failed'
  error: string | undefined
}

/** A plan, and how far it is carried out. */
export interface ProvisionProgress {
  node: string
  isApplied: boolean
  /** Zones to add and to remove, in all. */
  add: number
  remove: number
  confirmed: number
  failed: number
  /** Remarks about the plan, in sentences. */
  notes: string[]
  /** Failed ones first; 1,000 at most. */
  changes: ProvisionChange[]
}

export interface RefreshResult {
  outcome: 'up-to-date' | 'full' | 'incremental'
  serial: Serial | undefined
}

/** One event for one receiver. Its URL and key are read from the config when it is sent. */
export interface WebhookJob {
  webhook: string
  /** The same for every try, so that a receiver recognizes repetitions. */
  id: string
  event: string
  /** JSON. */
  body: string
  /** Proves that a process of this hub wrote it: a receiver trusts signed events. */
  seal: string
}

/**
 * BullMQ allows no colon in names. `worker`: the queue of one worker process, where several share the zones of a hub; else the
 * queue of the hub, or of all hubs.
 */
export const queueName = (kind: QueueKind, hub: string, worker?: string): string => {
  if (kind === 'push' && worker === undefined) return 'push'
  const ofHub = `${kind}-${hub.replace(/[^a-zA-Z0-9._-]/g, '_')}`
  return worker === undefined ? ofHub : `${ofHub}@${worker}`
}

/** A job in the form of the API (docs/contract.md). */
export interface JobView {
  id: string
  kind: QueueKind
  state: 'waiting' | 'active' | 'done' | 'failed'
  /** The targets of a resync or a verify, the changes of a provision; other jobs have a number or nothing. */
  progress: ResyncProgress | ProvisionProgress | number | undefined
  error: string | undefined
  data: unknown
  result: unknown
  createdAt: number
  finishedAt: number | undefined
}
