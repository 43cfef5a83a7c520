/** The bench's own messages: NOTIFY, dynamic updates, and SOA queries to many servers until they show a serial. */
import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { readMessage, findSoa, writeHeader, writeNotify, writeQuery, writeQuestion } from '../lib/dns/message.js'
import { nameToWire } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { soaRecord } from './large-zone.js'

export interface Place {
  ip: string
  port: number
}

/** Interval between queries, in milliseconds; the resolution of the measurement. Many servers at once are queried less often. */
const ASK_EVERY_MS = 1
const ASK_MANY_EVERY_MS = 5

export class Probe {
  readonly #socket: Socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  readonly #waiting = new Map<number, (message: Buffer) => void>()

  constructor() {
    this.#socket.on('message', (message) => this.#waiting.get(message.readUInt16BE(0))?.(message))
    this.#socket.bind(0, '127.0.0.1')
  }

  /** `serial`: the serial of the SOA in the NOTIFY, as Knot, NSD and BIND send one; undefined for none. */
  notify(to: Place, zone: string, serial?: number): void {
    const soa = serial === undefined ? undefined : soaRecord(zone, serial)
    this.#socket.send(writeNotify(randomInt(0x10000), nameToWire(zone), soa), to.port, to.ip)
  }

  /** One dynamic update (RFC 2136) that adds a record and removes another; resolves when the primary confirms it. */
  async update(primary: Place, zone: string, add: Buffer, remove?: Buffer): Promise<void> {
    const id = randomInt(0x10000)
    const parts = [Buffer.alloc(12), writeQuestion(nameToWire(zone), TYPE.SOA), add.subarray(2)]
    if (remove) {
      // RFC 2136 §2.5.4: class NONE and TTL 0 delete one record.
      const wire = Buffer.from(remove.subarray(2))
      const fixed = remove[0]!
      wire.writeUInt16BE(254, fixed + 2)
      wire.writeUInt32BE(0, fixed + 4)
      parts.push(wire)
    }
    const message = Buffer.concat(parts)
    writeHeader(message, { id, flags: 5 << 11, questions: 1, answers: 0, authorities: parts.length - 2, additionals: 0 })
    const reply = await new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer to the update')), 10_000)
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      this.#socket.send(message, primary.port, primary.ip)
    })
    this.#waiting.delete(id)
    if ((reply[3]! & 15) !== 0) throw new Error(`update refused with RCODE ${reply[3]! & 15}`)
  }

  /** Milliseconds from now until every server shows the serial (or any newer one). */
  async untilAllShow(
    servers: readonly Place[],
    zone: string,
    isThere: (serial: number) => boolean,
    timeoutMs: number,
    everyMs = servers.length > 1 ? ASK_MANY_EVERY_MS : ASK_EVERY_MS,
  ): Promise<number> {
    const startedAt = performance.now()
    await Promise.all(servers.map((server) => this.#untilShows(server, zone, isThere, timeoutMs, everyMs)))
    return performance.now() - startedAt
  }

  #untilShows(
    server: Place,
    zone: string,
    isThere: (serial: number) => boolean,
    timeoutMs: number,
    everyMs: number,
  ): Promise<void> {
    const apex = nameToWire(zone)
    let id = randomInt(0x10000)
    while (this.#waiting.has(id)) id = randomInt(0x10000)
    const query = writeQuery({ id, apex, type: TYPE.SOA, edns: false })
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + timeoutMs
      let timer: NodeJS.Timeout
      const ask = (): void => {
        if (performance.now() > deadline) {
          this.#waiting.delete(id)
          reject(new Error(`${server.ip}:${server.port} does not show the serial`))
          return
        }
        this.#socket.send(query, server.port, server.ip)
        timer = setTimeout(ask, 250)
      }
      this.#waiting.set(id, (message) => {
        clearTimeout(timer)
        const serial = serialOf(message, apex)
        if (serial === undefined || !isThere(serial)) {
          timer = setTimeout(ask, everyMs)
          return
        }
        this.#waiting.delete(id)
        resolve()
      })
      ask()
    })
  }

  /** The current serial of a server. */
  async serial(server: Place, zone: string): Promise<number> {
    let shown = 0
    await this.#untilShows(
      server,
      zone,
      (serial) => {
        shown = serial
        return true
      },
      30_000,
      ASK_EVERY_MS,
    )
    return shown
  }

  close(): void {
    this.#socket.close()
  }
}

function serialOf(message: Buffer, apex: Buffer): number | undefined {
  try {
    return findSoa(readMessage(message).answer, apex)?.serial
  } catch {
    return undefined
  }
}
