/** The settings of the verdicts for routing: when a node is to be withdrawn from its service addresses, and how many may be. */
import type { z } from 'zod'
import { count, duration, section } from './setting-types.js'

export const healthSchema = section({
  atMost: count(0)
    .default(1)
    .describe(
      'Nodes of one cloud that may be withdrawn at once, by all hubs together; a local cluster with a withdrawn member counts as one; 0: none. Never the last one that serves, and never in two clouds.',
    ),
  after: duration()
    .default(60_000)
    .describe('How long a node must serve other content than the released one before it is withdrawn.'),
  back: duration().default(300_000).describe('How long a node must be well before it is first choice again.'),
})
  .prefault({})
  .describe('Verdicts for routing: serve, degrade or withdraw. A hub in doubt answers serve.')

export interface HealthConfig {
  atMost: number
  afterMs: number
  backMs: number
}

export const healthOf = ({ atMost, after, back }: z.output<typeof healthSchema>): HealthConfig => ({
  atMost,
  afterMs: after,
  backMs: back,
})
