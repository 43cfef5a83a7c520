/**
 * Asks a server for a zone's SOA: UDP first, TCP when the answer is truncated or none came (RFC 1035 §4.2, RFC 7766 §5).
 * Used towards primaries (what is there to take) and towards nodes (what do they serve).
 */
import { randomInt } from 'node:crypto'
import { findSoa, OPTION, readMessage, type Soa, writeQuery } from '../dns/message.js'
import { sameWireName } from '../dns/name.js'
import { FLAG, RCODE, rcodeName } from '../dns/rcode.js'
import { storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import type { TsigKey } from '../dns/tsig-record.js'
import { type NextMove, ZonecastError } from '../errors.js'
import { type Clock, seconds } from '../runtime/clock.js'
import { type Endpoint, endpointText, TransportError } from './errors.js'
import type { TcpPool } from './tcp-pool.js'
import type { UdpAsker } from './udp-asker.js'

export type SoaQueryFault =
  | { code: 'SOA_RCODE'; remote: string; rcode: number }
  | { code: 'SOA_NOT_AUTHORITATIVE'; remote: string }
  | { code: 'SOA_MISSING'; remote: string }
  | { code: 'SOA_SEVERAL'; remote: string }

export class SoaQueryError extends ZonecastError<SoaQueryFault> {
  override readonly name = 'SoaQueryError'

  override get nextMove(): NextMove {
    return 'next-primary'
  }
}

export interface SoaServer {
  address: Endpoint
  key: TsigKey | undefined
  /** `fresh`: each question leaves from a port of its own, for a server whose answers are believed without a signature. */
  port?: 'shared' | 'fresh'
}

export interface SoaAnswer {
  soa: Soa
  /** What EDNS EXPIRE says is left, in seconds (RFC 7314 §2). */
  expireSeconds: number | undefined
  tookMs: number
}

export interface SoaPatience {
  udpMs: number
  udpTries: number
  tcpMs: number
}

export const SOA_PATIENCE: SoaPatience = { udpMs: 1_500, udpTries: 2, tcpMs: 5_000 }

export class SoaQuerier {
  readonly #udp: UdpAsker
  readonly #tcp: TcpPool
  readonly #clock: Clock
  /** Ready-made questions by apex, all but the id, with EDNS and without. */
  readonly #questions = new WeakMap<Buffer, Buffer>()
  readonly #plainQuestions = new WeakMap<Buffer, Buffer>()
  /** Servers that answer FORMERR to EDNS, and until when they are asked without (RFC 6891 §7). */
  readonly #noEdns = new Map<string, number>()

  constructor(udp: UdpAsker, tcp: TcpPool, clock: Clock) {
    this.#udp = udp
    this.#tcp = tcp
    this.#clock = clock
  }

  usesEdns(server: Endpoint): boolean {
    if (this.#noEdns.size === 0) return true
    return (this.#noEdns.get(endpointText(server)) ?? 0) < this.#clock.now()
  }

  forgoEdns(server: Endpoint): void {
    this.#noEdns.set(endpointText(server), this.#clock.now() + 3_600_000)
  }

  /** Throws TransportError, TsigError, WireError or SoaQueryError. */
  async ask(server: SoaServer, apex: Buffer, patience: SoaPatience = SOA_PATIENCE): Promise<SoaAnswer> {
    const startedAt = performance.now()
    const answer = (await this.#overUdp(server, apex, patience)) ?? (await this.#overTcp(server, apex, patience))
    const message = readMessage(answer)
    const { rcode } = message
    const remote = endpointText(server.address)
    if ((rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP) && this.usesEdns(server.address)) {
      this.forgoEdns(server.address)
      return await this.ask(server, apex, patience)
    }
    if (rcode !== RCODE.NOERROR)
      throw new SoaQueryError({ code: 'SOA_RCODE', remote, rcode }, `${remote} answers ${rcodeName(rcode)} to the SOA query`)
    if ((message.flags & FLAG.AA) === 0)
      throw new SoaQueryError({ code: 'SOA_NOT_AUTHORITATIVE', remote }, `${remote} is not authoritative for the zone`)
    const soa = findSoa(message.answer, apex)
    if (!soa) throw new SoaQueryError({ code: 'SOA_MISSING', remote }, `${remote} answers without the zone's SOA`)
    // A zone has one SOA (RFC 1035 §5.2): which of two serials is meant is not for us to guess.
    if (soasIn(message.answer) > 1)
      throw new SoaQueryError({ code: 'SOA_SEVERAL', remote }, `${remote} answers with several SOA records`)
    const expire = message.edns?.options.get(OPTION.EXPIRE)
    return {
      soa,
      expireSeconds: expire?.length === 4 ? expire.readUInt32BE(0) : undefined,
      tookMs: performance.now() - startedAt,
    }
  }

  #query(apex: Buffer, id: number, edns: boolean): Buffer {
    const questions = edns ? this.#questions : this.#plainQuestions
    let ready = questions.get(apex)
    if (!ready) {
      ready = writeQuery({ id: 0, apex, type: TYPE.SOA, edns })
      questions.set(apex, ready)
    }
    const query = Buffer.from(ready)
    query.writeUInt16BE(id, 0)
    return query
  }

  #request(server: SoaServer, apex: Buffer, id: number): { message: Buffer; verifier: AnswerVerifier | undefined } {
    const query = this.#query(apex, id, this.usesEdns(server.address))
    if (!server.key) return { message: query, verifier: undefined }
    const signed = signRequest(server.key, query, seconds(this.#clock))
    return { message: signed.message, verifier: new AnswerVerifier(server.key, signed.mac) }
  }

  /** Undefined when TCP is the place to ask. */
  async #overUdp(server: SoaServer, apex: Buffer, patience: SoaPatience): Promise<Buffer | undefined> {
    for (let tries = 0; tries < patience.udpTries; tries++) {
      let verifier: AnswerVerifier | undefined
      try {
        const answer = await this.#udp.ask(
          server.address,
          (id) => {
            const request = this.#request(server, apex, id)
            verifier = request.verifier
            return request.message
          },
          patience.udpMs,
          (message) => isAnswerTo(message, apex),
          server.port,
        )
        if ((answer.readUInt16BE(2) & FLAG.TC) !== 0) return undefined
        verifier?.accept(answer, seconds(this.#clock))
        return answer
      } catch (error) {
        if (!(error instanceof TransportError) || error.code !== 'TRANSPORT_TIMED_OUT') throw error
      }
    }
    return undefined
  }

  async #overTcp(server: SoaServer, apex: Buffer, patience: SoaPatience): Promise<Buffer> {
    let answer: Buffer | undefined
    const limits = {
      connectMs: patience.tcpMs,
      firstOctetMs: patience.tcpMs,
      idleMs: () => patience.tcpMs,
      minOctetsPerSecond: 0,
      totalMs: patience.tcpMs * 2,
    }
    await this.#tcp.exchange(server.address, limits, () => {
      const id = randomInt(0x10000)
      const { message, verifier } = this.#request(server, apex, id)
      const take = (reply: Buffer): 'more' | 'done' => {
        if (reply.length < 12 || reply.readUInt16BE(0) !== id || !isAnswerTo(reply, apex)) return 'more'
        verifier?.accept(reply, seconds(this.#clock))
        answer = Buffer.from(reply)
        return 'done'
      }
      return { request: message, take, isReusable: () => true }
    })
    return answer!
  }
}

const soasIn = (answer: readonly Buffer[]): number => {
  let count = 0
  for (const record of answer) if (storedType(record, 0) === TYPE.SOA) count += 1
  return count
}

/** QR set, opcode QUERY, our question. An answer without question counts only when it is an error. */
function isAnswerTo(message: Buffer, apex: Buffer): boolean {
  if ((message[2]! & 0xf8) !== 0x80) return false
  if (message.readUInt16BE(4) === 0) return (message[3]! & 15) !== 0
  const end = 12 + apex.length
  return message.length >= end + 4 && sameWireName(message.subarray(12, end), apex) && message.readUInt16BE(end) === TYPE.SOA
}
