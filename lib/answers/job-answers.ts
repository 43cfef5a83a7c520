/** Answers about jobs, and the answer to an order that a job carries out. */
import { z } from 'zod'
import { QUEUE_KINDS } from '../queue/queue-kinds.js'
import { TARGET_STEPS } from '../queue/target-steps.js'
import { moment, serial } from './fields.js'

export const JobTargetAnswer = z.object({
  zone: z.string(),
  node: z.string(),
  step: z.enum(TARGET_STEPS),
  serial: serial.optional(),
  error: z.string().optional(),
})
export type JobTargetAnswer = z.infer<typeof JobTargetAnswer>

export const JobProgressAnswer = z
  .object({
    total: z.int(),
    confirmed: z.int(),
    failed: z.int(),
    targets: z.array(JobTargetAnswer).describe('1,000 at most; of more, those that failed and those that are worked on'),
  })
  .meta({ id: 'JobProgress' })

export const ProvisionProgressAnswer = z
  .object({
    node: z.string(),
    isApplied: z.boolean(),
    add: z.int().describe('Zones to add'),
    remove: z.int().describe('Zones to remove'),
    confirmed: z.int().describe("Changes that the node's own answers show"),
    failed: z.int(),
    notes: z.array(z.string()),
    changes: z
      .array(
        z.object({
          zone: z.string(),
          action: z.enum(['add', 'remove']),
          step: z.enum(['planned', 'sent', 'confirmed', 'failed']),
          error: z.string().optional(),
        }),
      )
      .describe('Failed ones first; 1,000 at most'),
  })
  .meta({ id: 'ProvisionProgress' })

export const JobAnswer = z
  .object({
    id: z.string(),
    kind: z.enum(QUEUE_KINDS),
    state: z.enum(['waiting', 'active', 'done', 'failed']),
    progress: z
      .union([JobProgressAnswer, ProvisionProgressAnswer, z.number()])
      .nullable()
      .describe('Targets of a resync or a verify, changes of a provision; a number or null for other jobs'),
    error: z.string().nullable(),
    data: z.unknown().describe('Input of the job'),
    result: z.unknown().describe('Result of the job'),
    createdAt: moment,
    finishedAt: moment,
  })
  .meta({ id: 'Job' })
export type JobAnswer = z.infer<typeof JobAnswer>

export const JobsAnswer = z.object({ jobs: z.array(JobAnswer) })
export type JobsAnswer = z.infer<typeof JobsAnswer>

export const JobQueuedAnswer = z.object({
  job: z.string(),
  more: z.array(z.string()).optional().describe('Further jobs of an order that needs more than 30,000 names of zones and nodes'),
})
export type JobQueuedAnswer = z.infer<typeof JobQueuedAnswer>

export const NoJobAnswer = z.object({ job: z.null() })
export type NoJobAnswer = z.infer<typeof NoJobAnswer>
