/** What a node says it holds: the SOA in the authority section of its IXFR request (RFC 1995 §3). */
import { findSoa, type SmallMessage } from '../../lib/dns/message.js'
import { compareSerials, type Serial } from '../../lib/dns/serial.js'

/** An outcome of reading, answered with FORMERR. */
export class IxfrRequestError extends Error {
  override readonly name = 'IxfrRequestError'
}

/** Throws IxfrRequestError when there is not exactly the zone's own SOA. */
export function heldSerialOf(message: SmallMessage, apex: Buffer): Serial {
  const soa = findSoa(message.authority, apex)
  if (!soa || message.authority.length !== 1)
    throw new IxfrRequestError('IXFR without the SOA of the zone in its authority section')
  return soa.serial
}

export const isAheadOf = (held: Serial, ours: Serial): boolean => compareSerials(held, ours) === 'newer'
