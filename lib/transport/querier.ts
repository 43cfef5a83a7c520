/** One question to one server, as a resolver's is: UDP first, TCP when the answer is truncated (RFC 1035 §4.2). */
import { randomInt } from 'node:crypto'
import { readMessage, type SmallMessage, writeHeader, writeOpt, writeQuestion } from '../dns/message.js'
import { sameWireName } from '../dns/name.js'
import { FLAG } from '../dns/rcode.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import type { TsigKey } from '../dns/tsig-record.js'
import { type Clock, seconds, systemClock } from '../runtime/clock.js'
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

/** How an answer is protected against forgery. */
export interface Trust {
  key?: TsigKey | undefined
  /** `fresh`: each question leaves from a port of its own, for a server whose answers are not signed. */
  port?: 'shared' | 'fresh'
}

const UDP_MS = 1_500
const UDP_TRIES = 3
const TCP_MS = 5_000
const HEADER_OCTETS = 12

export class Querier {
  readonly #udp: UdpAsker
  readonly #tcp: TcpPool

  readonly #clock: Clock

  constructor(udp: UdpAsker, tcp: TcpPool, clock: Clock = systemClock) {
    this.#udp = udp
    this.#tcp = tcp
    this.#clock = clock
  }

  /** With a key the question is signed, and the answer must be. Throws TransportError, WireError or TsigError. */
  async ask(server: Endpoint, question: PlainQuestion, trust: Trust = {}): Promise<SmallMessage> {
    const answer = await this.#overUdp(server, question, trust)
    return readMessage((answer.readUInt16BE(2) & FLAG.TC) === 0 ? answer : await this.#overTcp(server, question, trust))
  }

  async #overUdp(server: Endpoint, question: PlainQuestion, { key, port }: Trust): Promise<Buffer> {
    for (let tries = 1; ; tries++) {
      try {
        let verifier: AnswerVerifier | undefined
        const answer = await this.#udp.ask(
          server,
          (id) => {
            const request = this.#request(id, question, key)
            verifier = request.verifier
            return request.message
          },
          UDP_MS,
          (message) => isAnswer(message, question),
          port,
        )
        verifier?.accept(answer, seconds(this.#clock))
        return answer
      } catch (error) {
        if (tries === UDP_TRIES) throw error
      }
    }
  }

  async #overTcp(server: Endpoint, question: PlainQuestion, { key }: Trust): Promise<Buffer> {
    let answer: Buffer | undefined
    const limits = { connectMs: TCP_MS, firstOctetMs: TCP_MS, idleMs: () => TCP_MS, minOctetsPerSecond: 0, totalMs: TCP_MS * 2 }
    await this.#tcp.exchange(server, limits, () => {
      const id = randomInt(0x10000)
      const { message, verifier } = this.#request(id, question, key)
      const take = (reply: Buffer): 'more' | 'done' => {
        if (reply.length < HEADER_OCTETS || reply.readUInt16BE(0) !== id || !isAnswer(reply, question)) return 'more'
        verifier?.accept(reply, seconds(this.#clock))
        answer = Buffer.from(reply)
        return 'done'
      }
      return { request: message, take, isReusable: () => true }
    })
    return answer!
  }

  #request(id: number, question: PlainQuestion, key: TsigKey | undefined): { message: Buffer; verifier?: AnswerVerifier } {
    const query = write(id, question)
    if (key === undefined) return { message: query }
    const { message, mac } = signRequest(key, query, seconds(this.#clock))
    return { message, verifier: new AnswerVerifier(key, mac) }
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
