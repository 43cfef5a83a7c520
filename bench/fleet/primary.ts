/**
 * A simulated primary of any number of small zones: SOA, AXFR and IXFR from templates; its state is one serial per zone.
 *
 *   node --import tsx bench/fleet/primary.ts IP PORT ZONES HUB-IP HUB-PORT [KEY as JSON]
 *
 * Over IPC, { bump: { from, to, pace } } raises the serial of the zones in the range by one and sends the hub a NOTIFY for each,
 * `pace` per second; the answer is { bumped: milliseconds since 1970 } at once. A NOTIFY without an answer is sent again after a
 * second (RFC 1996 §3.6), five times in all. { report: true } is answered with counts.
 */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { MessageFramer } from '../../lib/dns/framing.js'
import { RCODE } from '../../lib/dns/rcode.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import type { LabKey } from '../../lab/server.js'
import { clientSerial } from './received.js'
import { Signing } from './signing.js'
import { axfrAnswer, isAnswer, ixfrAnswer, notifyOf, QUESTION_END, shortAnswer, soaAnswer, typeOf, zoneOf } from './wire.js'

const [ip = '127.0.0.1', port = '0', count = '10', hubIp = '127.0.0.1', hubPort = '0', keyText] = process.argv.slice(2)
const serials = new Uint32Array(Number(count)).fill(1)
const signing = keyText === undefined ? undefined : new Signing(JSON.parse(keyText) as LabKey)
/** NOTIFYs without an answer so far, by zone. */
const unanswered = new Uint8Array(serials.length)
/** The zone of the latest NOTIFY with an id. */
const zoneOfId = new Uint32Array(0x10000)
const NOTIFIES = 5
const NOTIFY_AGAIN_MS = 1000
const SLICE_MS = 5
const counts = { axfr: 0, ixfr: 0, soa: 0, notifies: 0 }

function answer(request: Buffer, isStream: boolean): Buffer | undefined {
  const unsigned = (message: Buffer) => answerTo(message, isStream)
  return signing ? signing.answer(request, unsigned) : unsigned(request)
}

function answerTo(request: Buffer, isStream: boolean): Buffer {
  const zone = zoneOf(request)
  if (zone < 0 || zone >= serials.length) return shortAnswer(request, RCODE.REFUSED)
  const serial = serials[zone]!
  const type = typeOf(request)
  if (isStream && type === TYPE.IXFR) {
    const current = clientSerial(request, zone)
    counts.ixfr++
    if (current > 0 && current < serial) return ixfrAnswer(request, serial, current)
    return current === serial ? soaAnswer(request, serial) : axfrAnswer(request, serial)
  }
  if (isStream && type === TYPE.AXFR) {
    counts.axfr++
    return axfrAnswer(request, serial)
  }
  counts.soa++
  // RFC 1995 §2: over UDP an SOA alone means "ask again over TCP".
  return soaAnswer(request, serial)
}

const udp = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 })
udp.on('message', (message, from) => {
  if (message.length < 12) return
  if (isAnswer(message)) {
    unanswered[zoneOfId[message.readUInt16BE(0)]!] = 0
    return
  }
  const answered = message.length >= QUESTION_END ? answer(message, false) : undefined
  if (answered) udp.send(answered.subarray(2), from.port, from.address)
})

const tcp = createServer({ noDelay: true }, (socket) => {
  const framer = new MessageFramer()
  socket.on('error', () => undefined)
  socket.on('data', (octets) => {
    socket.cork()
    framer.push(octets, (message) => {
      const answered = message.length >= QUESTION_END ? answer(message, true) : undefined
      if (answered) socket.write(answered)
    })
    socket.uncork()
  })
})

let nextId = 0
function notify(zone: number): void {
  nextId = (nextId + 1) & 0xffff
  zoneOfId[nextId] = zone
  counts.notifies++
  const message = notifyOf(nextId, zone, serials[zone]!)
  udp.send((signing?.request(message).framed ?? message).subarray(2), Number(hubPort), hubIp)
}

/** A round of NOTIFYs for the zones of the range that lack an answer, in slices, so that answers are sent meanwhile. */
async function notifyAll(from: number, to: number, pace: number): Promise<void> {
  const startedAt = performance.now()
  let sent = 0
  for (let zone = from; zone < to; zone++) {
    if (unanswered[zone] === 0) continue
    while (sent >= ((performance.now() - startedAt) * pace) / 1000) await new Promise((resolve) => setTimeout(resolve, SLICE_MS))
    notify(zone)
    sent++
  }
}

let turn = 0
async function bump(from: number, to: number, pace: number): Promise<void> {
  const own = ++turn
  for (let zone = from; zone < to; zone++) serials[zone]! += 1
  unanswered.fill(1, from, to)
  process.send!({ bumped: performance.timeOrigin + performance.now() })
  for (let i = 0; i < NOTIFIES && turn === own; i++) {
    await notifyAll(from, to, pace)
    await new Promise((resolve) => setTimeout(resolve, NOTIFY_AGAIN_MS))
  }
}

interface Command {
  bump?: { from: number; to: number; pace: number }
  report?: true
}
process.on('message', ({ bump: range, report }: Command) => {
  if (range) void bump(range.from, range.to, range.pace)
  if (report) process.send!({ report: { ...counts, cpu: process.cpuUsage() } })
})
process.on('disconnect', () => process.exit(0))
udp.bind(Number(port), ip)
tcp.listen({ port: Number(port), host: ip, backlog: 1024 }, () => process.send!({ ready: true }))
