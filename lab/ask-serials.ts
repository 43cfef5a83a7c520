/** Queries a server for the serials of many zones, over one UDP socket. */
import { createSocket } from 'node:dgram'
import { nameToWire } from '../lib/dns/name.js'
import { readAnswer } from './ask-serial.js'

/** Queries without an answer yet: below what a busy server's socket holds. */
const WINDOW = 64
const TRIES = 5
const TRY_MS = 400

/**
 * The serial of each zone that the server answers for, undefined when its answer has no SOA. A zone without any answer after all
 * tries is missing: that may be a lost datagram.
 */
export function askSerials(
  server: { ip: string; port: number },
  zones: readonly string[],
): Promise<Map<string, number | undefined>> {
  const found = new Map<string, number | undefined>()
  const open = new Map<number, { zone: string; query: Buffer; triesLeft: number; at: number }>()
  let next = 0
  return new Promise((resolve) => {
    const socket = createSocket(server.ip.includes(':') ? 'udp6' : 'udp4')
    const send = (query: Buffer): void => socket.send(query, () => undefined)
    const fill = (): void => {
      while (open.size < WINDOW && next < zones.length) {
        const zone = zones[next]!
        const head = Buffer.from([next >> 8, next & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        const query = Buffer.concat([head, nameToWire(zone), Buffer.from([0, 6, 0, 1])])
        open.set(next & 0xffff, { zone, query, triesLeft: TRIES - 1, at: performance.now() })
        next += 1
        send(query)
      }
      if (open.size > 0) return
      clearInterval(timer)
      socket.close()
      resolve(found)
    }
    const timer = setInterval(() => {
      for (const [id, asked] of open) {
        if (performance.now() - asked.at < TRY_MS) continue
        asked.at = performance.now()
        if (asked.triesLeft-- > 0) send(asked.query)
        else open.delete(id)
      }
      fill()
    }, 50)
    // Refused by the kernel: no server listens.
    socket.on('error', () => undefined)
    socket.on('message', (message) => {
      const id = message.length >= 12 ? message.readUInt16BE(0) : -1
      const asked = open.get(id)
      if (asked === undefined) return
      open.delete(id)
      found.set(asked.zone, readAnswer(message, asked.query.length).serial)
      fill()
    })
    socket.connect(server.port, server.ip, fill)
  })
}
