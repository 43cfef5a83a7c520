/** Errors of one transfer as a protocol exchange. The errors of the zone are in ../zone/errors.ts. */
import { type NextMove, ZonecastError } from '../errors.js'

export type TransferFault =
  | { code: 'XFR_RCODE'; rcode: number; asked: AskedFor }
  | { code: 'XFR_HEADER'; reason: string; asked: AskedFor }
  | { code: 'XFR_EMPTY_ANSWER'; asked: AskedFor }
  | { code: 'XFR_NO_LEADING_SOA'; asked: AskedFor }
  | { code: 'XFR_SERIAL_MISMATCH'; reason: string; asked: AskedFor }
  | { code: 'XFR_BAD_RECORD'; reason: string; asked: AskedFor }
  | { code: 'XFR_TRAILING'; asked: AskedFor }
  | { code: 'XFR_ENDED_EARLY'; records: number; asked: AskedFor }
  | { code: 'XFR_OLDER'; held: number; offered: number; asked: AskedFor }
  /** The primary answered the SOA query with a newer serial than it transfers. */
  | { code: 'XFR_BEHIND_SOA'; announced: number; offered: number; asked: AskedFor }
  | { code: 'XFR_TOO_MANY_SEQUENCES'; sequences: number; asked: AskedFor }
  | { code: 'XFR_LIMIT'; limit: string; asked: AskedFor }

export type AskedFor = 'axfr' | 'ixfr'

export class TransferError extends ZonecastError<TransferFault> {
  override readonly name = 'TransferError'

  /** RFC 1995 §2: a failed IXFR is followed by AXFR; a failed AXFR by the next primary. */
  override get nextMove(): NextMove {
    return this.fault.asked === 'ixfr' ? 'axfr' : 'next-primary'
  }
}
