/**
 * Answers every SOA query with one serial, as cheaply as possible: the measurement is about the client.
 *
 *   node --import tsx bench/soa-responder.ts IP PORT
 */
import { createSocket } from 'node:dgram'

const [ip = '127.0.0.1', port = '0'] = process.argv.slice(2)
/** Root names and all numbers 1: the shortest possible SOA. */
const RDATA = Buffer.concat([Buffer.from([0, 0]), Buffer.alloc(20).fill(Buffer.from([0, 0, 0, 1]))])

const socket = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 })
socket.on('message', (query, from) => {
  let end = 12
  while (query[end] !== 0) end += 1 + query[end]!
  end += 5
  const answer = Buffer.allocUnsafe(end + 12 + RDATA.length)
  query.copy(answer, 0, 0, end)
  answer.writeUInt16BE(0x8400, 2)
  answer.writeUInt16BE(1, 6)
  answer.writeUInt32BE(0, 8)
  answer.writeUInt16BE(0xc00c, end)
  answer.writeUInt32BE(0x00060001, end + 2)
  answer.writeUInt32BE(60, end + 6)
  answer.writeUInt16BE(RDATA.length, end + 10)
  RDATA.copy(answer, end + 12)
  socket.send(answer, from.port, from.address)
})
socket.bind(Number(port), ip, () => process.stdout.write('ready\n'))
process.stdin.on('end', () => process.exit(0)).resume()
