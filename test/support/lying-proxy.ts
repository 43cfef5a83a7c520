/** A node behind a UDP proxy that can spoil its answers; its transfers bypass the proxy. */
import { createSocket, type Socket } from 'node:dgram'

export interface LyingProxy {
  ip: string
  port: number
  /** Answers to these types become SERVFAIL. */
  spoils: (type: number) => boolean
  stop(): void
}

export async function startLyingProxy(node: { ip: string; port: number }): Promise<LyingProxy> {
  const front = createSocket('udp4')
  const behind = new Set<Socket>()
  await new Promise<void>((resolve) => front.bind(0, node.ip, resolve))
  const proxy: LyingProxy = {
    ip: node.ip,
    port: front.address().port,
    spoils: () => false,
    stop: () => {
      front.close()
      for (const socket of behind) socket.close()
    },
  }
  front.on('message', (query, from) => {
    const socket = createSocket('udp4')
    behind.add(socket)
    const end = (): void => {
      clearTimeout(timer)
      if (behind.delete(socket)) socket.close()
    }
    const timer = setTimeout(end, 2_000)
    socket.on('error', end)
    socket.on('message', (answer) => {
      if ((query[2]! & 0x78) === 0 && proxy.spoils(typeOf(query))) answer[3] = (answer[3]! & 0xf0) | 2
      front.send(answer, from.port, from.address)
      end()
    })
    // From the hub's address: the node accepts NOTIFY from it.
    socket.bind(0, from.address, () => socket.send(query, node.port, node.ip))
  })
  return proxy
}

function typeOf(query: Buffer): number {
  let at = 12
  while (query[at] !== 0) at += 1 + query[at]!
  return query.readUInt16BE(at + 1)
}
