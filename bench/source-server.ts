/**
 * The primary of the large zone for every receiver, as a process of its own: a fast source, so that the measurement is about the
 * receiver. Answers REFUSED until a line on standard input: `go SERIAL` serves the zone by AXFR, `small SERIAL` one of five records,
 * `replace N` the next serial by AXFR only, with N other addresses, `change N` the next serial by IXFR only, with N records removed
 * and N added.
 *
 *   node --import tsx bench/source-server.ts IP PORT ZONE RECORDS [zonemd]
 */
import { createInterface } from 'node:readline'
import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import { MessageFramer, frame } from '../lib/dns/framing.js'
import { type AnswerParts, readQuestion, writeAnswer } from '../lib/dns/message.js'
import { TYPE } from '../lib/dns/rrtype.js'
import type { PreparedMessages } from '../lib/xfr/message-cutter.js'
import { SourceZone } from './source-zone.js'

const [ip = '127.0.0.1', portText = '0', zone = 'large.example.', recordsText = '1000', zonemd] = process.argv.slice(2)
const source = new SourceZone(zone, Number(recordsText), zonemd === 'zonemd')

const requestOf = (message: Buffer): AnswerParts['request'] => ({
  id: message.readUInt16BE(0),
  flags: message.readUInt16BE(2),
  question: readQuestion(message),
})

/** RFC 1995 §2: over UDP an SOA alone also means "ask again over TCP". */
const soaAnswer = (message: Buffer): Buffer =>
  source.serial === undefined
    ? writeAnswer({ request: requestOf(message), rcode: 5 })
    : writeAnswer({ request: requestOf(message), rcode: 0, authoritative: true, answer: [source.soa] })

const udp = createSocket('udp4')
udp.on('message', (message, from) => udp.send(soaAnswer(message), from.port, from.address))

function answerTcp(socket: Socket, message: Buffer): void {
  const { type } = readQuestion(message)
  const isTransfer = type === TYPE.AXFR || type === TYPE.IXFR
  if (!isTransfer || source.serial === undefined) {
    socket.write(frame(soaAnswer(message)))
    return
  }
  const prepared = type === TYPE.IXFR ? (source.difference ?? source.whole) : source.whole
  if (prepared) sendPrepared(socket, message, prepared, type)
  else socket.write(frame(writeAnswer({ request: requestOf(message), rcode: 5 })))
}

function sendPrepared(socket: Socket, message: Buffer, prepared: PreparedMessages, type: number): void {
  for (const [i, block] of prepared.blocks.entries()) {
    const copy = Buffer.from(block)
    for (let o = 0; o < copy.length; o += 2 + copy.readUInt16BE(o)) message.copy(copy, o + 2, 0, 2)
    if (i === 0) copy.writeUInt16BE(type, 2 + 12 + prepared.questionOctets - 4)
    socket.write(copy)
  }
}

const tcp = createServer({ noDelay: true }, (socket) => {
  const framer = new MessageFramer()
  socket.on('error', () => undefined)
  socket.on('data', (octets) => framer.push(octets, (message) => answerTcp(socket, message)))
})

async function obey(line: string): Promise<void> {
  const [word, number] = line.split(' ')
  if (word === 'go') await source.serveWhole(Number(number))
  else if (word === 'small') await source.serveSmall(Number(number))
  else if (word === 'replace') await source.replace(Number(number))
  else await source.change(Number(number))
  process.stdout.write(`serving ${source.serial}\n`)
}

udp.bind(Number(portText), ip)
tcp.listen(Number(portText), ip, () => process.stdout.write('ready\n'))
createInterface({ input: process.stdin })
  .on('line', (line) => void obey(line))
  .on('close', () => process.exit(0))
