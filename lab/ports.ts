/** Free ports on loopback, for UDP and TCP at once. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { LabError } from './errors.js'

// Below Linux's range for outgoing connections (32768 and up), so that no outgoing connection uses the port before the server
// does.
const FIRST = 20_000
const LAST = 31_999

/**
 * Starts at a port that differs by process: two labs on one machine search in different places, far from each other even where
 * their process ids are neighbours.
 */
const STRIDE = 1009
let next = FIRST + ((process.pid * STRIDE) % (LAST - FIRST))

/** Never returns a port twice in one process. */
export async function findPort(ip = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < LAST - FIRST; tries++) {
    const port = next
    next = next >= LAST ? FIRST : next + 1
    if ((await isFreeTcp(ip, port)) && (await isFreeUdp(ip, port))) return port
  }
  throw new LabError(
    { code: 'LAB_NO_PORT', ip },
    `no port between ${FIRST} and ${LAST} is free on ${ip}: stop programs that use them`,
  )
}

function isFreeTcp(ip: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: ip, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function isFreeUdp(ip: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4')
    socket.once('error', () => socket.close(() => resolve(false)))
    socket.bind({ address: ip, port, exclusive: true }, () => socket.close(() => resolve(true)))
  })
}
