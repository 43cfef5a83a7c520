/** Queries a server for a zone's serial over UDP, with as few octets as possible. Not here: the product's own polls. */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import { nameToWire } from '../lib/dns/name.js'
import { LabError } from './errors.js'

export interface SerialAnswer {
  rcode: number
  /** Undefined when the answer holds no SOA. */
  serial: number | undefined
}

interface Address {
  name?: string
  ip: string
  port: number
}

/** Undefined when no answer came in time. */
export function askSerial(server: Address, zone: string, timeoutMs = 500): Promise<SerialAnswer | undefined> {
  const id = randomInt(65_536)
  const question = Buffer.concat([nameToWire(zone), Buffer.from([0, 6, 0, 1])])
  const header = Buffer.from([id >> 8, id & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  return new Promise((resolve) => {
    const socket = createSocket(server.ip.includes(':') ? 'udp6' : 'udp4')
    const finish = (answer: SerialAnswer | undefined) => {
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const timer = setTimeout(() => finish(undefined), timeoutMs)
    // Refused by the kernel: no server listens yet.
    socket.on('error', () => finish(undefined))
    socket.on('message', (message) => {
      if (message.length >= 12 && message.readUInt16BE(0) === id) finish(readAnswer(message, 12 + question.length))
    })
    socket.connect(server.port, server.ip, () => socket.send(Buffer.concat([header, question])))
  })
}

/** Reads the answer to a query that ends at `answerAt`. */
export function readAnswer(message: Buffer, answerAt: number): SerialAnswer {
  const rcode = message[3]! & 15
  if (message.readUInt16BE(6) === 0 || message.length <= answerAt) return { rcode, serial: undefined }
  let at = answerAt
  while (message[at]! !== 0 && message[at]! < 0xc0) at += 1 + message[at]!
  at += message[at] === 0 ? 1 : 2
  const length = message.readUInt16BE(at + 8)
  // RFC 1035 §3.3.13: five 32-bit numbers end the SOA, the serial first.
  const serialAt = at + 10 + length - 20
  return { rcode, serial: message.readUInt16BE(at) === 6 ? message.readUInt32BE(serialAt) : undefined }
}

/** Waits until the server answers with a serial that `accept` allows; default: any. */
export async function awaitSerial(
  server: Address,
  zone: string,
  accept: (serial: number) => boolean = () => true,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<number> {
  const { timeoutMs = 20_000, everyMs = 20 } = options
  const deadline = performance.now() + timeoutMs
  let last: SerialAnswer | undefined
  while (performance.now() < deadline) {
    last = await askSerial(server, zone)
    if (last?.serial !== undefined && accept(last.serial)) return last.serial
    await sleep(everyMs)
  }
  const who = server.name ?? `${server.ip}:${server.port}`
  const said = last === undefined ? 'it does not answer' : `last answer: rcode ${last.rcode}, serial ${last.serial ?? 'none'}`
  throw new LabError(
    { code: 'LAB_NEVER_SERVED', server: who, zone },
    `${who} did not reach the wanted serial of ${zone} in time: ${said}`,
  )
}
