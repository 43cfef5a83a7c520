/** The complete schemas of job data: a job with other data was queued by no hub, and fails without being processed. */
import { z } from 'zod'
import { type NextMove, ZonecastError } from '../errors.js'
import { fitting } from '../runtime/fitting.js'
import type { ProvisionJob, PushJob, RefreshJob, ResyncJob, VerifyJob, WebhookJob } from './jobs.js'
import type { QueueKind } from './queue-kinds.js'

const name = z.string().max(1_100)
const serial = z.int().min(0).max(0xffffffff)
const reason = z.string().max(4_096)

const names = z.array(name).max(1_000_000).optional()
const selection = z.object({ zones: names, groups: names, nodes: names, clouds: names })
const pairs = {
  targets: z.array(z.object({ zone: name, node: name })).max(10_000_000),
  select: z.union([selection, z.array(selection).max(300_000)]).optional(),
}

interface JobData {
  refresh: RefreshJob
  push: PushJob
  resync: ResyncJob
  verify: VerifyJob
  webhook: WebhookJob
  provision: ProvisionJob
}

const SCHEMAS: { [K in QueueKind]: z.ZodType } = {
  refresh: z.object({
    zone: name,
    strength: z.enum(['refresh', 'retransfer']),
    askFirst: z.boolean(),
    reason: z.enum(['poll', 'notify', 'operator', 'resync']),
    elsewhere: serial.optional(),
    seen: z.object({ primary: name, serial, at: z.number() }).optional(),
    trace: z.string().max(64).optional(),
  }),
  push: z.object({ node: name }),
  resync: z.object({
    ...pairs,
    strength: z.enum(['notify', 'refresh', 'retransfer', 'force']),
    allAtOnce: z.boolean().optional(),
    named: z.boolean().optional(),
    by: name,
    reason: reason.optional(),
    at: z.number().optional(),
    seal: name.optional(),
    id: name.optional(),
    sealedAt: z.number().optional(),
  }),
  verify: z.object({
    ...pairs,
    how: z.enum(['auto', 'axfr', 'sample']),
    by: name,
    reason: reason.optional(),
    at: z.number().optional(),
  }),
  webhook: z.object({ webhook: name, id: name, event: name, body: z.string().max(1 << 20), seal: name }),
  provision: z.object({
    node: name,
    apply: z.boolean(),
    yes: z.boolean(),
    by: name,
    reason: reason.optional(),
    at: z.number(),
    id: name,
    seal: name,
  }),
}

/** A retry would only repeat it. */
export class ForeignJobError extends ZonecastError<{ code: 'QUEUE_FOREIGN_JOB'; kind: QueueKind }> {
  override readonly name = 'ForeignJobError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}

/** Another worker carries the order out, as far as is known: the job waits. */
export class OrderBusyError extends ZonecastError<{ code: 'QUEUE_ORDER_BUSY'; kind: QueueKind }> {
  override readonly name = 'OrderBusyError'

  override get nextMove(): NextMove {
    return 'later'
  }
}

/** The data of a job. Throws ForeignJobError. */
export function jobOf<K extends QueueKind>(kind: K, data: unknown): JobData[K] {
  const read = fitting(SCHEMAS[kind], data)
  if (read !== undefined) return read as JobData[K]
  throw new ForeignJobError({ code: 'QUEUE_FOREIGN_JOB', kind }, `the data of a ${kind} job in redis is not that of such a job`)
}
