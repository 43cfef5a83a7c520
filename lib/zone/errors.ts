/** Faults of zone contents and of differences that do not fit them. */
import { type NextMove, ZonecastError } from '../errors.js'

export type ZoneFault =
  | { code: 'ZONE_REMOVES_ABSENT'; record: string }
  | { code: 'ZONE_TTL_IN_DOUBT'; record: string }
  | { code: 'ZONE_WRONG_BASE'; held: number; from: number }
  | { code: 'ZONE_TOO_LARGE'; limit: string }
  | { code: 'ZONE_COLLIDES'; records: number }
  | { code: 'ZONE_EMPTY' }
  | { code: 'ZONE_DIGEST_MISMATCH'; expected: string; found: string }
  | { code: 'ZONE_ZONEMD'; reason: string }

export class ZoneError extends ZonecastError<ZoneFault> {
  override readonly name = 'ZoneError'

  override get nextMove(): NextMove {
    switch (this.fault.code) {
      case 'ZONE_REMOVES_ABSENT':
      case 'ZONE_TTL_IN_DOUBT':
      case 'ZONE_WRONG_BASE':
      case 'ZONE_ZONEMD':
        return 'axfr'
      case 'ZONE_TOO_LARGE':
      case 'ZONE_COLLIDES':
        return 'operator'
      case 'ZONE_EMPTY':
        return 'next-primary'
      case 'ZONE_DIGEST_MISMATCH':
        return 'later'
      default:
        return this.fault satisfies never
    }
  }
}
