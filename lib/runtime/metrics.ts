/** Counters and histograms of the hot paths (contract §7). Gauges about zones and nodes are read off the board when asked for. */
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'

export class Metrics {
  readonly registry = new Registry()

  readonly transfers = this.#counter('transfers_total', 'Transfers by direction (in, out), kind (axfr, ixfr) and outcome', [
    'direction',
    'kind',
    'outcome',
  ])
  readonly transferBytes = this.#counter('transfer_bytes_total', 'Octets of transfer messages; effort, not zone size', [
    'direction',
  ])
  readonly notify = this.#counter('notify_total', 'NOTIFY messages by direction and outcome', ['direction', 'outcome'])
  readonly soaQueries = this.#counter('soa_queries_total', 'SOA queries by target (primary, node) and outcome', [
    'target',
    'outcome',
  ])
  readonly checks = this.#counter('checks_total', 'Checks before release by check and verdict', ['check', 'verdict'])
  readonly propagation = new Histogram({
    name: 'zonecast_propagation_seconds',
    help: 'From first sight of a version at a primary to its confirmation by the last node',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900],
    registers: [this.registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.registry, prefix: 'zonecast_' })
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: `zonecast_${name}`, help, labelNames, registers: [this.registry] })
  }
}
