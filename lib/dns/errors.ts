/** Errors in octets: malformed messages and names, and TSIG (RFC 8945 §5.2–5.4). */
import { type NextMove, ZonecastError } from '../errors.js'

export type WireFault =
  | { code: 'WIRE_TRUNCATED'; at: number }
  | { code: 'WIRE_BAD_POINTER'; at: number }
  | { code: 'WIRE_BAD_NAME'; reason: string }
  | { code: 'WIRE_BAD_RDATA'; type: number; reason: string }
  | { code: 'WIRE_OVERSIZE'; octets: number }
  | { code: 'WIRE_FORMAT'; reason: string }

export class WireError extends ZonecastError<WireFault> {
  override readonly name = 'WireError'

  /** An IXFR with a malformed message has AXFR behind it (RFC 1995 §2). */
  override get nextMove(): NextMove {
    return 'axfr'
  }
}

export const truncated = (at: number): WireError =>
  new WireError({ code: 'WIRE_TRUNCATED', at }, `message ends inside a record at octet ${at}`)

export type TsigFault =
  | { code: 'TSIG_MISSING' }
  | { code: 'TSIG_MISPLACED'; reason: string }
  | { code: 'TSIG_UNKNOWN_KEY'; key: string }
  | { code: 'TSIG_BAD_MAC'; key: string }
  | { code: 'TSIG_BAD_TRUNCATION'; key: string }
  | { code: 'TSIG_BAD_TIME'; key: string; differenceSeconds: number }
  | { code: 'TSIG_REFUSED_BY_PEER'; key: string; error: number }
  | { code: 'TSIG_GAP_TOO_LONG'; messages: number }
  | { code: 'TSIG_UNSUPPORTED'; algorithm: string }

export class TsigError extends ZonecastError<TsigFault> {
  override readonly name = 'TsigError'

  /** The key or the clock of the primary may be at fault, and those of the next primary good (RFC 8945 §5.2.3). */
  override get nextMove(): NextMove {
    return 'next-primary'
  }
}
