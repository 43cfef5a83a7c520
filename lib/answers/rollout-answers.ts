/** Answers about rollouts, and about the orders that steer them. */
import { z } from 'zod'
import { CHECK_NAMES, VERDICTS } from '../checks/verdicts.js'
import { ROLLOUT_STATES } from '../rollout/rollout-states.js'
import { knownSerial, moment, serial } from './fields.js'
import { VersionAnswer } from './zone-answers.js'

export const ApprovalsAnswer = z
  .object({
    required: z.int().describe('People that must approve it'),
    given: z.array(z.object({ by: z.string(), at: moment, reason: z.string() })),
  })
  .meta({ id: 'Approvals' })
export type ApprovalsAnswer = z.infer<typeof ApprovalsAnswer>

const row = {
  id: z.string(),
  zone: z.string(),
  serial,
  digest: z.string(),
  state: z.enum(ROLLOUT_STATES),
  stage: z.string().nullable().describe('The current stage'),
  heldBy: z.enum(['check', 'order']).nullable().describe('The reason of a held version: a check, or the hold of its zone'),
  reason: z.string().nullable().describe('Reason why it is held, halted, rejected or superseded'),
  approvals: ApprovalsAnswer.nullable().describe('Of a held version that needs several; else null'),
}
export const RolloutRowAnswer = z.object(row).meta({ id: 'RolloutRow' })
export type RolloutRowAnswer = z.infer<typeof RolloutRowAnswer>

export const RolloutsAnswer = z.object({ rollouts: z.array(RolloutRowAnswer), next: z.string().nullable() })
export type RolloutsAnswer = z.infer<typeof RolloutsAnswer>

export const StageNodeAnswer = z.object({
  node: z.string(),
  releasedAt: moment,
  confirmed: z.boolean(),
  serial: knownSerial,
  error: z.string().nullable(),
})
export type StageNodeAnswer = z.infer<typeof StageNodeAnswer>

export const StageAnswer = z.object({
  name: z.string(),
  state: z.enum(['waiting', 'under-way', 'through']),
  soakSeconds: z.number(),
  mayLack: z.int(),
  nodes: z.array(StageNodeAnswer),
})
export type StageAnswer = z.infer<typeof StageAnswer>

export const CheckReportAnswer = z.object({ check: z.enum(CHECK_NAMES), verdict: z.enum(VERDICTS), report: z.string() })
const LogLineAnswer = z.object({ at: moment, what: z.string() })

export const RolloutAnswer = z
  .object({
    ...row,
    since: moment,
    fast: z.boolean(),
    stages: z.array(StageAnswer),
    confirmed: z.array(z.string()),
    waitingFor: z.array(z.string()).describe('Nodes that may have the version and have not confirmed it yet'),
    checks: z.array(CheckReportAnswer),
    checkedAt: moment,
    log: z.array(LogLineAnswer),
    version: VersionAnswer,
  })
  .meta({ id: 'Rollout' })
export type RolloutAnswer = z.infer<typeof RolloutAnswer>

export const OrderedAnswer = z
  .object({
    zone: z.string(),
    serial: knownSerial,
    rollout: z.string().nullable(),
    state: z.string(),
    notes: z.array(z.string()).describe('Facts and next steps for the operator'),
  })
  .meta({ id: 'Ordered' })
export type OrderedAnswer = z.infer<typeof OrderedAnswer>
