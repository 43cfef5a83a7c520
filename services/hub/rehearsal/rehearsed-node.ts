/**
 * A node of a rehearsal, on a loopback address: it answers NOTIFY and SOA queries, and transfers by SOA and IXFR, as name servers do.
 * It verifies nothing: its hub is the same process.
 */
import type { Socket } from 'node:net'
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import { frame, MessageFramer } from '../../../lib/dns/framing.js'
import { findSoa, opcodeOf, readMessage, writeQuery } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { OPCODE, RCODE } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { signRequest } from '../../../lib/dns/tsig.js'
import type { TsigKey } from '../../../lib/dns/tsig-record.js'
import { seconds, systemClock } from '../../../lib/runtime/clock.js'
import { guard } from '../../../lib/runtime/guard.js'
import type { Channel } from '../../../lib/transport/channel.js'
import { answerTo, readRequest, type ServerRequest } from '../../transfer/request.js'
import { openStream } from '../../../lib/transport/stream.js'
import { LoopbackServer } from './loopback.js'
import { soaAt, ZONE } from './zone-of-rehearsal.js'

const APEX = nameToWire(ZONE)

export interface NodeManner {
  key: TsigKey | undefined
  /** Each transfer has a connection of its own, as with NSD; else one is kept, as with Knot. */
  connects: boolean
}

const CONNECT_MS = 1_000

export class RehearsedNode {
  readonly #ip: string
  readonly #manner: NodeManner
  readonly #server: LoopbackServer
  #hub: Endpoint = { ip: '127.0.0.1', port: 0 }
  #tcp: Socket | undefined
  #serial = 0

  constructor(ip: string, manner: NodeManner) {
    this.#ip = ip
    this.#manner = manner
    const keys = manner.key === undefined ? [] : [manner.key]
    this.#server = new LoopbackServer(ip, (message, channel) => {
      const read = readRequest(message, () => keys, seconds(systemClock))
      if (read.kind === 'request') this.#answer(read.request, channel)
      return undefined
    })
  }

  /** Rejects when the address is not one of this machine. */
  open(): Promise<Endpoint> {
    return this.#server.open()
  }

  follow(hub: Endpoint): void {
    this.#hub = hub
  }

  #answer(request: ServerRequest, channel: Channel): void {
    const isNotify = opcodeOf(request.message.flags) === OPCODE.NOTIFY
    const answer = isNotify || this.#serial === 0 ? [] : [soaAt(this.#serial)]
    const rcode = isNotify || this.#serial > 0 ? RCODE.NOERROR : RCODE.SERVFAIL
    channel.send(answerTo(request, { rcode, authoritative: true, answer }, seconds(systemClock)))
    if (isNotify) this.#ask(TYPE.SOA)
  }

  #ask(type: number): void {
    const currentSoa = type === TYPE.IXFR ? soaAt(this.#serial) : undefined
    const query = writeQuery({ id: type, apex: APEX, type, currentSoa, edns: true })
    const { key } = this.#manner
    this.#connection().write(frame(key === undefined ? query : signRequest(key, query, seconds(systemClock)).message))
  }

  #connection(): Socket {
    if (this.#tcp !== undefined) return this.#tcp
    const leave = (): void => {
      if (this.#tcp === socket) this.#tcp = undefined
    }
    const wish = { to: this.#hub, tls: undefined, sources: [this.#ip], connectMs: CONNECT_MS }
    const socket = openStream(wish, () => socket.on('error', () => undefined), leave)
    const framer = new MessageFramer()
    const onData = (octets: Buffer): void => void framer.push(octets, (message) => this.#onAnswer(message))
    socket.on('data', guard('rehearsal', onData)).on('close', leave)
    this.#tcp = socket
    return socket
  }

  #onAnswer(message: Buffer): void {
    const { question, answer } = readMessage(message)
    const served = findSoa(answer, APEX)?.serial
    if (served === undefined) return
    if (question?.type === TYPE.SOA) {
      if (served !== this.#serial) this.#ask(this.#serial === 0 ? TYPE.AXFR : TYPE.IXFR)
      return
    }
    this.#serial = served
    if (!this.#manner.connects) return
    this.#tcp?.end()
    this.#tcp = undefined
  }

  async close(): Promise<void> {
    this.#tcp?.destroy()
    await this.#server.close()
  }
}
