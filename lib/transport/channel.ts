/** A message's sender and the way back to it, as the listener passes them to a server. */
import type { ClientCertificate } from './client-certificate.js'

export interface Peer {
  ip: string
  port: number
  /** TLS is over TCP. */
  proto: 'udp' | 'tcp'
  /** The message came over TLS. */
  tls?: ClientCertificate | undefined
}

/** For the log. */
export const transportOf = ({ proto, tls }: Peer): 'udp' | 'tcp' | 'tls' => (tls === undefined ? proto : 'tls')

/** The way back to the sender of a request. */
export interface Channel {
  readonly peer: Peer
  /**
   * Sends one message, framed as the transport requires. Never throws: an answer that cannot be sent is lost, as in the network.
   */
  send(message: Buffer): void
  /**
   * Sends framed messages (TCP only). Resolves when the kernel has them: the block may be reused. Rejects when the peer is gone.
   */
  sendFramed(block: Buffer): Promise<void>
  /**
   * Sends framed messages that others send too, each with this id instead of its own (TCP only). The block is not copied and must
   * not change. Resolves and rejects as `sendFramed` does.
   */
  sendShared(block: Buffer, id: number): Promise<void>
  /** Runs `work` when earlier answers have ended: a connection has one transfer in progress. */
  inTurn(work: () => Promise<void>): Promise<void>
  /** Counts the connection under the key that its peer has proved; no effect over UDP. */
  identify(key: string): void
  /** Closes the connection (TCP only). */
  abort(): void
}

/** The promise resolves when the message is answered; undefined when it is already, or never will be. */
export type OnMessage = (message: Buffer, channel: Channel) => Promise<void> | undefined

/** An IPv4 address that came through an IPv6 socket, as IPv4. */
export const plainIp = (ip: string): string => (ip.startsWith('::ffff:') ? ip.slice(7) : ip)
