/**
 * One simulated node: a serial per zone. It answers SOA queries over UDP and TCP with what it has transferred, answers NOTIFY at
 * once, and then transfers by IXFR, or by AXFR at first, with a window of questions over a few kept connections. As a real
 * secondary it also asks for the SOA of each zone once per REFRESH.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { MessageFramer } from '../../lib/dns/framing.js'
import { RCODE } from '../../lib/dns/rcode.js'
import type { LabKey } from '../../lab/server.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { contentAnswer, zoneAbove } from './content.js'
import { announcedSerial, CURRENT, readTransfer, REFUSED, UNUSABLE } from './received.js'
import { axfrQuery, isAnswer, isNotify, ixfrQuery, shortAnswer, soaAnswer, soaQuery, typeOf, zoneOf } from './wire.js'
import { Signing, tsigOf } from './signing.js'
import { ZoneQueue } from './zone-queue.js'

export interface NodeOptions {
  ip: string
  port: number
  zones: number
  hub: { ip: string; port: number }
  /** Transfers asked at once. */
  window: number
  connections: number
  /** 0: never asks by itself. */
  refreshSeconds: number
  /** Asks for the SOA on the connection of the transfer first, as Knot does. */
  asksSoaFirst?: boolean
  /** Its key with the hub: it takes neither unsigned NOTIFYs nor unsigned transfers. */
  key?: LabKey | undefined
}

export const newCounts = () => ({
  notifies: 0,
  soaQueries: 0,
  asked: 0,
  transfers: 0,
  current: 0,
  refused: 0,
  unusable: 0,
  lost: 0,
  refreshes: 0,
})
export type NodeCounts = ReturnType<typeof newCounts>

/** States of a zone; `again`: asked, and announced once more meanwhile. */
const STATE = { rest: 0, queued: 1, asked: 2, again: 3, later: 4 } as const
const RETRY_MS = 1000
const SILENCE_MS = 30_000

interface Connection {
  socket: Socket
  /** Zones without an answer, with the MACs of their queries. */
  asked: Map<number, Buffer | undefined>
}

export class SimulatedNode {
  readonly serials: Uint32Array
  /** Milliseconds since 1970 of the latest new version. */
  lastAt = 0
  readonly #options: NodeOptions
  readonly #counts: NodeCounts
  readonly #states: Uint8Array
  readonly #queue = new ZoneQueue()
  readonly #connections: (Connection | undefined)[]
  readonly #udp: UdpSocket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  readonly #signing: Signing | undefined
  #asked = 0
  #later: number[] = []
  #nextRefresh = 0
  #dueRefreshes = 0

  constructor(options: NodeOptions, counts: NodeCounts) {
    this.#options = options
    this.#counts = counts
    this.#signing = options.key && new Signing(options.key)
    this.serials = new Uint32Array(options.zones)
    this.#states = new Uint8Array(options.zones)
    this.#connections = new Array(options.connections).fill(undefined)
    // Nodes were not all started in one second.
    this.#nextRefresh = Math.floor(Math.random() * options.zones)
  }

  async start(): Promise<void> {
    const { ip, port } = this.#options
    this.#udp.on('message', (message, from) => {
      const answer = this.#handle(message)
      if (answer) this.#udp.send(answer.subarray(2), from.port, from.address)
    })
    this.#udp.on('error', () => undefined)
    const tcp = createServer({ noDelay: true }, (socket) => {
      const framer = new MessageFramer()
      socket.on('error', () => undefined)
      socket.on('data', (octets) =>
        framer.push(octets, (message) => {
          const answer = this.#handle(message)
          if (answer) socket.write(answer)
        }),
      )
    })
    this.#udp.bind(port, ip)
    tcp.listen({ port, host: ip, backlog: 256 })
    await Promise.all([once(this.#udp, 'listening'), once(tcp, 'listening')])
    setInterval(() => this.#everySecond(), RETRY_MS)
  }

  /** Pairs with at least this serial, of the zones in the range. */
  count(from: number, to: number, serial: number): number {
    let have = 0
    for (let zone = from; zone < to; zone++) if (this.serials[zone]! >= serial) have++
    return have
  }

  #handle(message: Buffer): Buffer | undefined {
    const signing = this.#signing
    // An answer only leads to a transfer, which is verified.
    if (signing === undefined || isAnswer(message)) return this.#answer(message)
    if (isNotify(message) && tsigOf(message) === undefined) return undefined
    return signing.answer(message, (request) => this.#answer(request))
  }

  #answer(message: Buffer): Buffer | undefined {
    const zone = zoneOf(message)
    if (zone < 0 && !isAnswer(message)) return this.#answerBelow(message)
    const isKnown = zone >= 0 && zone < this.serials.length
    if (isAnswer(message)) {
      if (isKnown && announcedSerial(message, zone) > this.serials[zone]!) this.#want(zone)
      return undefined
    }
    if (!isKnown) return shortAnswer(message, RCODE.REFUSED)
    if (isNotify(message)) {
      this.#counts.notifies++
      const serial = announcedSerial(message, zone)
      if (serial < 0 || serial > this.serials[zone]!) this.#want(zone)
      return shortAnswer(message, RCODE.NOERROR)
    }
    const serial = this.serials[zone]!
    if (typeOf(message) !== TYPE.SOA) return contentAnswer(message, zone, serial)
    this.#counts.soaQueries++
    return serial === 0 ? shortAnswer(message, RCODE.SERVFAIL) : soaAnswer(message, serial)
  }

  /** Names below an apex; no answer to names of other zones and to malformed messages. */
  #answerBelow(message: Buffer): Buffer | undefined {
    const zone = zoneAbove(message)
    if (zone < 0 || zone >= this.serials.length) return undefined
    try {
      return contentAnswer(message, zone, this.serials[zone]!)
    } catch {
      return undefined
    }
  }

  #want(zone: number): void {
    const state = this.#states[zone]
    if (state === STATE.asked) this.#states[zone] = STATE.again
    if (state !== STATE.rest) return
    this.#enqueue(zone)
    this.#fill()
  }

  #enqueue(zone: number): void {
    this.#states[zone] = STATE.queued
    this.#queue.push(zone)
  }

  /** Asks as much as the window holds, spread over the connections. */
  #fill(): void {
    const { window, connections } = this.#options
    while (this.#asked < window && this.#queue.length > 0) {
      const zone = this.#queue.shift()!
      const connection = this.#connection(zone % connections)
      const serial = this.serials[zone]!
      // The id follows from the zone: both must match in the answer.
      const id = zone & 0xffff
      if (serial === 0) this.#send(connection, zone, axfrQuery(id, zone))
      else this.#send(connection, zone, this.#options.asksSoaFirst ? soaQuery(id, zone) : ixfrQuery(id, zone, serial))
      this.#states[zone] = STATE.asked
      this.#counts.asked++
    }
  }

  #send(connection: Connection, zone: number, query: Buffer): void {
    const signed = this.#signing?.request(query)
    connection.socket.write(signed?.framed ?? query)
    connection.asked.set(zone, signed?.mac)
    this.#asked++
  }

  #connection(slot: number): Connection {
    const open = this.#connections[slot]
    if (open) return open
    const { hub, ip } = this.#options
    const socket = connect({ host: hub.ip, port: hub.port, localAddress: ip, noDelay: true })
    const connection: Connection = { socket, asked: new Map() }
    this.#connections[slot] = connection
    const framer = new MessageFramer()
    socket.on('error', () => undefined)
    socket.setTimeout(SILENCE_MS, () => connection.asked.size > 0 && socket.destroy())
    socket.on('data', (octets) => {
      socket.cork()
      framer.push(octets, (message) => this.#receive(message, connection))
      this.#fill()
      socket.uncork()
    })
    socket.on('end', () => this.#close(slot, connection))
    socket.on('close', () => this.#close(slot, connection))
    return connection
  }

  /** Questions without an answer are asked again, a second later. */
  #close(slot: number, connection: Connection): void {
    if (this.#connections[slot] === connection) this.#connections[slot] = undefined
    for (const zone of connection.asked.keys()) {
      this.#counts.lost++
      this.#postpone(zone)
    }
    this.#asked -= connection.asked.size
    connection.asked.clear()
  }

  #postpone(zone: number): void {
    this.#states[zone] = STATE.later
    this.#later.push(zone)
  }

  #receive(message: Buffer, connection: Connection): void {
    const { asked } = connection
    const zone = zoneOf(message)
    if (!asked.has(zone) || message.readUInt16BE(0) !== (zone & 0xffff)) {
      this.#counts.unusable++
      return
    }
    const mac = asked.get(zone)
    asked.delete(zone)
    this.#asked--
    const isAgain = this.#states[zone] === STATE.again
    const isGenuine = mac === undefined || this.#signing?.accepts(message, mac) === true
    if (isGenuine && typeOf(message) === TYPE.SOA && announcedSerial(message, zone) > this.serials[zone]!) {
      this.#send(connection, zone, ixfrQuery(zone & 0xffff, zone, this.serials[zone]!))
      return
    }
    const result = isGenuine ? readTransfer(message, zone, this.serials[zone]!) : UNUSABLE
    if (result > CURRENT) {
      this.serials[zone] = result
      this.#counts.transfers++
      this.lastAt = performance.timeOrigin + performance.now()
    } else if (result === CURRENT) this.#counts.current++
    else {
      if (result === REFUSED) this.#counts.refused++
      else this.#counts.unusable++
      this.#postpone(zone)
      return
    }
    this.#states[zone] = STATE.rest
    if (isAgain) this.#enqueue(zone)
  }

  #everySecond(): void {
    const later = this.#later
    this.#later = []
    for (const zone of later) this.#enqueue(zone)
    this.#fill()
    const { hub, refreshSeconds, zones } = this.#options
    if (refreshSeconds === 0) return
    this.#dueRefreshes += zones / refreshSeconds
    for (; this.#dueRefreshes >= 1; this.#dueRefreshes--) {
      const zone = this.#nextRefresh
      this.#nextRefresh = (zone + 1) % zones
      this.#counts.refreshes++
      const query = soaQuery(zone & 0xffff, zone)
      this.#udp.send((this.#signing?.request(query).framed ?? query).subarray(2), hub.port, hub.ip)
    }
  }
}
