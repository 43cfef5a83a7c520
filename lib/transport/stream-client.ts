/**
 * Exchanges of octets over one connection: TCP, TLS or a Unix socket. A request goes out, and a reader takes octets until it has
 * the whole answer. Time and octets have limits, so that a peer that is silent, or sends for ever, costs a bounded amount.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import { type Endpoint, endpointText } from '../dns/endpoint.js'
import { guard } from '../runtime/guard.js'
import { refusedBy, StreamError } from './stream-errors.js'

/** PEM texts. The peer must have a certificate that `ca` has or signed, and must not show the client's own. */
export interface ClientTls {
  ca: string
  cert: string
  key: string
}

export type StreamTarget =
  | { kind: 'tcp'; to: Endpoint }
  | { kind: 'tls'; to: Endpoint; tls: ClientTls }
  | { kind: 'unix'; path: string }

export interface StreamLimits {
  connectMs: number
  /** Longest wait for the end of an answer. */
  answerMs: number
  /** Most octets in one answer. */
  octets: number
}

/** Collects one answer. */
export interface StreamReader {
  /** True when the answer is whole. May throw: the exchange fails with that error. */
  push(octets: Buffer): boolean
  /** The answer ends with the connection. */
  readonly endsWithStream?: boolean
}

interface Exchange {
  reader: StreamReader
  octets: number
  resolve: () => void
  reject: (error: Error) => void
}

export const targetText = (target: StreamTarget): string => (target.kind === 'unix' ? target.path : endpointText(target.to))

export class StreamClient {
  readonly #socket: Socket
  readonly #where: string
  readonly #limits: StreamLimits
  #exchange: Exchange | undefined
  #timer: NodeJS.Timeout | undefined
  #failure: Error | undefined

  private constructor(socket: Socket, where: string, limits: StreamLimits) {
    this.#socket = socket
    this.#where = where
    this.#limits = limits
    socket.on(
      'data',
      guard('stream client', (octets: Buffer) => this.#onData(octets)),
    )
    const onEnd = guard('stream client', () => this.#onEnd())
    socket.on('end', onEnd).on('close', onEnd)
    socket.on(
      'error',
      guard('stream client', (error: unknown) => this.#fail(refusedBy(where, error))),
    )
  }

  /** Throws StreamError. `sources`: local addresses, of which the one of the family is used; none towards this machine itself. */
  static open(target: StreamTarget, sources: readonly string[], limits: StreamLimits): Promise<StreamClient> {
    const where = targetText(target)
    return new Promise((resolve, reject) => {
      const socket = socketTo(target, sources)
      const give = (act: () => void): void => {
        clearTimeout(timer)
        socket.removeAllListeners()
        act()
      }
      const fail = (error: Error): void =>
        give(() => {
          // An error after this one has no reader.
          socket.on('error', () => undefined)
          socket.destroy()
          reject(error)
        })
      const timer = setTimeout(
        () =>
          fail(
            new StreamError(
              { code: 'STREAM_NO_CONNECTION', where, waitedMs: limits.connectMs },
              `no connection in ${limits.connectMs} ms`,
            ),
          ),
        limits.connectMs,
      )
      socket.once('error', (error) => fail(refusedBy(where, error)))
      socket.once('close', () => fail(new StreamError({ code: 'STREAM_CLOSED', where }, 'the peer closed the connection')))
      socket.once(target.kind === 'tls' ? 'secureConnect' : 'connect', () =>
        give(() => resolve(new StreamClient(socket, where, limits))),
      )
    })
  }

  /** One at a time. Throws StreamError, and any error of the reader; both end the connection. */
  exchange(request: Buffer, reader: StreamReader): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#exchange = { reader, octets: 0, resolve, reject }
      const { answerMs } = this.#limits
      const isLate = guard('stream client', () =>
        this.#fail(
          new StreamError({ code: 'STREAM_SILENT', where: this.#where, waitedMs: answerMs }, `no answer in ${answerMs} ms`),
        ),
      )
      this.#timer = setTimeout(isLate, answerMs)
      this.#socket.write(request)
    })
  }

  #onData(octets: Buffer): void {
    const exchange = this.#exchange
    // Nothing was asked: what follows would be read as the next answer.
    if (exchange === undefined) {
      this.close()
      return
    }
    exchange.octets += octets.length
    if (exchange.octets > this.#limits.octets) {
      const { octets: most } = this.#limits
      this.#fail(
        new StreamError({ code: 'STREAM_ENDLESS', where: this.#where, octets: most }, `its answer has over ${most} octets`),
      )
      return
    }
    try {
      if (exchange.reader.push(octets)) this.#finish(exchange)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #onEnd(): void {
    const exchange = this.#exchange
    if (exchange?.reader.endsWithStream === true && exchange.octets > 0) this.#finish(exchange)
    this.#fail(new StreamError({ code: 'STREAM_CLOSED', where: this.#where }, 'the peer closed the connection without an answer'))
  }

  #finish(exchange: Exchange): void {
    clearTimeout(this.#timer)
    this.#exchange = undefined
    exchange.resolve()
  }

  #fail(error: Error): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#failure ??= error
    this.close()
    exchange?.reject(error)
  }

  /** Sends the last octets, if any, and ends the connection. */
  close(last?: Buffer): void {
    clearTimeout(this.#timer)
    this.#failure ??= new StreamError({ code: 'STREAM_CLOSED', where: this.#where }, 'the connection is closed')
    if (last !== undefined && this.#socket.writable) {
      this.#socket.end(last)
      this.#socket.setTimeout(this.#limits.connectMs, () => this.#socket.destroy())
      // The peer may send on; the octets are dropped.
      this.#socket.on('end', () => this.#socket.destroy())
    } else this.#socket.destroy()
  }
}

function socketTo(target: StreamTarget, sources: readonly string[]): Socket {
  if (target.kind === 'unix') return connect({ path: target.path })
  const { ip: host, port } = target.to
  const isHere = host === '::1' || host.startsWith('127.')
  const source = isHere ? undefined : sources.find((ip) => ip.includes(':') === host.includes(':'))
  const local = source === undefined ? {} : { localAddress: source }
  if (target.kind === 'tcp') return connect({ host, port, noDelay: true, ...local })
  const { ca, cert, key } = target.tls
  const options = { host, port, ca, cert, key, minVersion: 'TLSv1.3' as const, ...local }
  const socket = connectTls({ ...options, checkServerIdentity: (_host, peer) => refuseOwn(peer, cert) })
  socket.setNoDelay(true)
  return socket
}

/** A client's certificate is signed by the same CA, so a holder of one could otherwise play the server. */
function refuseOwn(peer: PeerCertificate, cert: string): Error | undefined {
  const own = /-----BEGIN CERTIFICATE-----([\s\S]+?)-----END CERTIFICATE-----/.exec(cert)?.[1]?.replace(/\s/g, '')
  if (own !== peer.raw?.toString('base64')) return undefined
  return Object.assign(new Error('the peer shows the certificate of the client'), { code: 'CERT_OF_CLIENT' })
}
