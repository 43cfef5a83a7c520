/** Answers about primaries: one primary of one zone, and one primary over all its zones. */
import { z } from 'zod'
import { PRIMARY_STATES } from '../fleet/primary-state.js'
import { knownSerial, moment, OldKeyAnswer } from './fields.js'

const PrimaryState = z.enum(PRIMARY_STATES).meta({ id: 'PrimaryState' })

const PrimaryStateCounts = z
  .partialRecord(PrimaryState, z.int())
  .meta({ id: 'PrimaryStateCounts', description: 'Number of zones in each state; a state without any is left out' })

export const PrimaryAnswer = z
  .object({ serial: knownSerial, state: PrimaryState, checkedAt: moment, since: moment, error: z.string().nullable() })
  .meta({ id: 'Primary' })
export type PrimaryAnswer = z.infer<typeof PrimaryAnswer>

const PrimaryTroubleAnswer = z.object({
  state: PrimaryState,
  zones: z.int(),
  example: z.string(),
  detail: z.string().nullable(),
})

export const PrimarySummaryAnswer = z
  .object({
    id: z.string(),
    address: z.string(),
    states: PrimaryStateCounts,
    total: z.int(),
    trouble: z.array(PrimaryTroubleAnswer).describe('States that need an operator, the worst first'),
    checkedAt: moment,
    oldKeys: z.array(OldKeyAnswer).describe('Keys accepted besides the one that signs, with their last use'),
  })
  .meta({ id: 'PrimarySummary' })
export type PrimarySummaryAnswer = z.infer<typeof PrimarySummaryAnswer>

export const PrimariesAnswer = z.object({ primaries: z.array(PrimarySummaryAnswer) })
export type PrimariesAnswer = z.infer<typeof PrimariesAnswer>
