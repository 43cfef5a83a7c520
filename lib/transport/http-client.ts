/** One HTTP request and its whole answer, with limits on time and octets. No redirects: an API has none. */
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { guard } from '../runtime/guard.js'
import type { StreamLimits } from './stream-client.js'
import { refusedBy, StreamError } from './stream-errors.js'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers: Record<string, string>
  body?: string
  /** PEM text of the CAs for https; undefined: those of Node.js. */
  ca?: string | undefined
}

export interface HttpAnswer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: string
}

/** Throws StreamError. Its message never has the URL or a header: they may hold a secret. */
export function askHttp(
  { method, url, headers, body, ca }: HttpRequest,
  sources: readonly string[],
  limits: StreamLimits,
): Promise<HttpAnswer> {
  const target = new URL(url)
  const where = target.host
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const isHere = host === 'localhost' || host === '::1' || host.startsWith('127.')
  // By the family of the address: for a name, the routing table decides.
  const isAddress = /^[\d.]+$|:/.test(host)
  const source = isHere || !isAddress ? undefined : sources.find((ip) => ip.includes(':') === host.includes(':'))
  const request = target.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const sent = request(target, {
      method,
      agent: false,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
      ...(source === undefined ? {} : { localAddress: source }),
      ...(ca === undefined ? {} : { ca }),
      ...(target.protocol === 'https:' ? { minVersion: 'TLSv1.2' as const } : {}),
    })
    let isConnected = false
    const fail = (error: Error): void => {
      clearTimeout(timer)
      sent.on('error', () => undefined)
      sent.destroy()
      reject(error)
    }
    const late = (waitedMs: number) => () =>
      fail(
        isConnected
          ? new StreamError({ code: 'STREAM_SILENT', where, waitedMs }, `no answer in ${waitedMs} ms`)
          : new StreamError({ code: 'STREAM_NO_CONNECTION', where, waitedMs }, `no connection in ${waitedMs} ms`),
      )
    let timer = setTimeout(guard('http client', late(limits.connectMs)), limits.connectMs)
    sent.once('socket', (socket) => {
      socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        isConnected = true
        clearTimeout(timer)
        timer = setTimeout(guard('http client', late(limits.answerMs)), limits.answerMs)
      })
    })
    sent.once('error', (error: NodeJS.ErrnoException) => fail(httpError(where, error)))
    sent.once('response', (answer) => {
      const parts: Buffer[] = []
      let octets = 0
      answer.on(
        'data',
        guard('http client', (part: Buffer) => {
          octets += part.length
          parts.push(part)
          if (octets > limits.octets)
            fail(
              new StreamError(
                { code: 'STREAM_ENDLESS', where, octets: limits.octets },
                `its answer has over ${limits.octets} octets`,
              ),
            )
        }),
      )
      answer.once('end', () => {
        clearTimeout(timer)
        if (answer.complete)
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts).toString('utf8') })
      })
      answer.once('close', () => {
        if (!answer.complete)
          fail(new StreamError({ code: 'STREAM_CLOSED', where }, 'the peer closed the connection inside its answer'))
      })
      answer.on('error', () => undefined)
    })
    sent.end(body)
  })
}

function httpError(where: string, error: NodeJS.ErrnoException): StreamError {
  if (error.code?.startsWith('HPE_') === true)
    return new StreamError({ code: 'STREAM_NOT_TLS', where, errno: error.code }, 'the peer does not speak HTTP', { cause: error })
  return refusedBy(where, error)
}
