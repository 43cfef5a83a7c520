/**
 * A proxy between a hub's transfer server and its nodes that can change octets of the records that it passes on: a node then has
 * other content under the same serial, and the hub believes that it sent the released one. Nodes keep their source addresses.
 */
import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { findPort } from '../../lab/ports.js'

export interface TamperingProxy {
  ip: string
  port: number
  /** Each occurrence of `from` in what the hub sends over TCP becomes `to`; both have one length. */
  change: { from: Buffer; to: Buffer } | undefined
  /** The proxy loses the octets of the hub over TCP, which the hub believes to be sent. */
  isLosing: boolean
  stop(): Promise<void>
}

export async function startTamperingProxy(hub: { ip: string; port: number }): Promise<TamperingProxy> {
  const port = await findPort(hub.ip)
  const open = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    open.add(socket)
    return socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy())
  }
  const server = createServer((front) => {
    const back = keep(connect({ host: hub.ip, port: hub.port, localAddress: front.remoteAddress!.replace('::ffff:', '') }))
    keep(front).pipe(back)
    back.on('data', (octets) => void (proxy.isLosing ? undefined : front.write(changed(octets, proxy.change))))
    back.on('end', () => front.end()).on('close', () => front.destroy())
  })
  const udp = createSocket('udp4')
  udp.on('message', (query, { address, port: to }) => {
    const socket = createSocket('udp4')
    const timer = setTimeout(() => socket.close(), 2_000)
    socket.on('message', (answer) => {
      clearTimeout(timer)
      udp.send(answer, to, address)
      socket.close()
    })
    socket.bind(0, address, () => socket.send(query, hub.port, hub.ip))
  })
  await new Promise<void>((resolve) => server.listen(port, hub.ip, resolve))
  await new Promise<void>((resolve) => udp.bind(port, hub.ip, resolve))
  const proxy: TamperingProxy = {
    ip: hub.ip,
    port,
    change: undefined,
    isLosing: false,
    stop: async () => {
      for (const socket of open) socket.destroy()
      udp.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

function changed(octets: Buffer, change: TamperingProxy['change']): Buffer {
  if (change === undefined) return octets
  const copy = Buffer.from(octets)
  for (let at = copy.indexOf(change.from); at >= 0; at = copy.indexOf(change.from, at + 1)) change.to.copy(copy, at)
  return copy
}
