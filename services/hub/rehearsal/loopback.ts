/** A DNS server of a rehearsal: on a loopback address, at a port that the system chooses. */
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import type { OnMessage } from '../../../lib/transport/channel.js'
import { DnsListener } from '../../../lib/transport/dns-listener.js'

const IDLE_MS = 30_000
const MOST_CONNECTIONS = 64

export class LoopbackServer {
  readonly #ip: string
  readonly #listener: DnsListener

  constructor(ip: string, onMessage: OnMessage) {
    this.#ip = ip
    this.#listener = new DnsListener({
      listen: [{ ip, port: 0 }],
      idleMs: IDLE_MS,
      maxConnections: MOST_CONNECTIONS,
      isKnown: () => true,
      strangerOctets: { udp: 0, tcp: 0 },
      onMessage,
    })
  }

  /** Rejects with TransportError when the address is not one of this machine. */
  async open(): Promise<Endpoint> {
    const [bound] = await this.#listener.open()
    return { ip: this.#ip, port: bound!.port }
  }

  async close(): Promise<void> {
    await this.#listener.close()
  }
}
