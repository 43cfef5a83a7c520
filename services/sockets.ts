/** The sockets from which a process asks other servers, and what asks with them. */
import type { Clock } from '../lib/runtime/clock.js'
import { BulkAsker } from '../lib/transport/bulk-asker.js'
import { Querier } from '../lib/transport/querier.js'
import { SoaBulk } from '../lib/transport/soa-bulk.js'
import { SoaQuerier } from '../lib/transport/soa-query.js'
import { type PoolLimits, TcpPool } from '../lib/transport/tcp-pool.js'
import { UdpAsker } from '../lib/transport/udp-asker.js'

export class Sockets {
  readonly udp: UdpAsker
  readonly tcp: TcpPool
  readonly querier: Querier
  readonly soa: SoaQuerier
  readonly bulk: SoaBulk
  readonly #bulkAsker: BulkAsker

  /** `sources`: local addresses, at most one per family. */
  constructor(sources: readonly string[], limits: PoolLimits, clock: Clock) {
    this.udp = new UdpAsker(sources)
    this.tcp = new TcpPool(sources, limits)
    this.querier = new Querier(this.udp, this.tcp, clock)
    this.soa = new SoaQuerier(this.querier)
    this.#bulkAsker = new BulkAsker(sources)
    this.bulk = new SoaBulk(this.#bulkAsker, clock)
  }

  /** Running and waiting work gets an error. */
  close(): void {
    for (const each of [this.tcp, this.#bulkAsker, this.udp]) each.close()
  }
}
