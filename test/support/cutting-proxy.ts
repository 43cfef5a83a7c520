/** A proxy in front of a primary that can cut its TCP answers off after some octets; datagrams always pass. */
import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { findPort } from '../../lab/ports.js'

export interface CuttingProxy {
  ip: string
  port: number
  /** Connections end after so many octets from the primary. */
  cutAfter: number
  /** Connections that were cut. */
  cuts: number
  stop(): void
}

/** Listens on the primary's address, so that its NOTIFYs come from there. */
export async function startCuttingProxy(target: { ip: string; port: number }): Promise<CuttingProxy> {
  const { ip } = target
  const port = await findPort(ip)
  const sockets = new Set<Socket | Datagrams>()
  const udp = createSocket('udp4')
  const proxy: CuttingProxy = {
    ip,
    port,
    cutAfter: Number.POSITIVE_INFINITY,
    cuts: 0,
    stop: () => {
      udp.close()
      tcp.close()
      for (const socket of sockets) 'destroy' in socket ? socket.destroy() : socket.close()
    },
  }
  udp.on('message', (request, from) => {
    const onward = createSocket('udp4')
    sockets.add(onward)
    const end = (): void => {
      clearTimeout(timer)
      if (sockets.delete(onward)) onward.close()
    }
    const timer = setTimeout(end, 2_000)
    onward.on('error', end)
    onward.on('message', (answer) => {
      udp.send(answer, from.port, from.address)
      end()
    })
    onward.send(request, target.port, target.ip)
  })
  const tcp = createServer((inner) => {
    const outer = connect({ host: target.ip, port: target.port })
    let octets = 0
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    inner.pipe(outer)
    outer.on('data', (data: Buffer) => {
      octets += data.length
      if (octets <= proxy.cutAfter) return void inner.write(data)
      proxy.cuts += 1
      inner.end(data.subarray(0, Math.max(0, data.length - (octets - proxy.cutAfter))))
      outer.destroy()
    })
  })
  await new Promise<void>((resolve) => udp.bind(port, ip, resolve))
  await new Promise<void>((resolve) => tcp.listen(port, ip, resolve))
  return proxy
}
