/** Errors of zone contents and of differences that do not fit them. */
import { type NextMove, ZonecastError } from '../errors.js'

export type ZoneFault =
  | { code: 'ZONE_REMOVES_ABSENT'; record: string }
  | { code: 'ZONE_TTL_IN_DOUBT'; record: string }
  | { code: 'ZONE_WRONG_BASE'; held: number; from: number }
  | { code: 'ZONE_TOO_LARGE'; limit: string }
  | { code: 'ZONE_COLLIDES'; records: number }
  | { code: 'ZONE_EMPTY' }
  | { code: 'ZONE_MERGE_MISFIT'; arrived: number; found: number }
  | { code: 'ZONE_DIGEST_MISMATCH'; expected: string; found: string }

export class ZoneError extends ZonecastError<ZoneFault> {
  override readonly name = 'ZoneError'

  override get nextMove(): NextMove {
    switch (this.fault.code) {
      case 'ZONE_REMOVES_ABSENT':
      case 'ZONE_TTL_IN_DOUBT':
      case 'ZONE_WRONG_BASE':
      case 'ZONE_EMPTY':
      case 'ZONE_MERGE_MISFIT':
      case 'ZONE_DIGEST_MISMATCH':
        return 'axfr'
      case 'ZONE_TOO_LARGE':
      case 'ZONE_COLLIDES':
        return 'operator'
      default:
        return this.fault satisfies never
    }
  }
}
