/** The answer to a request that fails: a problem document (RFC 9457). */
import { z } from 'zod'

const FieldErrorAnswer = z.object({ field: z.string(), message: z.string() }).meta({ id: 'FieldError' })

const ConfigFindingAnswer = z
  .object({
    code: z.string(),
    severity: z.enum(['error', 'warning']),
    message: z.string(),
    file: z.string(),
    line: z.int(),
    column: z.int(),
    about: z
      .array(z.object({ kind: z.string(), name: z.string() }))
      .readonly()
      .optional()
      .describe('Parts of the topology that the problem concerns'),
  })
  .meta({ id: 'ConfigFinding' })

export const ProblemAnswer = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(z.union([FieldErrorAnswer, ConfigFindingAnswer]))
      .optional()
      .describe('Each invalid field of the request, or place in the config'),
  })
  .meta({ id: 'Problem' })
export type ProblemAnswer = z.infer<typeof ProblemAnswer>
