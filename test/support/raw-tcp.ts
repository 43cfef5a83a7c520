/** Raw octets to a server over TCP or TLS, and complete messages back, for octets that no resolver library would send. */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { LabCertificate } from '../../lab/certificates.js'
import { MessageFramer } from '../../lib/dns/framing.js'

export interface RawConnection {
  socket: Socket
  /** Messages so far. */
  answers: Buffer[]
  /** Resolves when there are `count` messages, or the server has closed; rejects after `withinMs`. */
  until(count: number, withinMs?: number): Promise<Buffer[]>
  /** Resolves when the server has closed. */
  closed(withinMs?: number): Promise<void>
}

/** `certificate`: over TLS, and shown to the server, whose own certificate is accepted whatever it is. */
export function connectRaw(
  to: { ip: string; port: number },
  localAddress?: string,
  certificate?: Pick<LabCertificate, 'cert' | 'key'>,
): Promise<RawConnection> {
  const place = { host: to.ip, port: to.port, ...(localAddress === undefined ? {} : { localAddress }) }
  const socket: Socket =
    certificate === undefined
      ? connect(place)
      : connectTls({
          ...place,
          ALPNProtocols: ['dot'],
          rejectUnauthorized: false,
          cert: readFileSync(certificate.cert),
          key: readFileSync(certificate.key),
        })
  const framer = new MessageFramer()
  const answers: Buffer[] = []
  const waiting = new Set<() => void>()
  let isClosed = false
  const tell = (): void => {
    for (const look of waiting) look()
  }
  socket.on('data', (octets) => {
    framer.push(octets, (message) => answers.push(Buffer.from(message)))
    tell()
  })
  socket.on('close', () => {
    isClosed = true
    tell()
  })
  const waitFor = (what: string, isDone: () => boolean, withinMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!isDone()) return
        clearTimeout(timer)
        waiting.delete(look)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(look)
        reject(new Error(`${what} within ${withinMs} ms: ${answers.length} messages so far`))
      }, withinMs)
      waiting.add(look)
      look()
    })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once(certificate === undefined ? 'connect' : 'secureConnect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined)
      resolve({
        socket,
        answers,
        until: async (count, withinMs = 10_000) => {
          await waitFor(`${count} messages`, () => answers.length >= count || isClosed, withinMs)
          return answers
        },
        closed: (withinMs = 10_000) => waitFor('no end of the connection', () => isClosed, withinMs),
      })
    })
  })
}

/** Sends octets unchanged and receives `count` messages. */
export async function askRaw(to: { ip: string; port: number }, octets: Buffer, count: number): Promise<Buffer[]> {
  const connection = await connectRaw(to)
  connection.socket.write(octets)
  const answers = await connection.until(count)
  connection.socket.destroy()
  return answers
}
