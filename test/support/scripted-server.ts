/**
 * A name server with scripted answers, over UDP and TCP: a primary or a node with faults that no real server can be made to
 * have. `zonePrimary` is one without faults.
 */
import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import { MessageFramer, frame } from '../../lib/dns/framing.js'
import { readMessage, type SmallMessage, writeAnswer } from '../../lib/dns/message.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { findPort } from '../../lab/ports.js'
import { axfrOf, messagesOf } from './prepared.js'

export interface Asked {
  message: SmallMessage
  octets: Buffer
  proto: 'udp' | 'tcp'
}

/** Messages in order; nothing at all; or the end of the connection. */
export type Reply = readonly Buffer[] | 'silence' | 'hang-up'
export type Script = (asked: Asked) => Reply | Promise<Reply>

export interface ScriptedServer {
  ip: string
  port: number
  /** Its behaviour from now on. */
  script: Script
  /** Types of the queries, such as `SOA udp`. */
  asked: string[]
  stop(): Promise<void>
}

const NAMES: Record<number, string> = { [TYPE.SOA]: 'SOA', [TYPE.AXFR]: 'AXFR', [TYPE.IXFR]: 'IXFR' }

export async function startScripted(script: Script, ip = '127.0.0.1'): Promise<ScriptedServer> {
  const port = await findPort(ip)
  const sockets = new Set<Socket>()
  const reply = async (octets: Buffer, proto: 'udp' | 'tcp'): Promise<Reply> => {
    const message = readMessage(octets)
    const opcode = (message.flags >> 11) & 15
    server.asked.push(`${opcode === 4 ? 'NOTIFY' : (NAMES[message.question?.type ?? 0] ?? '?')} ${proto}`)
    return await server.script({ message, octets, proto })
  }
  const udp = createSocket(ip.includes(':') ? 'udp6' : 'udp4')
  udp.on('message', (octets, from) => {
    void reply(octets, 'udp').then((messages) => {
      if (typeof messages !== 'string') for (const message of messages) udp.send(message, from.port, from.address)
    })
  })
  const tcp = createServer((socket) => {
    const framer = new MessageFramer()
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (octets) =>
      framer.push(octets, (message) => {
        void reply(Buffer.from(message), 'tcp').then((messages) => {
          if (messages === 'hang-up') socket.destroy()
          else if (messages !== 'silence') socket.write(Buffer.concat(messages.map(frame)))
        })
      }),
    )
  })
  await new Promise<void>((resolve) => udp.bind(port, ip, resolve))
  await new Promise<void>((resolve) => tcp.listen(port, ip, resolve))
  const server: ScriptedServer = {
    ip,
    port,
    script,
    asked: [],
    stop: async () => {
      udp.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => tcp.close(resolve))
    },
  }
  return server
}

/** An answer with an RCODE only. */
export const rcodeReply =
  (rcode: number): Script =>
  ({ message }) => [writeAnswer({ request: message, rcode })]

/** Serves the current contents: SOA, AXFR, and AXFR in answer to IXFR. */
export const zonePrimary =
  (contents: () => ZoneContents): Script =>
  async ({ message, proto }) => {
    const type = message.question?.type
    if (type === TYPE.SOA || proto === 'udp' || (message.flags & 0x7800) !== 0)
      return [writeAnswer({ request: message, rcode: 0, authoritative: true, answer: [contents().soa.stored] })]
    return messagesOf(await axfrOf(contents())).map((cut, i) => {
      cut.writeUInt16BE(message.id, 0)
      // The question of the first message is AXFR, like in the query.
      if (i === 0) cut.writeUInt16BE(type!, 12 + message.question!.name.length)
      return cut
    })
  }
