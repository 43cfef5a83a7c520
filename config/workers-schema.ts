/** Settings for several worker processes of one hub. */
import { z } from 'zod'
import { duration, identifier, section } from './setting-types.js'

export const SHARES = ['none', 'disk', 'machines'] as const

export const workersSchema = section({
  share: z
    .enum(SHARES, { error: `write ${SHARES.join(', ')}` })
    .default('none')
    .describe(
      'Worker processes of this hub that share its zones. none: one process; disk: several with one dataDir; machines: also on other machines, each machine with a dataDir of its own.',
    ),
  lease: duration()
    .default(10_000)
    .describe('A worker that does not report for this long loses its zones to the others; at least 2 s.'),
  key: identifier()
    .optional()
    .describe('With machines: key of `keys` that only the machines of this hub have; it seals what they share in Redis.'),
})
  .prefault({})
  .describe('Several worker processes of one hub; start --worker names each.')
