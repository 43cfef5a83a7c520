/** The way back to the source of one datagram. */
import type { Socket } from 'node:dgram'
import { reportFault } from '../runtime/guard.js'
import type { Channel, Peer } from './channel.js'
import { endpointText } from '../dns/endpoint.js'
import { TransportError } from './errors.js'

/** A lost datagram concerns only its peer. */
const ignore = (): void => undefined

export class DatagramChannel implements Channel {
  readonly peer: Peer
  readonly #socket: Socket
  /** As the socket names it: an IPv4 address may be mapped. */
  readonly #address: string

  constructor(socket: Socket, peer: Peer, address: string) {
    this.#socket = socket
    this.peer = peer
    this.#address = address
  }

  send(message: Buffer): void {
    try {
      this.#socket.send(message, this.peer.port, this.#address, ignore)
    } catch (error) {
      reportFault('udp send', error)
    }
  }

  sendFramed(): Promise<never> {
    const { peer } = this
    return Promise.reject(
      new TransportError({ code: 'TRANSPORT_CLOSED_EARLY', remote: endpointText(peer) }, 'no streams over UDP'),
    )
  }

  sendShared(): Promise<never> {
    return this.sendFramed()
  }

  inTurn(work: () => Promise<void>): Promise<void> {
    return work()
  }

  identify(): void {}

  abort(): void {}
}
