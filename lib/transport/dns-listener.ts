/**
 * The server's sockets: UDP and TCP on several addresses, messages in, answers out. A connection that nobody uses is closed,
 * one whose peer does not read is not read from either, and answers never pile up in memory.
 * Not here: what messages mean.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { type Endpoint, endpointText, TransportError } from './errors.js'
import { ServedConnection } from './served-connection.js'

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

/** Must not throw. What comes back resolves when the message is answered; undefined when it is already, or never will be. */
export type OnMessage = (message: Buffer, channel: Channel) => Promise<void> | undefined

export interface ListenerOptions {
  listen: readonly Endpoint[]
  /** Milliseconds without any progress after which a connection is closed. */
  idleMs: number
  /** When there are as many, the one idle longest makes room. */
  maxConnections: number
  /** Addresses we know; the others get only a tenth of the connections. */
  isKnown: (ip: string) => boolean
  onMessage: OnMessage
}

/** Longest silence of somebody we do not know. */
const STRANGER_IDLE_MS = 5_000

/** An IPv4 address that came through an IPv6 socket, as IPv4. */
export const plainIp = (ip: string): string => (ip.startsWith('::ffff:') ? ip.slice(7) : ip)

export class DnsListener {
  readonly #options: ListenerOptions
  readonly #servers: Server[] = []
  readonly #udp: UdpSocket[] = []
  readonly #connections = new Set<ServedConnection>()
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
      // RFC 768: port 0 means that no answer is wanted, and send() throws for it.
      if (from.port === 0) return
      const send = (answer: Buffer): void => {
        try {
          socket.send(answer, from.port, from.address, () => undefined)
        } catch {
          // An answer that cannot leave concerns that peer alone.
        }
      }
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
    const { maxConnections, idleMs, isKnown, onMessage } = this.#options
    const ip = plainIp(socket.remoteAddress ?? '')
    const stranger = !isKnown(ip)
    const isCrowded = this.#connections.size >= maxConnections
    if ((stranger && this.#strangers >= Math.max(8, maxConnections / 10)) || (isCrowded && (stranger || !this.#makeRoom()))) {
      socket.destroy()
      return
    }
    if (stranger) this.#strangers += 1
    const peer: Peer = { ip, port: socket.remotePort ?? 0, proto: 'tcp' }
    const connection = new ServedConnection(socket, peer, stranger ? Math.min(idleMs, STRANGER_IDLE_MS) : idleMs, onMessage)
    this.#connections.add(connection)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#connections.delete(connection)
      if (stranger) this.#strangers -= 1
    })
  }

  /** Ends the connection that has been idle longest; false when all have work under way. */
  #makeRoom(): boolean {
    let oldest: ServedConnection | undefined
    for (const connection of this.#connections)
      if (connection.isIdle && (oldest === undefined || connection.heardAt < oldest.heardAt)) oldest = connection
    if (oldest === undefined) return false
    oldest.abort()
    this.#connections.delete(oldest)
    return true
  }

  get connections(): number {
    return this.#connections.size
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
    for (const connection of this.#connections) connection.abort()
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
