/** Faults of the state that processes share through Redis. */
import { type NextMove, ZonecastError } from '../errors.js'

export type StateFault =
  /** Redis refuses writes or evicts keys. */
  | { code: 'STATE_REDIS_POLICY' }
  /** The secret or the key that seals decisions cannot be read. */
  | { code: 'STATE_SEAL' }
  /** A newer zonecast wrote the state. */
  | { code: 'STATE_NEWER_FORMAT'; format: number }

export class StateError extends ZonecastError<StateFault> {
  override readonly name = 'StateError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}
