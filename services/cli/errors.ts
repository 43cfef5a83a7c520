/** Errors between an operator at a terminal and a hub: each a sentence that names the failed thing and the fix. */
import { type NextMove, ZonecastError } from '../../lib/errors.js'

export type CliFault =
  | { code: 'CLI_USAGE' }
  | { code: 'CLI_NO_ANSWER'; url: string }
  /** `retryAfter`: seconds to wait, with a 429. */
  | { code: 'CLI_REFUSED'; status: number; retryAfter?: number }
  | { code: 'CLI_NOT_ZONECAST'; url: string }
  /** The answer lacks fields that this version reads. */
  | { code: 'CLI_OTHER_ANSWER'; url: string }
  | { code: 'CLI_JOB_FAILED'; job: string }

export class CliError extends ZonecastError<CliFault> {
  override readonly name = 'CliError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}

export const usage = (message: string): CliError => new CliError({ code: 'CLI_USAGE' }, message)
