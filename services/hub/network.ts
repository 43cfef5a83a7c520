/** The sockets with which a process asks servers, and the transfer client on them. */
import type { Config } from '../../config/config.js'
import { NodeControls } from '../../lib/control/node-controls.js'
import { controlWays } from '../../lib/control/open-control.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { SummingThreads } from '../../lib/transfer/summing-threads.js'
import { TransferClient } from '../../lib/transfer/transfer-client.js'
import { ZoneMemory } from '../../lib/transfer/zone-memory.js'
import { BulkAsker } from '../../lib/transport/bulk-asker.js'
import { PlainSoa } from '../../lib/transport/plain-soa.js'
import { Querier } from '../../lib/transport/querier.js'
import { SoaBulk } from '../../lib/transport/soa-bulk.js'
import { SoaQuerier } from '../../lib/transport/soa-query.js'
import { TcpPool } from '../../lib/transport/tcp-pool.js'
import { TlsAsker } from '../../lib/transport/tls-asker.js'
import { UdpAsker } from '../../lib/transport/udp-asker.js'

export class Network {
  readonly udp: UdpAsker
  readonly tls: TlsAsker
  readonly querier: Querier
  readonly soa: SoaQuerier
  readonly plain: PlainSoa
  readonly client: TransferClient
  readonly bulk: SoaBulk
  readonly controls: NodeControls
  /** Source addresses of queries and transfers. */
  readonly sources: readonly string[]
  readonly #bulkAsker: BulkAsker
  readonly #tcp: TcpPool
  readonly #threads = new SummingThreads()

  /** `warmOctets`: octets of memory of the zones that the store keeps warm. */
  constructor(
    { source }: Config['transfer'],
    {
      connections,
      memory,
    }: { connections: ConstructorParameters<typeof TcpPool>[1]; memory: ConstructorParameters<typeof ZoneMemory>[0] },
    warmOctets: () => number,
  ) {
    this.sources = source
    this.udp = new UdpAsker(source)
    this.controls = new NodeControls(controlWays(source))
    this.#tcp = new TcpPool(source, connections)
    this.tls = new TlsAsker(source)
    this.querier = new Querier(this.udp, this.#tcp, systemClock, this.tls)
    this.soa = new SoaQuerier(this.querier)
    this.plain = new PlainSoa(this.udp, systemClock)
    this.#bulkAsker = new BulkAsker(source)
    this.bulk = new SoaBulk(this.#bulkAsker, systemClock)
    this.client = new TransferClient(this.#tcp, this.querier, systemClock, new ZoneMemory(memory, warmOctets), this.#threads)
  }

  /** For roles that ask servers. */
  get asking() {
    const { soa, querier, controls } = this
    return { soa, querier, controls }
  }

  /** Ends all transfers and queries: a transfer that continued could still commit. */
  close(): void {
    this.#tcp.close()
    this.#bulkAsker.close()
    this.tls.close()
    this.#threads.close()
    this.udp.close()
  }
}
