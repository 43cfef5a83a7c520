/**
 * The server's sockets: UDP and TCP on several addresses, messages in, answers out. A connection that nobody uses is closed,
 * one whose peer does not read is not read from either, and answers never pile up in memory.
 * Not here: what messages mean.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { MessageFramer, frame } from '../dns/framing.js'
import { type Endpoint, endpointText, TransportError } from './errors.js'

export interface Peer {
  ip: string
  port: number
  proto: 'udp' | 'tcp'
}

/** The one way back to whoever asked. */
export interface Channel {
  readonly peer: Peer
  /** One message, framed as the transport needs it. */
  send(message: Buffer): void
  /** Framed messages as they are (TCP only). Resolves when the kernel has them: the block may be used again. Rejects when the peer is gone. */
  sendFramed(block: Buffer): Promise<void>
  /** Hangs up (TCP only). */
  abort(): void
}

export interface ListenerOptions {
  listen: readonly Endpoint[]
  /** Milliseconds without any progress after which a connection is closed. */
  idleMs: number
  maxConnections: number
  /** Addresses we know; the others get only a tenth of the connections. */
  isKnown: (ip: string) => boolean
  /** Must not throw; may answer later. */
  onMessage: (message: Buffer, channel: Channel) => void
}

/** Answers waiting in one connection before we stop reading from it. */
const HIGH_WATER_OCTETS = 1 << 17
/** Unanswered requests of one connection before we stop reading from it. */
const MAX_PIPELINED = 64

/** An IPv4 address that came through an IPv6 socket, as IPv4. */
export const plainIp = (ip: string): string => (ip.startsWith('::ffff:') ? ip.slice(7) : ip)

class TcpChannel implements Channel {
  readonly peer: Peer
  readonly #socket: Socket

  constructor(socket: Socket, peer: Peer) {
    this.#socket = socket
    this.peer = peer
  }

  send(message: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(frame(message))
  }

  sendFramed(block: Buffer): Promise<void> {
    if (this.#socket.destroyed) return Promise.reject(this.#gone())
    return new Promise((resolve, reject) => {
      this.#socket.write(block, (error) => (error ? reject(this.#gone()) : resolve()))
    })
  }

  #gone(): TransportError {
    return new TransportError(
      { code: 'TRANSPORT_CLOSED_EARLY', remote: endpointText(this.peer) },
      `${endpointText(this.peer)} closed the connection`,
    )
  }

  abort(): void {
    this.#socket.destroy()
  }
}

export class DnsListener {
  readonly #options: ListenerOptions
  readonly #servers: Server[] = []
  readonly #udp: UdpSocket[] = []
  readonly #sockets = new Set<Socket>()
  #strangers = 0

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  /** Binds every address, UDP and TCP. Throws TransportError TRANSPORT_REFUSED naming the address. Returns what it listens on. */
  async open(): Promise<Endpoint[]> {
    const bound: Endpoint[] = []
    try {
      for (const endpoint of this.#options.listen) {
        const port = await this.#openTcp(endpoint)
        await this.#openUdp({ ip: endpoint.ip, port })
        bound.push({ ip: endpoint.ip, port })
      }
    } catch (error) {
      await this.close()
      throw error
    }
    return bound
  }

  #bindError(endpoint: Endpoint, proto: string, cause: unknown): TransportError {
    const errno = (cause as { code?: string }).code ?? 'unknown'
    const reason =
      errno === 'EADDRINUSE'
        ? 'another program listens there'
        : errno === 'EACCES'
          ? 'ports under 1024 need CAP_NET_BIND_SERVICE'
          : errno
    return new TransportError(
      { code: 'TRANSPORT_REFUSED', remote: endpointText(endpoint), errno },
      `cannot listen on ${proto} ${endpointText(endpoint)}: ${reason}; change transfer.listen`,
      { cause },
    )
  }

  #openTcp(endpoint: Endpoint): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.#onConnection(socket))
    this.#servers.push(server)
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(this.#bindError(endpoint, 'TCP', error)))
      server.listen({ host: endpoint.ip, port: endpoint.port, backlog: 1024, ipv6Only: true }, () => {
        const address = server.address()
        resolve(typeof address === 'object' && address ? address.port : endpoint.port)
      })
    })
  }

  #openUdp(endpoint: Endpoint): Promise<void> {
    const socket = createSocket({
      type: endpoint.ip.includes(':') ? 'udp6' : 'udp4',
      ipv6Only: endpoint.ip.includes(':'),
      recvBufferSize: 1 << 21,
    })
    this.#udp.push(socket)
    socket.on('message', (message, from) => {
      const peer: Peer = { ip: plainIp(from.address), port: from.port, proto: 'udp' }
      const send = (answer: Buffer): void => socket.send(answer, from.port, from.address, () => undefined)
      const onlyTcp = (): never => {
        throw new TransportError({ code: 'TRANSPORT_CLOSED_EARLY', remote: endpointText(peer) }, 'no streams over UDP')
      }
      this.#options.onMessage(message, { peer, send, sendFramed: onlyTcp, abort: () => undefined })
    })
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => reject(this.#bindError(endpoint, 'UDP', error)))
      socket.bind({ address: endpoint.ip, port: endpoint.port }, () => {
        socket.removeAllListeners('error')
        // An ICMP error for an earlier answer surfaces here; it concerns that peer alone.
        socket.on('error', () => undefined)
        resolve()
      })
    })
  }

  #onConnection(socket: Socket): void {
    const { maxConnections, idleMs, isKnown } = this.#options
    const ip = plainIp(socket.remoteAddress ?? '')
    const stranger = !isKnown(ip)
    if (this.#sockets.size >= maxConnections || (stranger && this.#strangers >= Math.max(8, maxConnections / 10))) {
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    if (stranger) this.#strangers += 1
    const framer = new MessageFramer()
    const channel = new TcpChannel(socket, { ip, port: socket.remotePort ?? 0, proto: 'tcp' })
    // Node counts octets leaving the kernel's queue as activity, so a slow reader that reads lives on.
    socket.setTimeout(stranger ? Math.min(idleMs, 5_000) : idleMs, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (stranger) this.#strangers -= 1
    })
    let inBatch = 0
    socket.on('data', (octets) => {
      inBatch = 0
      framer.push(octets, (message) => {
        if (socket.destroyed) return
        inBatch += 1
        this.#options.onMessage(message, channel)
      })
      if (socket.writableLength > HIGH_WATER_OCTETS || inBatch > MAX_PIPELINED) {
        socket.pause()
        if (socket.writableLength === 0) setImmediate(() => socket.resume())
        else socket.once('drain', () => socket.resume())
      }
    })
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** Stops taking new connections and datagrams; running transfers go on. */
  stopListening(): void {
    for (const server of this.#servers) server.close()
    for (const socket of this.#udp) {
      socket.removeAllListeners('message')
    }
  }

  async close(): Promise<void> {
    this.stopListening()
    for (const socket of this.#sockets) socket.destroy()
    for (const socket of this.#udp) {
      try {
        socket.close()
      } catch {
        // Never bound.
      }
    }
    this.#udp.length = 0
  }
}
