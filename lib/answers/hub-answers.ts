/** Answers about the hub itself: probes, status and reload. */
import { z } from 'zod'
import { CallerAnswer } from './caller-answers.js'
import { moment, StateCounts } from './fields.js'
import { PrimarySummaryAnswer } from './primary-answers.js'

export const AliveAnswer = z.object({ alive: z.boolean() })
export type AliveAnswer = z.infer<typeof AliveAnswer>

export const ReadyAnswer = z.object({ ready: z.boolean(), missing: z.array(z.string()) })
export type ReadyAnswer = z.infer<typeof ReadyAnswer>

export const HubAnswer = z.object({
  name: z.string(),
  state: z.enum(['up', 'away']),
  config: z.enum(['same', 'differs']).describe('Compared with the config of this hub'),
  version: z.string(),
  seenAt: moment,
  startedAt: moment,
})
export type HubAnswer = z.infer<typeof HubAnswer>

export const StatusAnswer = z.object({
  hub: z.string(),
  version: z.string(),
  zones: z.int(),
  nodes: z.int(),
  states: StateCounts,
  hubs: z.array(HubAnswer).describe('Every hub that reported over Redis'),
  redis: z.enum(['up', 'down']),
  held: z.array(z.string()).describe('Zones with a version that waits for an operator, or on hold; 1,000 of them at most'),
  missing: z.array(z.string()).describe('Faults that limit this hub; as in /readyz'),
  primaries: z.array(PrimarySummaryAnswer).describe('Primaries with a zone that needs an operator'),
  now: z.iso.datetime().describe("This hub's clock"),
  observationsHoldSeconds: z.number().describe('Age in seconds from which on an observation counts as stale'),
  caller: CallerAnswer,
})
export type StatusAnswer = z.infer<typeof StatusAnswer>

export const ReloadAnswer = z.object({ zones: z.int(), nodes: z.int() })
export type ReloadAnswer = z.infer<typeof ReloadAnswer>
