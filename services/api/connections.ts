/**
 * Limits the connections to the API, in total and per address. When there is no room, the oldest connection without an identity
 * is closed, from the same address first: idle connections keep no caller out.
 */
import type { Socket } from 'node:net'
import { plainIp } from '../../lib/transport/channel.js'
import { hashPrefix } from '../../lib/transport/rate-limiter.js'

/** Half of the descriptors that a process has by default; transfers need the rest. */
export const MAX_CONNECTIONS = 512
/** A proxy is one address: it may have half of the connections. */
const MAX_FROM_ADDRESS = 256

interface Peer {
  /** Connections without an identity, in order of arrival. */
  strangers: Set<Socket>
  /** Connections with the caller that uses each. */
  known: Map<Socket, string>
}

export class ApiConnections {
  readonly #max: number
  readonly #share: number
  readonly #peers = new Map<string, Peer>()
  #size = 0

  constructor(max = MAX_CONNECTIONS, share = MAX_FROM_ADDRESS) {
    this.#max = max
    this.#share = share
  }

  get size(): number {
    return this.#size
  }

  /** Adds a connection, or closes it or another one. */
  add(socket: Socket): void {
    const key = peerKeyOf(socket)
    const peer = this.#peers.get(key) ?? { strangers: new Set<Socket>(), known: new Map<Socket, string>() }
    const isFull = this.#size >= this.#max
    if (isFull || sizeOf(peer) >= this.#share) {
      const from = peer.strangers.size > 0 || !isFull ? peer : this.#heaviest()
      const oldest = from?.strangers.values().next().value ?? this.#oldestOfGreediest(peer)
      if (!oldest) return void socket.destroy()
      this.#drop(oldest)
      oldest.destroy()
    }
    this.#peers.set(key, peer)
    peer.strangers.add(socket)
    this.#size += 1
    socket.once('close', () => this.#drop(socket))
  }

  /** A caller with an identity uses this connection; `caller` is the name that counts its requests. */
  know(socket: Socket, caller: string): void {
    const peer = this.#peers.get(peerKeyOf(socket))
    if (peer?.strangers.delete(socket)) peer.known.set(socket, caller)
  }

  /** Among callers at one address, the caller with most connections loses its oldest, so that it keeps no other out. */
  #oldestOfGreediest({ known }: Peer): Socket | undefined {
    const counts = new Map<string, number>()
    for (const caller of known.values()) counts.set(caller, (counts.get(caller) ?? 0) + 1)
    const [greediest] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? []
    for (const [socket, caller] of known) if (caller === greediest) return socket
    return undefined
  }

  #drop(socket: Socket): void {
    const key = peerKeyOf(socket)
    const peer = this.#peers.get(key)
    if (!peer || !(peer.strangers.delete(socket) || peer.known.delete(socket))) return
    this.#size -= 1
    if (sizeOf(peer) === 0) this.#peers.delete(key)
  }

  #heaviest(): Peer | undefined {
    let heaviest: Peer | undefined
    for (const peer of this.#peers.values()) if (peer.strangers.size > (heaviest?.strangers.size ?? 0)) heaviest = peer
    return heaviest
  }
}

const sizeOf = ({ strangers, known }: Peer): number => strangers.size + known.size

const KEYS = new WeakMap<Socket, string>()

/** The address for IPv4, the /56 for IPv6. Cached, as a closed socket no longer has its peer's address. */
export function peerKeyOf(socket: Socket): string {
  const known = KEYS.get(socket)
  if (known !== undefined) return known
  const ip = plainIp(socket.remoteAddress ?? '')
  const key = ip.includes(':') ? `net ${hashPrefix(ip)}` : ip
  KEYS.set(socket, key)
  return key
}
