/** Errors of exchanges over a connection: no connection, no answer, another protocol, a certificate that does not fit. */
import { type NextMove, ZonecastError } from '../errors.js'

export type StreamFault =
  | { code: 'STREAM_REFUSED'; where: string; errno: string }
  | { code: 'STREAM_NO_CONNECTION'; where: string; waitedMs: number }
  | { code: 'STREAM_SILENT'; where: string; waitedMs: number }
  | { code: 'STREAM_CLOSED'; where: string }
  | { code: 'STREAM_ENDLESS'; where: string; octets: number }
  | { code: 'STREAM_NOT_TLS'; where: string; errno: string }
  /** The peer's certificate, or the peer's opinion of ours. */
  | { code: 'STREAM_CERTIFICATE'; where: string; errno: string; whose: 'peer' | 'own' }

export class StreamError extends ZonecastError<StreamFault> {
  override readonly name = 'StreamError'

  override get nextMove(): NextMove {
    return this.fault.code === 'STREAM_NOT_TLS' || this.fault.code === 'STREAM_CERTIFICATE' ? 'operator' : 'later'
  }
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  EADDRNOTAVAIL: 'the source address is not on this machine',
  ENOENT: 'the socket does not exist',
  EACCES: 'no permission to use the socket',
  ENOTSOCK: 'the path is not a socket',
}

/** OpenSSL's names of verification errors, and those of Node.js. */
const CERTIFICATE = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_|INVALID_(CA|PURPOSE)|ERR_TLS_CERT|CRL_|PATH_LENGTH)/
const ALERT = /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)|ALERT_HANDSHAKE/

/** The error of a socket, in words. */
export function refusedBy(where: string, cause: unknown): StreamError {
  const errno = String((cause as { code?: unknown }).code ?? 'unknown')
  if (CERTIFICATE.test(errno))
    return new StreamError({ code: 'STREAM_CERTIFICATE', where, errno, whose: 'peer' }, certificateReason(errno), { cause })
  if (ALERT.test(errno))
    return new StreamError(
      { code: 'STREAM_CERTIFICATE', where, errno, whose: 'own' },
      "the server refuses the hub's certificate",
      {
        cause,
      },
    )
  if (errno.startsWith('ERR_SSL'))
    return new StreamError({ code: 'STREAM_NOT_TLS', where, errno }, 'the peer does not speak TLS 1.3', { cause })
  if (errno === 'ECONNRESET' || errno === 'EPIPE')
    return new StreamError({ code: 'STREAM_CLOSED', where }, 'the peer closed the connection', { cause })
  return new StreamError({ code: 'STREAM_REFUSED', where, errno }, REASONS[errno] ?? errno, { cause })
}

function certificateReason(errno: string): string {
  if (errno === 'CERT_HAS_EXPIRED') return "the server's certificate has expired"
  if (errno === 'CERT_NOT_YET_VALID') return "the server's certificate is not valid yet"
  if (errno === 'CERT_OF_CLIENT') return 'the peer shows the certificate of the client'
  return `the server's certificate is not of the configured CA (${errno})`
}
