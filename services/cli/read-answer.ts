/** Checks the answer of a hub against its schema, so that an answer of another version is reported and not misread. */
import type { z } from 'zod'
import { printable } from '../../lib/runtime/printable.js'
import { CliError } from './errors.js'

type Issue = z.core.$ZodIssue

/**
 * Returns the answer as the hub sent it, fields outside the schema included. A word that this version does not know, such as a
 * state of a newer hub, is accepted and shown unchanged. Throws CliError CLI_OTHER_ANSWER.
 */
export function readAnswer<S extends z.ZodType>(schema: S, answer: unknown, url: string): z.output<S> {
  const issue = schema.safeParse(answer, { reportInput: true }).error?.issues.find((each) => !isUnknownWord(each))
  if (issue === undefined) return answer as z.output<S>
  const field = printable(issue.path.join('.')) || 'it'
  const why = issue.input === undefined ? ' is missing' : `: ${printable(issue.message.replace(/^Invalid input: /, ''))}`
  throw new CliError(
    { code: 'CLI_OTHER_ANSWER', url },
    `cannot read the answer of ${url}: ${field}${why}; use the zonecast version of the hub`,
  )
}

function isUnknownWord(issue: Issue): boolean {
  switch (issue.code) {
    case 'invalid_value':
    case 'invalid_format':
      return typeof issue.input === 'string'
    case 'invalid_key':
    case 'unrecognized_keys':
      return true
    case 'invalid_union':
      return issue.errors.some((branch) => branch.length > 0 && branch.every(isUnknownWord))
    default:
      return false
  }
}
