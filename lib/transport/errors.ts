/** Errors of sockets: no server, no answer, closed connection. */
import { type Endpoint, endpointText } from '../dns/endpoint.js'
import { type NextMove, ZonecastError } from '../errors.js'

export type TransportFault =
  | { code: 'TRANSPORT_REFUSED'; remote: string; errno: string }
  | { code: 'TRANSPORT_TIMED_OUT'; remote: string; waitedMs: number }
  | { code: 'TRANSPORT_TOO_SLOW'; remote: string }
  | { code: 'TRANSPORT_CLOSED_EARLY'; remote: string }
  | { code: 'TRANSPORT_TLS'; remote: string; why: string }

export class TransportError extends ZonecastError<TransportFault> {
  override readonly name = 'TransportError'

  /** A transfer that broke off may come by AXFR; where no connection is possible, another server may answer (RFC 1034 §4.3.5). */
  override get nextMove(): NextMove {
    const { code } = this.fault
    return code === 'TRANSPORT_REFUSED' || code === 'TRANSPORT_TLS' ? 'next-primary' : 'axfr'
  }
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  EADDRNOTAVAIL: 'the source address is not on this machine',
  EPIPE: 'connection closed',
}

export const refused = (to: Endpoint, cause: unknown): TransportError => {
  const errno = (cause as { code?: string }).code ?? 'unknown'
  return new TransportError(
    { code: 'TRANSPORT_REFUSED', remote: endpointText(to), errno },
    `${endpointText(to)}: ${REASONS[errno] ?? errno}`,
    { cause },
  )
}

export const timedOut = (to: Endpoint, waitedMs: number): TransportError =>
  new TransportError(
    { code: 'TRANSPORT_TIMED_OUT', remote: endpointText(to), waitedMs },
    `${endpointText(to)}: no answer in ${waitedMs} ms`,
  )
