/** The serial in the IXFR request of a node: the SOA in its authority section (RFC 1995 §3). */
import { findSoa } from '../../lib/dns/message.js'
import type { RequestMessage } from '../../lib/dns/request-reader.js'
import { compareSerials, type Serial } from '../../lib/dns/serial.js'

/** Undefined unless there is exactly the zone's own SOA; the answer is then FORMERR. */
export function heldSerialOf({ authority, authorities }: RequestMessage, apex: Buffer): Serial | undefined {
  return authorities === 1 ? findSoa(authority, apex)?.serial : undefined
}

export const isAheadOf = (held: Serial, ours: Serial): boolean => compareSerials(held, ours) === 'newer'
