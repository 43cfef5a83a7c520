/**
 * The server's sockets: UDP, TCP and TLS on several addresses, messages in, answers out. An idle connection is closed, a peer that
 * does not read is not read from either, and answers never pile up in memory. Not here: the meaning of messages.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { guard } from '../runtime/guard.js'
import { type OnMessage, type Peer, plainIp } from './channel.js'
import { ConnectionTable } from './connection-table.js'
import { DatagramChannel } from './datagram-channel.js'
import { type Endpoint, endpointText } from '../dns/endpoint.js'
import { TransportError } from './errors.js'
import { ListenerCopies } from './listener-copies.js'
import { ServedConnection } from './served-connection.js'
import { type NoteHandshake, type ServerTls, TlsDoor } from './tls-door.js'
import { WaitingRoom } from './waiting-room.js'

export interface ListenerOptions {
  listen: readonly Endpoint[]
  /** Milliseconds without any progress after which a connection is closed. */
  idleMs: number
  /** At this number, the peer with most connections loses one. */
  maxConnections: number
  /** Known addresses; the others get only a tenth of the connections. */
  isKnown: (ip: string) => boolean
  /** Maximum of octets in a message from an unknown address; longer ones are not read. */
  strangerOctets: { udp: number; tcp: number }
  onMessage: OnMessage
  /** Addresses for TLS. */
  tls?: (ServerTls & { listen: readonly Endpoint[] }) | undefined
  onHandshake?: NoteHandshake
  /** Other processes listen on the same addresses. */
  isShared?: boolean
}

/**
 * Options with which several processes listen on one address: the kernel spreads connections over them (SO_REUSEPORT), where
 * this Node.js has that, from 22.12 on, and the system; on others Node.js refuses to listen with it. Else a child of the cluster
 * module shares the socket of its parent.
 */
export function sharedPort(
  version = process.versions.node,
  platform: NodeJS.Platform = process.platform,
): { reusePort?: true; exclusive?: true } {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isKnown = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
  return isKnown && SPREADING.has(platform) ? { reusePort: true, exclusive: true } : {}
}

/** Systems that spread connections over the sockets of one address. */
const SPREADING: ReadonlySet<NodeJS.Platform> = new Set(['linux', 'freebsd'])

/** Longest silence of an unknown address. */
const STRANGER_IDLE_MS = 5_000
/** Minimum of connections for unknown addresses. */
const LEAST_STRANGERS = 8

export class DnsListener {
  readonly #options: ListenerOptions
  readonly #servers: Server[] = []
  readonly #udp: UdpSocket[] = []
  readonly #known: ConnectionTable
  readonly #strangers: ConnectionTable
  readonly #waiting: WaitingRoom
  readonly #copies = new ListenerCopies()
  readonly #door: TlsDoor | undefined
  /** Addresses of this listener, in the form of endpointText. */
  readonly #own = new Set<string>()
  readonly #ownPorts = new Set<number>()

  /** Bound for TLS. */
  readonly tlsAddresses: Endpoint[] = []

  constructor(options: ListenerOptions) {
    this.#options = options
    const strangers = Math.max(LEAST_STRANGERS, Math.floor(options.maxConnections / 10))
    this.#strangers = new ConnectionTable(strangers)
    this.#known = new ConnectionTable(options.maxConnections)
    this.#waiting = new WaitingRoom(options.maxConnections * 2)
    const { tls, onHandshake = () => undefined } = options
    this.#door = tls === undefined ? undefined : new TlsDoor(tls, onHandshake)
  }

  /**
   * Binds every address, UDP and TCP, or TLS. Throws TransportError TRANSPORT_REFUSED naming the address. Returns the bound addresses.
   */
  async open(): Promise<Endpoint[]> {
    const bound: Endpoint[] = []
    try {
      for (const endpoint of this.#options.listen) {
        const port = await this.#openTcp(endpoint)
        await this.#openUdp({ ip: endpoint.ip, port })
        bound.push({ ip: endpoint.ip, port })
        this.#noteOwn({ ip: endpoint.ip, port })
      }
      for (const endpoint of this.#options.tls?.listen ?? [])
        this.tlsAddresses.push({ ip: endpoint.ip, port: await this.#openTcp(endpoint, this.#door) })
    } catch (error) {
      await this.close()
      throw error
    }
    return bound
  }

  #noteOwn({ ip, port }: Endpoint): void {
    this.#ownPorts.add(port)
    const isWildcard = ip === '0.0.0.0' || ip === '::'
    const local = isWildcard ? Object.values(networkInterfaces()).flatMap((rows) => rows ?? []) : [{ address: ip }]
    for (const { address } of local) this.#own.add(endpointText({ ip: address, port }))
  }

  /** A source to which no answer can go (RFC 768: port 0 means none), or to which an answer would come back as a question. */
  #isUnanswerable({ ip, port }: Endpoint): boolean {
    return port === 0 || (this.#ownPorts.has(port) && this.#own.has(endpointText({ ip, port })))
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

  #openTcp(endpoint: Endpoint, door?: TlsDoor): Promise<number> {
    const onConnection = guard('tcp connection', (socket: Socket) => this.#onConnection(socket, door))
    const server = createServer({ noDelay: true }, onConnection)
    this.#servers.push(server)
    this.#copies.add(server, onConnection)
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(this.#bindError(endpoint, door === undefined ? 'TCP' : 'TLS', error)))
      const shared = this.#options.isShared === true ? sharedPort() : {}
      server.listen({ host: endpoint.ip, port: endpoint.port, backlog: 1024, ipv6Only: true, ...shared }, () => {
        server.removeAllListeners('error')
        // For example out of descriptors: existing connections are still served.
        server.on('error', () => undefined)
        const address = server.address()
        resolve(typeof address === 'object' && address ? address.port : endpoint.port)
      })
    })
  }

  #openUdp(endpoint: Endpoint): Promise<void> {
    const { isKnown, isShared, strangerOctets, onMessage } = this.#options
    const shared = isShared === true ? sharedPort() : {}
    const socket = createSocket({
      ...shared,
      type: endpoint.ip.includes(':') ? 'udp6' : 'udp4',
      ipv6Only: endpoint.ip.includes(':'),
      recvBufferSize: 1 << 21,
    })
    this.#udp.push(socket)
    const take = (message: Buffer, from: RemoteInfo): Promise<void> | undefined => {
      const peer: Peer = { ip: plainIp(from.address), port: from.port, proto: 'udp' }
      if (this.#isUnanswerable(peer)) return undefined
      if (message.length > strangerOctets.udp && !isKnown(peer.ip)) return undefined
      return onMessage(message, new DatagramChannel(socket, peer, from.address))
    }
    socket.on('message', guard('udp message', take))
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => reject(this.#bindError(endpoint, 'UDP', error)))
      socket.bind({ address: endpoint.ip, port: endpoint.port, ...shared }, () => {
        socket.removeAllListeners('error')
        // An ICMP error for an earlier answer appears here; it concerns only that peer.
        socket.on('error', () => undefined)
        resolve()
      })
    })
  }

  #onConnection(socket: Socket, door: TlsDoor | undefined): void {
    this.#copies.noteConnection()
    socket.on('error', () => undefined)
    const { remoteAddress, remotePort } = socket
    // Closed already.
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy()
      return
    }
    const ip = plainIp(remoteAddress)
    const peer: Peer = { ip, port: remotePort, proto: 'tcp' }
    const isStranger = !this.#options.isKnown(ip)
    if (this.#tableOf(isStranger).isSpent(ip)) {
      this.#waiting.hold(socket)
      return
    }
    if (door === undefined) this.#serve(socket, peer, isStranger)
    else door.admit(socket, ip, isStranger, (secure, tls) => this.#serve(secure, { ...peer, tls }, isStranger))
  }

  #tableOf(isStranger: boolean): ConnectionTable {
    return isStranger ? this.#strangers : this.#known
  }

  #serve(socket: Socket, peer: Peer, isStranger: boolean): void {
    const { idleMs, strangerOctets, onMessage } = this.#options
    const table = this.#tableOf(isStranger)
    const limits = isStranger
      ? { idleMs: Math.min(idleMs, STRANGER_IDLE_MS), messageOctets: strangerOctets.tcp }
      : { idleMs, messageOctets: 0xffff }
    const connection = new ServedConnection(socket, peer, limits, onMessage, (key) => table.move(connection, `${peer.ip} ${key}`))
    table.add(connection)
    socket.on(
      'close',
      guard('tcp close', () => table.delete(connection)),
    )
  }

  /**
   * New connections over TLS get this certificate; kept ones whose certificate must be verified again close after their answers.
   * Throws when it cannot be used.
   */
  adoptTls(tls: ServerTls): void {
    this.#door?.adopt(tls)
    for (const connection of [...this.#known.all, ...this.#strangers.all])
      if (connection.peer.tls?.isCurrent() === false) connection.retire()
  }

  get connections(): number {
    return this.#known.size + this.#strangers.size
  }

  /** Stops accepting connections and datagrams; running transfers go on. */
  stopListening(): void {
    this.#copies.close()
    for (const server of this.#servers) server.close()
    for (const socket of this.#udp) {
      socket.removeAllListeners('message')
    }
  }

  async close(): Promise<void> {
    this.stopListening()
    for (const connection of [...this.#known.all, ...this.#strangers.all]) connection.abort()
    this.#waiting.close()
    this.#door?.close()
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
