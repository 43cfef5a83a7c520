/** Faults of jobs. The queue or the next poll tries again. */
import { type NextMove, ZonecastError } from '../../lib/errors.js'

export type WorkerFault =
  /** Every primary that answers serves an older serial. */
  | { code: 'WORKER_PRIMARIES_BEHIND'; zone: string }
  | { code: 'WORKER_PRIMARIES_SILENT'; zone: string }
  | { code: 'WORKER_STOPPING'; zone: string }
  | { code: 'WORKER_NODE_BEHIND'; node: string; zones: number }
  | { code: 'WORKER_RESYNC_FAILED'; failed: number; total: number }
  | { code: 'WORKER_VERIFY_FAILED'; failed: number; total: number }
  | { code: 'WORKER_PROVISION_FAILED'; node: string }
  | { code: 'WORKER_WEBHOOK_FAILED'; webhook: string; status: number | undefined }

export class WorkerError extends ZonecastError<WorkerFault> {
  override readonly name = 'WorkerError'

  /** A peer hub may have the zone when no primary answers. */
  override get nextMove(): NextMove {
    return this.fault.code === 'WORKER_PRIMARIES_SILENT' ? 'next-primary' : 'later'
  }
}
