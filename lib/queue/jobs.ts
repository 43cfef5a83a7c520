/**
 * Terminology. Job: one piece of work in a queue. Queue: jobs of one kind, in Redis. Worker: the process that takes them.
 * `refresh`: look at the primaries of one zone and take what is newer; one queue per hub, as each hub transfers for itself.
 * `push`: bring one node up to date after a first try in memory did not get there; any hub's worker may take it.
 * `webhook`: one event to be told to one receiver.
 * `resync`: a person's wish to bring nodes to the released version again, followed node by node.
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { QueueKind } from './queue-kinds.js'

export { QUEUE_KINDS, type QueueKind } from './queue-kinds.js'

/** `refresh` takes what is newer; `retransfer` takes the whole zone by AXFR whatever its serial. The second is stronger. */
export type RefreshStrength = 'refresh' | 'retransfer'

export interface RefreshJob {
  zone: ZoneName
  strength: RefreshStrength
  /** Ask every primary for its SOA first, instead of trusting what the watcher saw. */
  askFirst: boolean
  reason: 'poll' | 'notify' | 'operator' | 'resync'
  /** Another hub has this: if no primary gives it, that hub does. */
  elsewhere?: Serial
  /** Where and when the watcher saw something newer. */
  seen: { primary: string; serial: Serial; at: number } | undefined
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

export type ResyncStrength = 'notify' | 'refresh' | 'retransfer'

export interface ResyncJob {
  targets: { zone: ZoneName; node: string }[]
  strength: ResyncStrength
  by: string
  reason: string | undefined
}

/** Where one target of a resync stands. */
export interface TargetProgress {
  zone: ZoneName
  node: string
  step: 'waiting' | 'refreshing' | 'notified' | 'confirmed' | 'failed'
  serial: Serial | undefined
  error: string | undefined
}

export interface ResyncProgress {
  total: number
  confirmed: number
  failed: number
  targets: TargetProgress[]
}

export interface RefreshResult {
  outcome: 'up-to-date' | 'full' | 'incremental'
  serial: Serial | undefined
}

/** One event for one receiver. Where it goes and what signs it is read from the config when it is sent. */
export interface WebhookJob {
  webhook: string
  /** The same for every try, so that a receiver can tell them. */
  id: string
  event: string
  /** JSON. */
  body: string
  /** That a process of this hub wrote it: a receiver believes what we sign. */
  seal: string
}

/** BullMQ allows no colon in names. */
export const queueName = (kind: QueueKind, hub: string): string =>
  kind === 'push' ? 'push' : `${kind}-${hub.replace(/[^a-zA-Z0-9._-]/g, '_')}`

/** A job as the API shows it (contract §3). */
export interface JobView {
  id: string
  kind: QueueKind
  state: 'waiting' | 'active' | 'done' | 'failed'
  /** Of a resync its targets; other jobs have a number or nothing. */
  progress: ResyncProgress | number | undefined
  error: string | undefined
  data: unknown
  result: unknown
  createdAt: number
  finishedAt: number | undefined
}
