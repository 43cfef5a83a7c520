/**
 * The sockets of an HTTP server: plain, or over TLS. Handshakes have limits of their own, so that a peer that never ends one keeps no
 * other caller out. New certificates count for new connections; running requests go on.
 */
import type { IncomingMessage, Server as HttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { guard } from '../runtime/guard.js'
import type { ClientCertificate } from './client-certificate.js'
import { type NoteHandshake, type ServerTls, TlsDoor, type TlsManner } from './tls-door.js'

const HANDSHAKE_LIMITS: TlsManner['limits'] = {
  // A browser opens six connections at once.
  known: 8,
  stranger: 8,
  strangers: 256,
  waiting: 64,
  total: 512,
  keepMs: { known: 32, stranger: 200 },
  waitMs: 10_000,
}

/** Forward secrecy and authenticated encryption alone, which every browser has (RFC 9325 §4.2). */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')

const mannerOf = (requestCert: boolean): TlsManner => ({
  alpn: 'http/1.1',
  needsAlpn: false,
  minVersion: 'TLSv1.2',
  ciphers: CIPHERS,
  requestCert,
  caSetting: 'api.tls.clientCa',
  limits: HANDSHAKE_LIMITS,
})

export interface ListenerParts {
  /** Gets each new connection, after its handshake. */
  take: (socket: Socket) => void
  /** Names the peer for the limits of handshakes. */
  peerKeyOf: (socket: Socket) => string
  /** More connections are closed unread. */
  maxConnections: number
  note: NoteHandshake
}

export class HttpListener {
  readonly #http: HttpServer
  /** Where TLS is configured, connections come from here. */
  readonly #tcp: Server | undefined
  readonly #door: TlsDoor | undefined
  readonly #certificates = new WeakMap<object, ClientCertificate>()
  #tls: ServerTls | undefined

  /** `asksForCertificate`: clients are asked for one in the handshake. */
  constructor(
    http: HttpServer,
    tls: ServerTls | undefined,
    asksForCertificate: boolean,
    { take: taken, peerKeyOf, maxConnections, note }: ListenerParts,
  ) {
    this.#http = http
    this.#tls = tls
    const take = guard('api connection', taken)
    if (tls === undefined) {
      http.maxConnections = maxConnections
      http.on('connection', take)
      return
    }
    const door = new TlsDoor(tls, note, mannerOf(asksForCertificate))
    this.#door = door
    this.#tcp = createServer({ noDelay: true })
    this.#tcp.maxConnections = maxConnections
    // From then on Node.js limits the time of requests and knows idle connections, which it does for a server that listens.
    this.#tcp.once('listening', () => http.emit('listening'))
    this.#tcp.on(
      'connection',
      guard('api connection', (socket: Socket) => {
        socket.on('error', () => undefined)
        door.admit(socket, peerKeyOf(socket), false, (secure, certificate) => {
          this.#certificates.set(secure, certificate)
          take(secure)
          if (!secure.destroyed) http.emit('connection', secure)
        })
      }),
    )
  }

  /** The server that listens. */
  get server(): Server {
    return this.#tcp ?? this.#http
  }

  /** The certificate of the caller; undefined without one, and when a new handshake would verify it with another result. */
  readonly certificateOf = ({ socket }: IncomingMessage): ClientCertificate | undefined => {
    const shown = this.#certificates.get(socket)
    return shown?.exists && shown.isCurrent() ? shown : undefined
  }

  /** True when the caller needs a new connection for its certificate to count. */
  isStale({ socket }: IncomingMessage): boolean {
    return this.#certificates.get(socket)?.isCurrent() === false
  }

  /** Throws when the certificate cannot be used. */
  adopt(tls: ServerTls | undefined): void {
    if (tls === undefined || this.#door === undefined || JSON.stringify(tls) === JSON.stringify(this.#tls)) return
    this.#door.adopt(tls)
    this.#tls = tls
  }

  close(): void {
    this.#tcp?.close()
    this.#door?.close()
    this.#http.close()
    this.#http.closeIdleConnections()
  }
}
