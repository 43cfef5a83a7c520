/** Faults of the state that processes share through Redis. */
import { type NextMove, ZonecastError } from '../errors.js'

export type StateFault =
  /** Redis refuses writes or evicts keys. */
  | { code: 'STATE_REDIS_POLICY' }
  /** The secret or the key that seals decisions cannot be read. */
  | { code: 'STATE_SEAL' }
  /** A newer zonecast wrote the state. */
  | { code: 'STATE_NEWER_FORMAT'; format: number }
  /** A running worker has the name of this one. */
  | { code: 'STATE_WORKER_NAME'; worker: string }
  /** A worker of this hub has another data directory. */
  | { code: 'STATE_OTHER_DIRECTORY'; worker: string }
  /** The members of catalogs belong to another worker, or cannot be read now. */
  | { code: 'STATE_MEMBERS' }

export class StateError extends ZonecastError<StateFault> {
  override readonly name = 'StateError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}
