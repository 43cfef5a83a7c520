/**
 * TLS of a server: handshakes within limits. A certificate of the client is asked for and verified, and never required here: which peer
 * needs which one is decided for each request. No session is resumed, as DNS clients whose sessions are resumed send their first query
 * 40 ms late, and as a resumed session would keep a certificate whose CA is gone.
 */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { guard } from '../runtime/guard.js'
import { ClientCertificate, faultOf } from './client-certificate.js'
import { type HandshakeLimits, HANDSHAKES, Handshakes } from './handshakes.js'
import { ALPN } from './tls-remote.js'

/** PEM. */
export interface ServerTls {
  cert: string
  key: string
  /** CAs of client certificates. */
  clientCa: string | undefined
}

export type HandshakeOutcome = 'ok' | 'failed' | 'no-room'

/** Called with the address of the peer, and with the reason of a failure. */
export type NoteHandshake = (outcome: HandshakeOutcome, ip: string, why?: string) => void

/** The protocol over TLS, and its limits. */
export interface TlsManner {
  alpn: string
  /** A client that names no protocol in the handshake is refused. */
  needsAlpn: boolean
  minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's names; undefined: those of Node.js. */
  ciphers?: string
  requestCert: boolean
  /** The setting with the CAs of clients. */
  caSetting: string
  limits: HandshakeLimits
}

/** RFC 9103 §7: TLS 1.3 and DNS alone. */
const DNS_MANNER: TlsManner = {
  alpn: ALPN,
  needsAlpn: true,
  minVersion: 'TLSv1.3',
  requestCert: true,
  caSetting: 'transfer.tls.clientCa',
  limits: HANDSHAKES,
}

const HANDSHAKE_MS = 5_000
const contextOptions = ({ cert, key, clientCa }: ServerTls, { minVersion, ciphers }: TlsManner) => ({
  cert,
  key,
  ca: clientCa,
  minVersion,
  ...(ciphers === undefined ? {} : { ciphers }),
  secureOptions: constants.SSL_OP_NO_TICKET,
})

interface Shaking {
  ip: string
  /** CAs that verify the certificate. */
  clientCa: string | undefined
  ended: () => void
  ready: (socket: TLSSocket, certificate: ClientCertificate) => void
}

export class TlsDoor {
  readonly #server: Server
  readonly #note: NoteHandshake
  #clientCa: string | undefined
  readonly #manner: TlsManner
  readonly #handshakes: Handshakes
  /** By addresses and ports of both ends: one client may use one port towards two addresses. */
  readonly #shaking = new Map<string, Shaking>()

  constructor(tls: ServerTls, note: NoteHandshake, manner = DNS_MANNER) {
    this.#note = note
    this.#clientCa = tls.clientCa
    this.#manner = manner
    this.#handshakes = new Handshakes(manner.limits)
    this.#server = createServer({
      ...contextOptions(tls, manner),
      ALPNProtocols: [manner.alpn],
      requestCert: manner.requestCert,
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS,
    })
    this.#server.on(
      'secureConnection',
      guard('tls connection', (socket: TLSSocket) => this.#onSecure(socket)),
    )
    this.#server.on(
      'tlsClientError',
      guard('tls handshake', (error: Error, socket: TLSSocket) => {
        socket.destroy()
        this.#end(keyOf(socket), 'failed', reasonOf(error))
      }),
    )
  }

  /**
   * New connections get this certificate. The others go on, unless the CAs have changed (ClientCertificate.isCurrent). Throws when it
   * cannot be used.
   */
  adopt(tls: ServerTls): void {
    this.#server.setSecureContext(contextOptions(tls, this.#manner))
    this.#clientCa = tls.clientCa
  }

  /** Begins the handshake, now or when there is room. The socket's errors must be handled by the caller. */
  admit(socket: Socket, ip: string, isStranger: boolean, ready: Shaking['ready']): void {
    const isTaken = this.#handshakes.enter(socket, ip, isStranger, (ended) => {
      const key = keyOf(socket)
      this.#shaking.set(key, { ip, clientCa: this.#clientCa, ended, ready })
      socket.once(
        'close',
        guard('tls handshake', () => this.#end(key, 'failed', 'the peer closed the connection')),
      )
      this.#server.emit('connection', socket)
    })
    if (isTaken) return
    this.#note('no-room', ip)
    socket.destroy()
  }

  #onSecure(socket: TLSSocket): void {
    socket.on('error', () => undefined)
    const key = keyOf(socket)
    const shaking = this.#shaking.get(key)
    if (shaking === undefined) {
      socket.destroy()
      return
    }
    // RFC 9103 §7.1. OpenSSL refuses another protocol by itself.
    if (this.#manner.needsAlpn && socket.alpnProtocol !== this.#manner.alpn) {
      socket.destroy()
      this.#end(key, 'failed', 'the peer does not ask for DNS over TLS (ALPN dot)')
      return
    }
    this.#end(key, 'ok')
    const fault = socket.authorized ? undefined : faultOf(String(socket.authorizationError ?? ''), this.#manner.caSetting)
    const hasSameCa = (): boolean => this.#clientCa === shaking.clientCa
    shaking.ready(socket, new ClientCertificate(socket.getPeerX509Certificate(), fault, hasSameCa))
  }

  #end(key: string, outcome: HandshakeOutcome, why?: string): void {
    const shaking = this.#shaking.get(key)
    if (shaking === undefined) return
    this.#shaking.delete(key)
    shaking.ended()
    this.#note(outcome, shaking.ip, why)
  }

  close(): void {
    this.#handshakes.close()
  }
}

const keyOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`

const REASONS: Record<string, string> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the peer does not speak TLS 1.3',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'the peer asks for another protocol than DNS (ALPN dot)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the peer does not speak TLS',
  ERR_SSL_HTTP_REQUEST: 'the peer does not speak TLS',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'no handshake in time',
  ECONNRESET: 'the peer closed the connection',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the peer does not know the CA of this hub's certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the peer refuses this hub's certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the peer finds this hub's certificate expired",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the peer refuses this hub's certificate",
}

const reasonOf = (error: Error): string => {
  const { code } = error as { code?: string }
  return REASONS[code ?? ''] ?? code ?? error.message
}
