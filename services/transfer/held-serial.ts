/** The serial that a node says it has: the SOA in the authority section of its IXFR request (RFC 1995 §3). */
import { findSoa } from '../../lib/dns/message.js'
import type { RequestMessage } from '../../lib/dns/request-reader.js'
import { compareSerials, type Serial } from '../../lib/dns/serial.js'

/** Undefined when there is not exactly the zone's own SOA: answered with FORMERR. */
export function heldSerialOf({ authority, authorities }: RequestMessage, apex: Buffer): Serial | undefined {
  return authorities === 1 ? findSoa(authority, apex)?.serial : undefined
}

export const isAheadOf = (held: Serial, ours: Serial): boolean => compareSerials(held, ours) === 'newer'
