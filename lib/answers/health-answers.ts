/** The verdict about a node for routing. */
import { z } from 'zod'
import { moment } from './fields.js'

export const HealthAnswer = z
  .object({
    verdict: z
      .enum(['serve', 'degrade', 'withdraw'])
      .describe('serve: first choice; degrade: second choice, by MED or prepends; withdraw: not at all'),
    why: z.string().nullable(),
    node: z.string(),
    since: moment,
    ttlSeconds: z.number().describe('Without a newer answer the verdict is serve again after this time'),
  })
  .meta({ id: 'Health' })
export type HealthAnswer = z.infer<typeof HealthAnswer>
