/** HTTP requests over TLS: with CAs of one's own, a client certificate, or the pinned key of the server. */
import { request } from 'node:https'
import { Readable } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { pinOf } from './tls-remote.js'

export interface HubTls {
  /** PEM; undefined: the public CAs of Node.js. */
  ca: string | undefined
  /** The client certificate and its key, PEM. */
  cert: string | undefined
  key: string | undefined
  /** Public key of the server, which replaces CA and name: base64 of its SHA-256. */
  pin: string | undefined
}

export interface HubRequest {
  method: string
  headers: Record<string, string>
  body?: string
  signal: AbortSignal
}

/** The server has another key than the config. */
export class OtherKeyError extends Error {
  override readonly name = 'OtherKeyError'
}

/** Resolves with the head of the answer; the body streams. Rejects with the error of the connection, or OtherKeyError. */
export function requestOverTls(url: URL, { method, headers, body, signal }: HubRequest, tls: HubTls): Promise<Response> {
  const { ca, cert, key, pin } = tls
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
      signal,
      createConnection: (options) => {
        const host = url.hostname.replace(/^\[|\]$/g, '')
        const socket = connect({
          ...{ host, port: Number(url.port || 443), minVersion: 'TLSv1.2', ca, cert, key },
          ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
          ALPNProtocols: ['http/1.1'],
          rejectUnauthorized: pin === undefined,
          ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
        })
        if (pin !== undefined) socket.once('secureConnect', () => expectPin(socket, pin))
        return socket
      },
    })
    sent.once('error', reject)
    sent.once('response', (answer) => {
      const status = answer.statusCode ?? 0
      if (status < 200 || (status >= 300 && status < 400)) {
        answer.destroy()
        return reject(new Error(`redirected (${status})`))
      }
      const given = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
      )
      const hasBody = status !== 204 && status !== 304
      const stream = hasBody ? (Readable.toWeb(answer) as ReadableStream<Uint8Array>) : null
      resolve(new Response(stream, { status, headers: given }))
    })
    sent.end(body)
  })
}

function expectPin(socket: TLSSocket, pin: string): void {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined || pinOf(certificate) !== pin) socket.destroy(new OtherKeyError())
}
