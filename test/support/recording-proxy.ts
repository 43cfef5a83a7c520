/** A proxy on loopback that records UDP and TCP, message by message. */
import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { MessageFramer, frame } from '../../lib/dns/framing.js'
import { findPort } from '../../lab/ports.js'
import type { Said } from './conversation.js'

export interface RecordingProxy {
  ip: string
  port: number
  messages: Said[]
  stop(): void
}

/** Without a target it only receives and never answers. */
export async function startProxy(target: { ip: string; port: number } | undefined): Promise<RecordingProxy> {
  const ip = '127.0.0.1'
  const port = await findPort(ip)
  const messages: Said[] = []
  const sockets = new Set<Socket>()
  const udp = createSocket('udp4')
  udp.on('message', (request, from) => {
    messages.push({ by: 'asker', octets: Buffer.from(request) })
    if (!target) return
    const onward = createSocket('udp4')
    onward.once('message', (answer) => {
      messages.push({ by: 'server', octets: Buffer.from(answer) })
      udp.send(answer, from.port, from.address)
      onward.close()
    })
    onward.send(request, target.port, target.ip)
  })
  const tcp = createServer((inner) => {
    const pass = (from: Socket, to: Socket | undefined, by: Said['by']): void => {
      const framer = new MessageFramer()
      sockets.add(from)
      from.on('data', (octets) =>
        framer.push(octets, (message) => {
          messages.push({ by, octets: Buffer.from(message) })
          to?.write(frame(message))
        }),
      )
      from.on('error', () => undefined)
      from.on('close', () => to?.destroy())
    }
    const outer = target && connect({ host: target.ip, port: target.port })
    pass(inner, outer, 'asker')
    if (outer) pass(outer, inner, 'server')
  })
  await new Promise<void>((resolve) => udp.bind(port, ip, resolve))
  await new Promise<void>((resolve) => tcp.listen(port, ip, resolve))
  return {
    ip,
    port,
    messages,
    stop: () => {
      udp.close()
      tcp.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
