/** Reasons why a demo fails. */
import { type NextMove, ZonecastError } from '../../lib/errors.js'

export type DemoFault =
  | { code: 'DEMO_NOT_INSTALLED'; packages: readonly string[] }
  | { code: 'DEMO_HUB_DIED' }
  | { code: 'DEMO_NEVER_TURNED'; zone: string; servers: readonly string[] }
  | { code: 'DEMO_NOT_IN_SYNC' }
  | { code: 'DEMO_RESYNC_FAILED'; status: number | null }
  | { code: 'DEMO_VERIFY_FAILED'; status: number | null }
  | { code: 'DEMO_NOT_TAMPERED' }
  | { code: 'DEMO_INTERRUPTED' }

export class DemoError extends ZonecastError<DemoFault> {
  override readonly name = 'DemoError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}
