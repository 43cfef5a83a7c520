/**
 * A primary with many small zones, all at one serial. `bump` on standard input raises it, sends the distributor a NOTIFY for
 * every zone, and prints the new serial when all NOTIFYs are out. An unanswered NOTIFY is sent again (RFC 1996 §3.6), and zones
 * have short timers, so that a server recovers its losses in the rush.
 *
 *   node --import tsx bench/many-zones-primary.ts IP PORT ZONES NOTIFY-IP NOTIFY-PORT
 */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { frame, MessageFramer } from '../lib/dns/framing.js'
import { readQuestion, writeAnswer, writeNotify } from '../lib/dns/message.js'
import { nameToWire, wireToName } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { soaRecord, storedRecord } from './large-zone.js'

const [ip = '127.0.0.1', port = '0', count = '10', toldIp = '127.0.0.1', toldPort = '0'] = process.argv.slice(2)
let serial = 1
/** NOTIFYs sent before other work runs: a burst larger than a socket's buffer would be lost. */
const BURST = 50
const NOTIFY_AGAIN_MS = 1_000
const NOTIFIES = 5
/** REFRESH and RETRY. */
const TIMERS = [60, 2] as const

/** Zones whose NOTIFY of this serial is unanswered, by its message id: so there are at most 65,536. */
const unanswered = new Set<number>()

/** All records of the zone in one message: SOA, NS, four addresses, SOA. */
function answer(message: Buffer): Buffer {
  const question = readQuestion(message)
  const zone = wireToName(question.name)
  const soa = soaRecord(zone, serial, TIMERS)
  const request = { id: message.readUInt16BE(0), flags: message.readUInt16BE(2), question }
  const whole = [
    soa,
    storedRecord(zone, TYPE.NS, 3600, nameToWire(`ns1.${zone}`)),
    ...[1, 2, 3, 4].map((i) => storedRecord(`ns${i}.${zone}`, TYPE.A, 3600, Buffer.from([192, 0, serial & 255, i]))),
    soa,
  ]
  const isTransfer = question.type === TYPE.AXFR || question.type === TYPE.IXFR
  return writeAnswer({ request, rcode: 0, authoritative: true, answer: isTransfer ? whole : [soa] })
}

const udp = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 })
udp.on('message', (message, from) => {
  if ((message[2]! & 0x80) !== 0) {
    unanswered.delete(message.readUInt16BE(0))
    return
  }
  const type = readQuestion(message).type
  const query = type === TYPE.IXFR ? Buffer.from(message) : message
  // RFC 1995 §2: over UDP an SOA alone means "ask again over TCP".
  if (type === TYPE.IXFR) query.writeUInt16BE(TYPE.SOA, readQuestion(message).end - 4)
  udp.send(answer(query), from.port, from.address)
})

const tcp = createServer({ noDelay: true }, (socket) => {
  const framer = new MessageFramer()
  socket.on('error', () => undefined)
  socket.on('data', (octets) => framer.push(octets, (message) => socket.write(frame(answer(message)))))
})

async function notifyAll(told: number): Promise<void> {
  let sent = 0
  for (const i of unanswered) {
    if (serial !== told) return
    const zone = `z${i}.many.example.`
    udp.send(writeNotify(i, nameToWire(zone), soaRecord(zone, serial, TIMERS)), Number(toldPort), toldIp)
    if (++sent % BURST === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

async function bump(): Promise<void> {
  serial += 1
  const told = serial
  for (let i = 0; i < Number(count); i++) unanswered.add(i)
  await notifyAll(told)
  process.stdout.write(`${told}\n`)
  for (let i = 1; i < NOTIFIES && unanswered.size > 0 && serial === told; i++) {
    await new Promise((resolve) => setTimeout(resolve, NOTIFY_AGAIN_MS))
    await notifyAll(told)
  }
}

udp.bind(Number(port), ip)
tcp.listen({ port: Number(port), host: ip, backlog: 1024 }, () => process.stdout.write('ready\n'))
createInterface({ input: process.stdin })
  .on('line', () => void bump())
  .on('close', () => process.exit(0))
