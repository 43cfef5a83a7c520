/** Errors of the lab itself: a program that is missing, does not start, or refuses a command. */
import { type NextMove, ZonecastError } from '../lib/errors.js'

export type LabFault =
  | { code: 'LAB_NOT_INSTALLED'; program: string; package: string | undefined }
  | { code: 'LAB_NOT_READY'; server: string }
  | { code: 'LAB_COMMAND_FAILED'; program: string; status: number | undefined }
  | { code: 'LAB_NO_PORT'; ip: string }
  | { code: 'LAB_NEVER_SERVED'; server: string; zone: string }

export class LabError extends ZonecastError<LabFault> {
  override readonly name = 'LabError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}
