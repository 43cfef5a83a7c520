/** One question to one server, as a resolver's is: UDP first, TCP when the answer is truncated (RFC 1035 §4.2). */
import { randomInt } from 'node:crypto'
import { readMessage, type SmallMessage, writeHeader, writeOpt, writeQuestion } from '../dns/message.js'
import { sameWireName } from '../dns/name.js'
import { FLAG } from '../dns/rcode.js'
import type { Endpoint } from './errors.js'
import type { TcpPool } from './tcp-pool.js'
import type { UdpAsker } from './udp-asker.js'

export interface PlainQuestion {
  /** Wire. */
  name: Buffer
  type: number
  /** Set the DO bit (RFC 3225 §3). */
  dnssec: boolean
}

const UDP_MS = 1_500
const UDP_TRIES = 3
const TCP_MS = 5_000
const HEADER_OCTETS = 12

export class Querier {
  readonly #udp: UdpAsker
  readonly #tcp: TcpPool

  constructor(udp: UdpAsker, tcp: TcpPool) {
    this.#udp = udp
    this.#tcp = tcp
  }

  /** Throws TransportError or WireError. */
  async ask(server: Endpoint, question: PlainQuestion): Promise<SmallMessage> {
    const answer = await this.#overUdp(server, question)
    return readMessage((answer.readUInt16BE(2) & FLAG.TC) === 0 ? answer : await this.#overTcp(server, question))
  }

  async #overUdp(server: Endpoint, question: PlainQuestion): Promise<Buffer> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#udp.ask(
          server,
          (id) => write(id, question),
          UDP_MS,
          (message) => isAnswer(message, question),
        )
      } catch (error) {
        if (tries === UDP_TRIES) throw error
      }
    }
  }

  async #overTcp(server: Endpoint, question: PlainQuestion): Promise<Buffer> {
    let answer: Buffer | undefined
    const limits = { connectMs: TCP_MS, firstOctetMs: TCP_MS, idleMs: () => TCP_MS, minOctetsPerSecond: 0, totalMs: TCP_MS * 2 }
    await this.#tcp.exchange(server, limits, () => {
      const id = randomInt(0x10000)
      const take = (reply: Buffer): 'more' | 'done' => {
        if (reply.length < HEADER_OCTETS || reply.readUInt16BE(0) !== id || !isAnswer(reply, question)) return 'more'
        answer = Buffer.from(reply)
        return 'done'
      }
      return { request: write(id, question), take, isReusable: () => true }
    })
    return answer!
  }
}

function write(id: number, { name, type, dnssec }: PlainQuestion): Buffer {
  const opt = writeOpt()
  // Where other records have their TTL; DO is the highest bit of the flags (RFC 3225 §3).
  if (dnssec) opt[7] = 0x80
  const out = Buffer.concat([Buffer.alloc(HEADER_OCTETS), writeQuestion(name, type), opt])
  writeHeader(out, { id, flags: 0, questions: 1, answers: 0, authorities: 0, additionals: 1 })
  return out
}

function isAnswer(message: Buffer, { name, type }: PlainQuestion): boolean {
  const end = HEADER_OCTETS + name.length
  if ((message[2]! & 0xf8) !== 0x80 || message.readUInt16BE(4) !== 1 || message.length < end + 4) return false
  return sameWireName(message.subarray(HEADER_OCTETS, end), name) && message.readUInt16BE(end) === type
}
