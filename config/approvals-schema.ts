/** Settings of approvals by several people. */
import { z } from 'zod'
import { HOLDING_CHECKS } from './checks-schema.js'
import { count, listOf, section } from './setting-types.js'

export const approvalsSchema = section({
  required: count(1)
    .default(1)
    .describe(
      'Approvals by different people that a held version needs before its release; a rejection by one of them is enough.',
    ),
  for: listOf(z.enum(HOLDING_CHECKS, { error: `write some of ${HOLDING_CHECKS.join(', ')}` }), 'checks')
    .default([...HOLDING_CHECKS])
    .describe('Checks whose hold needs that many approvals; a hold by another check needs one. Default: every check.'),
})
  .prefault({})
  .describe('Approvals of versions that a check holds.')
