/** Answers about the callers of the API: their rights, their last use, and the session of the live page. */
import { z } from 'zod'
import { moment } from './fields.js'

const role = z.enum(['vantage', 'viewer', 'operator', 'publisher', 'admin'])
const scope = z.string().nullable().describe('The zones and nodes that the caller may use; null: all')

export const CallerAnswer = z.object({
  name: z.string(),
  role,
  scope,
  expires: moment.describe('Time from which the caller is refused'),
})
export type CallerAnswer = z.infer<typeof CallerAnswer>

export const CallerRowAnswer = z
  .object({
    name: z.string(),
    kind: z.enum(['token', 'certificate']),
    role,
    person: z.string().describe('Whose approval an approval of the caller is'),
    scope,
    subnets: z.array(z.string()),
    expires: moment,
    state: z.enum(['valid', 'expired']),
    usedAt: moment.describe('Last request, to the minute; of every hub'),
    usedFrom: z.string().nullable(),
  })
  .meta({ id: 'Caller' })
export type CallerRowAnswer = z.infer<typeof CallerRowAnswer>

export const CallersAnswer = z.object({ callers: z.array(CallerRowAnswer) })
export type CallersAnswer = z.infer<typeof CallersAnswer>

export const SessionAnswer = z.object({
  caller: CallerAnswer,
  csrf: z.string().nullable().describe('For the header X-Zonecast-CSRF of orders; null without a session'),
  endsAt: moment.describe('End of the session'),
})
export type SessionAnswer = z.infer<typeof SessionAnswer>

export const SignOutAnswer = z.object({ signedOut: z.boolean() })
export type SignOutAnswer = z.infer<typeof SignOutAnswer>
