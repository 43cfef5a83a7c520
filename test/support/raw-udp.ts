/** One datagram to a server, and its answer. */
import { createSocket } from 'node:dgram'

/** Undefined without an answer within `withinMs`. */
export function askUdp(
  to: { ip: string; port: number },
  message: Buffer,
  options: { source?: string; withinMs?: number } = {},
): Promise<Buffer | undefined> {
  const { source, withinMs = 2000 } = options
  return new Promise((resolve, reject) => {
    const socket = createSocket(to.ip.includes(':') ? 'udp6' : 'udp4')
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const timer = setTimeout(() => finish(undefined), withinMs)
    socket.once('error', reject)
    socket.once('message', finish)
    socket.bind({ port: 0, ...(source === undefined ? {} : { address: source }) }, () => socket.send(message, to.port, to.ip))
  })
}
