/**
 * The primary that every receiver takes the large zone from, as a process of its own: a fast source, so that the receiver is
 * what is measured. Silent (REFUSED) until it is told `go SERIAL` on standard input.
 *
 *   node --import tsx bench/source-server.ts IP PORT ZONE RECORDS
 */
import { createInterface } from 'node:readline'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { MessageFramer, frame } from '../lib/dns/framing.js'
import { readQuestion, writeAnswer } from '../lib/dns/message.js'
import { nameToWire } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { pause } from '../lib/runtime/clock.js'
import type { PreparedMessages } from '../lib/xfr/message-cutter.js'
import { cutAxfr } from '../lib/xfr/outbound.js'
import { fillZone, soaRecord } from './large-zone.js'

const [ip = '127.0.0.1', portText = '0', zone = 'large.example.', recordsText = '1000'] = process.argv.slice(2)
const apex = nameToWire(zone)
let serial: number | undefined
let soa = soaRecord(zone, 1)
let prepared: PreparedMessages

const contents = fillZone(zone, Number(recordsText), 1)
const view = contents.view()

async function go(next: number): Promise<void> {
  soa = soaRecord(zone, next)
  prepared = await cutAxfr(apex, soa, view, pause)
  serial = next
  process.stdout.write(`serving ${next}\n`)
}

function answer(message: Buffer): Buffer | 'axfr' {
  const question = readQuestion(message)
  const request = { id: message.readUInt16BE(0), flags: message.readUInt16BE(2), question }
  if (serial === undefined) return writeAnswer({ request, rcode: 5 })
  if (question.type === TYPE.AXFR || question.type === TYPE.IXFR) return 'axfr'
  return writeAnswer({ request, rcode: 0, authoritative: true, answer: [soa] })
}

const udp = createSocket('udp4')
udp.on('message', (message, from) => {
  const reply = answer(message)
  // RFC 1995 §2: over UDP the SOA alone says "ask again over TCP".
  const out =
    reply === 'axfr'
      ? writeAnswer({
          request: { id: message.readUInt16BE(0), flags: message.readUInt16BE(2), question: readQuestion(message) },
          rcode: 0,
          authoritative: true,
          answer: [soa],
        })
      : reply
  udp.send(out, from.port, from.address)
})

const tcp = createServer({ noDelay: true }, (socket) => {
  const framer = new MessageFramer()
  socket.on('error', () => undefined)
  socket.on('data', (octets) =>
    framer.push(octets, (message) => {
      const reply = answer(message)
      if (reply !== 'axfr') {
        socket.write(frame(reply))
        return
      }
      const { type } = readQuestion(message)
      for (const [i, block] of prepared.blocks.entries()) {
        const copy = Buffer.from(block)
        for (let o = 0; o < copy.length; o += 2 + copy.readUInt16BE(o)) message.copy(copy, o + 2, 0, 2)
        if (i === 0) copy.writeUInt16BE(type, 2 + 12 + apex.length)
        socket.write(copy)
      }
    }),
  )
})

udp.bind(Number(portText), ip)
tcp.listen(Number(portText), ip, () => process.stdout.write('ready\n'))
createInterface({ input: process.stdin })
  .on('line', (line) => void go(Number(line.split(' ')[1])))
  .on('close', () => process.exit(0))
