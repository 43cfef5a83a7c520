/** TLS as client (RFC 9103 §7): the context of a server, and the check of its certificate. */
import { createHash, type X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { checkServerIdentity, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { type Endpoint, endpointText } from '../dns/endpoint.js'
import type { RemoteTls } from '../fleet/remote.js'
import { TransportError } from './errors.js'

/** RFC 7858 §3.2: the protocol that DNS over TLS announces. */
export const ALPN = 'dot'

/** Contexts and numbers are made once for each setting: a reload brings new ones. */
const contexts = new WeakMap<RemoteTls, SecureContext>()
const numbers = new WeakMap<RemoteTls, number>()
let settings = 0

function contextOf(tls: RemoteTls): SecureContext {
  let context = contexts.get(tls)
  if (context === undefined) {
    context = createSecureContext({ minVersion: 'TLSv1.3', ca: tls.ca, cert: tls.own?.cert, key: tls.own?.key })
    contexts.set(tls, context)
  }
  return context
}

/** The key of connections that may be shared: those to one address under the same setting. */
export function connectionKey(to: Endpoint, tls: RemoteTls | undefined): string {
  if (tls === undefined) return endpointText(to)
  let number = numbers.get(tls)
  if (number === undefined) {
    number = ++settings
    numbers.set(tls, number)
  }
  return `${endpointText(to)} tls ${number}`
}

/** The options of `tls.connect`. A session is never resumed: servers answer the first query of a resumed one 40 ms late. */
export const connectOptions = (tls: RemoteTls) => ({
  secureContext: contextOf(tls),
  ALPNProtocols: [ALPN],
  ...(tls.name === undefined || isIP(tls.name) !== 0 ? {} : { servername: tls.name }),
  rejectUnauthorized: tls.name !== undefined,
  checkServerIdentity: (_host: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
    checkServerIdentity(tls.name!, certificate),
})

/** SHA-256 of the public key, base64 (RFC 7858 §4.2). */
export const pinOf = (certificate: X509Certificate): string =>
  createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')

/** Why the connection must not be used. NSD 4.6 selects no protocol; its certificate proves it all the same. */
export function objection(to: Endpoint, tls: RemoteTls, socket: TLSSocket): TransportError | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return tlsError(to, 'the server has no certificate')
  if (tls.pins.length === 0 || tls.pins.includes(pinOf(certificate))) return undefined
  return tlsError(to, `the public key of its certificate has the pin ${pinOf(certificate)}, which is not in "pin"`)
}

export const tlsError = (to: Endpoint, why: string, cause?: unknown): TransportError =>
  new TransportError({ code: 'TRANSPORT_TLS', remote: endpointText(to), why }, `${endpointText(to)}: TLS failed: ${why}`, {
    cause,
  })

const REASONS: Record<string, string> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed, and "ca" does not have it',
  SELF_SIGNED_CERT_IN_CHAIN: 'the CA of its certificate is not in "ca"',
  UNABLE_TO_GET_ISSUER_CERT: 'the CA of its certificate is not in "ca"',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the CA of its certificate is not in "ca"',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the CA of its certificate is not in "ca"',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS there',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the server does not speak TLS 1.3',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the server does not speak TLS 1.3',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'the server does not speak DNS over TLS (ALPN dot)',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the server wants a certificate of the hub: write transfer.tls with "cert" and "key"',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the server does not know the CA of the hub's certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the server refuses the hub's certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the hub's certificate has expired",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the server refuses the hub's certificate",
}

/** The error of TLS in words; undefined when the cause is not TLS. */
export function tlsFault(to: Endpoint, tls: RemoteTls | undefined, cause: unknown): TransportError | undefined {
  const { code, message } = cause as { code?: string; message?: string }
  if (tls === undefined || code === undefined) return undefined
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return tlsError(to, `its certificate is not for ${tls.name}`, cause)
  const reason = REASONS[code]
  if (reason !== undefined) return tlsError(to, reason, cause)
  return /^ERR_(SSL|TLS)_|^CERT_|_CERT(IFICATE)?_/.test(code) ? tlsError(to, message ?? code, cause) : undefined
}
