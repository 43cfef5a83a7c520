/**
 * Sends one question to one server. UDP first; TCP when the answer is truncated (RFC 1035 §4.2), or on request when UDP brings
 * none (RFC 7766 §5); TLS alone to a server with TLS. With EDNS; polls go without it to a server that does not understand it
 * (RFC 6891 §7).
 */
import { randomInt } from 'node:crypto'
import { type Endpoint, endpointText } from '../dns/endpoint.js'
import { OPTION, rcodeOf, readMessage, type SmallMessage, writeHeader, writeOpt, writeQuestion } from '../dns/message.js'
import { sameWireName } from '../dns/name.js'
import { TsigError } from '../dns/errors.js'
import { FLAG, RCODE } from '../dns/rcode.js'
import { CLASS } from '../dns/rrtype.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import type { Remote } from '../fleet/remote.js'
import { type Clock, seconds, systemClock } from '../runtime/clock.js'
import { TransportError } from './errors.js'
import type { TcpPool } from './tcp-pool.js'
import type { TlsAsker } from './tls-asker.js'
import type { UdpAsker } from './udp-asker.js'

interface Written {
  edns?: Buffer
  plain?: Buffer
}

/** Its messages are made once for each object, so that polls can keep theirs. */
export interface Question {
  /** Wire. */
  name: Buffer
  type: number
  /** Set the DO bit (RFC 3225 §3). */
  dnssec?: boolean
  /** A poll: asks for EXPIRE (RFC 7314 §2), and goes without EDNS to a server that refuses it. */
  expire?: boolean
  /** Ask for the version of the zone that the answer is from (RFC 9660). */
  zoneVersion?: boolean
  /** Ask for the name of the server (RFC 5001). */
  nsid?: boolean
  /** In class CH, for names such as id.server (RFC 4892). */
  chaos?: boolean
  /** Its messages, all but the id: made by the querier with the first one. */
  written?: Written
}

export interface QueryPatience {
  udpMs: number
  udpTries: number
  tcpMs: number
}

export interface QueryManner {
  /** `fresh`: the question leaves from a separate port, for a server whose answers are accepted without a signature. */
  port?: 'shared' | 'fresh'
  patience?: QueryPatience
  /** Asks over TCP when no answer came over UDP. */
  tcpAfterSilence?: boolean
  /** A connection of its own, closed after the answer: behind an anycast address each may reach another server. */
  ownConnection?: boolean
  /** Asks over TCP at once. */
  overTcp?: boolean
}

const PATIENCE: QueryPatience = { udpMs: 1_500, udpTries: 3, tcpMs: 5_000 }
const HEADER_OCTETS = 12
/** Time after which EDNS is tried again with a server that refused it. */
const NO_EDNS_MS = 3_600_000

interface Request {
  message: Buffer
  verifier: AnswerVerifier | undefined
}

export class Querier {
  readonly #udp: UdpAsker
  readonly #tcp: TcpPool
  readonly #clock: Clock
  readonly #tls: TlsAsker | undefined
  /** Servers that answer FORMERR or NOTIMP to EDNS, and the end of the time without EDNS. */
  readonly #noEdns = new Map<string, number>()

  /** Without `tls` each question over TLS has a connection of the pool for itself. */
  constructor(udp: UdpAsker, tcp: TcpPool, clock: Clock = systemClock, tls?: TlsAsker) {
    this.#tls = tls
    this.#udp = udp
    this.#tcp = tcp
    this.#clock = clock
  }

  usesEdns(server: Endpoint): boolean {
    if (this.#noEdns.size === 0) return true
    return (this.#noEdns.get(endpointText(server)) ?? 0) < this.#clock.now()
  }

  forgoEdns(server: Endpoint): void {
    this.#noEdns.set(endpointText(server), this.#clock.now() + NO_EDNS_MS)
  }

  /** With a key the question is signed, and the answer must be signed. Throws TransportError, WireError or TsigError. */
  async ask(remote: Remote, question: Question, manner: QueryManner = {}): Promise<SmallMessage> {
    const answer = await this.#answer(remote, question, manner)
    const rcode = rcodeOf(answer.readUInt16BE(2))
    if ((rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP) && question.expire && this.usesEdns(remote.address)) {
      this.forgoEdns(remote.address)
      return await this.ask(remote, question, manner)
    }
    return readMessage(answer)
  }

  async #answer(remote: Remote, question: Question, manner: QueryManner): Promise<Buffer> {
    if (remote.tls !== undefined && this.#tls !== undefined) return await this.#overTls(this.#tls, remote, question)
    const isOverTcp = manner.overTcp === true || remote.tls !== undefined
    const datagram = isOverTcp ? undefined : await this.#overUdp(remote, question, manner)
    return datagram ?? (await this.#overTcp(remote, question, manner))
  }

  async #overTls(tls: TlsAsker, remote: Remote, question: Question): Promise<Buffer> {
    let verifier: AnswerVerifier | undefined
    const build = (id: number): Buffer => {
      const request = this.#request(id, remote, question)
      verifier = request.verifier
      return request.message
    }
    const answer = await tls.ask(remote, { build, isAnswer: (message) => isAnswer(message, question) })
    verifier?.accept(answer, seconds(this.#clock))
    return answer
  }

  /** Undefined when the question must go over TCP. */
  async #overUdp(
    remote: Remote,
    question: Question,
    { port, patience = PATIENCE, tcpAfterSilence }: QueryManner,
  ): Promise<Buffer | undefined> {
    for (let tries = 1; ; tries++) {
      let verifier: AnswerVerifier | undefined
      try {
        const answer = await this.#udp.ask(
          remote.address,
          (id) => {
            const request = this.#request(id, remote, question)
            verifier = request.verifier
            return request.message
          },
          patience.udpMs,
          (message) => isAnswer(message, question),
          port,
        )
        if ((answer.readUInt16BE(2) & FLAG.TC) !== 0) return undefined
        verifier?.accept(answer, seconds(this.#clock))
        return answer
      } catch (error) {
        const isSilence = error instanceof TransportError && error.code === 'TRANSPORT_TIMED_OUT'
        // A bad signature may be that of a late or forged datagram.
        if (!isSilence && !(error instanceof TsigError)) throw error
        if (tries < patience.udpTries) continue
        if (isSilence && tcpAfterSilence) return undefined
        throw error
      }
    }
  }

  async #overTcp(remote: Remote, question: Question, { patience = PATIENCE, ownConnection }: QueryManner): Promise<Buffer> {
    const { tcpMs } = patience
    const limits = { connectMs: tcpMs, firstOctetMs: tcpMs, idleMs: () => tcpMs, minOctetsPerSecond: 0, totalMs: tcpMs * 2 }
    let answer: Buffer | undefined
    await this.#tcp.exchange(remote, limits, () => {
      const id = randomInt(0x10000)
      const { message, verifier } = this.#request(id, remote, question)
      const take = (reply: Buffer): 'more' | 'done' => {
        if (reply.length < HEADER_OCTETS || reply.readUInt16BE(0) !== id || !isAnswer(reply, question)) return 'more'
        verifier?.accept(reply, seconds(this.#clock))
        answer = Buffer.from(reply)
        return 'done'
      }
      return { request: message, take, isReusable: () => ownConnection !== true }
    })
    return answer!
  }

  #request(id: number, { address, key }: Remote, question: Question): Request {
    // Only polls and transfers can do without EDNS; the DO bit of a probe needs it.
    const query = Buffer.from(this.#ready(question, !question.expire || this.usesEdns(address)))
    query.writeUInt16BE(id, 0)
    if (key === undefined) return { message: query, verifier: undefined }
    const { message, mac } = signRequest(key, query, seconds(this.#clock))
    return { message, verifier: new AnswerVerifier(key, mac) }
  }

  /** The complete message except the id. */
  #ready(question: Question, edns: boolean): Buffer {
    question.written ??= {}
    const { written } = question
    const form = edns ? 'edns' : 'plain'
    written[form] ??= write(question, edns)
    return written[form]
  }
}

const classOf = (chaos: boolean | undefined): number => (chaos ? CLASS.CH : CLASS.IN)

function write({ name, type, dnssec, expire, zoneVersion, nsid, chaos }: Question, edns: boolean): Buffer {
  const parts = [Buffer.alloc(HEADER_OCTETS), writeQuestion(name, type, classOf(chaos))]
  if (edns) {
    const codes = [
      ...(expire ? [OPTION.EXPIRE] : []),
      ...(zoneVersion ? [OPTION.ZONEVERSION] : []),
      ...(nsid ? [OPTION.NSID] : []),
    ]
    const opt = writeOpt(codes.map((code) => ({ code, data: Buffer.alloc(0) })))
    // In the place of other records' TTL; DO is the highest bit of the flags (RFC 3225 §3).
    if (dnssec) opt[7] = 0x80
    parts.push(opt)
  }
  const out = Buffer.concat(parts)
  writeHeader(out, { id: 0, flags: 0, questions: 1, answers: 0, authorities: 0, additionals: edns ? 1 : 0 })
  return out
}

/** QR set, opcode QUERY, the same question. An answer without a question counts only when it is an error. */
export function isAnswer(message: Buffer, { name, type, chaos }: Question): boolean {
  if ((message[2]! & 0xf8) !== 0x80) return false
  if (message.readUInt16BE(4) === 0) return (message[3]! & 15) !== 0
  const end = HEADER_OCTETS + name.length
  if (message.readUInt16BE(4) !== 1 || message.length < end + 4) return false
  return sameWireName(message.subarray(HEADER_OCTETS, end), name) && message.readUInt32BE(end) === type * 0x10000 + classOf(chaos)
}
