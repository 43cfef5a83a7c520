/** Counters and histograms of the hot paths (docs/contract.md). Gauges about zones and nodes are computed from the board on demand. */
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { HotCounter } from './hot-counter.js'

/** Seconds. */
const PROPAGATION_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]

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
  readonly foreignValues = this.#counter(
    'redis_foreign_values_total',
    'Values and messages in Redis that no hub wrote, by what they claim to be',
    ['what'],
  )
  readonly refusals = this.#counter('refusals_total', 'Requests refused, answered or dropped above the rate', ['outcome'])
  readonly notify = this.#counter('notify_total', 'NOTIFY messages by direction and outcome', ['direction', 'outcome'])
  readonly soaQueries = this.#counter('soa_queries_total', 'SOA queries by target (primary, node) and outcome', [
    'target',
    'outcome',
  ])
  readonly forces = this.#counter(
    'forces_total',
    'Forced transfers of a zone on a node by origin (operator, unstick) and outcome',
    ['by', 'outcome'],
  )
  readonly checks = this.#counter('checks_total', 'Checks before release by check and verdict', ['check', 'verdict'])
  readonly unexpectedErrors = this.#counter('unexpected_errors_total', 'Errors that escaped a callback, by the callback', [
    'where',
  ])
  readonly auditEntries = this.#counter('audit_entries_total', 'Entries written to the audit log', [])
  readonly auditFailures = this.#counter('audit_failures_total', 'Audit lines that could not be written: orders are refused', [])
  readonly verify = this.#counter('verify_total', 'Comparisons of what nodes serve with the released version, by verdict', [
    'verdict',
  ])
  readonly stagePropagation = new Histogram({
    name: 'zonecast_stage_propagation_seconds',
    help: 'From the release of a version to the nodes of a stage to its confirmation by the last of them',
    labelNames: ['stage'],
    buckets: PROPAGATION_BUCKETS,
    registers: [this.registry],
  })
  readonly refusedPeers = this.#counter(
    'refused_peers_total',
    'Requests refused although this hub knows their key or zone, by node',
    ['node'],
  )
  readonly oldKeyUses = this.#counter(
    'old_key_uses_total',
    'Requests signed with a key that is being replaced, by peer and key',
    ['peer', 'key'],
  )
  readonly handshakes = this.#counter('tls_handshakes_total', 'TLS handshakes of peers with the transfer server, by outcome', [
    'outcome',
  ])
  readonly apiHandshakes = this.#counter('api_tls_handshakes_total', 'TLS handshakes with the API, by outcome', ['outcome'])
  readonly repeatedTransfers = this.#counter(
    'repeated_transfers_total',
    'Transfers of a version that was already sent to the node',
    ['node'],
  )
  readonly propagation = new Histogram({
    name: 'zonecast_propagation_seconds',
    help: 'From the announcement of a version at a primary to its confirmation by the last node',
    buckets: PROPAGATION_BUCKETS,
    registers: [this.registry],
  })
  readonly loadTime = new Histogram({
    name: 'zonecast_load_time_seconds',
    help: 'From the announcement of a version at a primary to its confirmation by 95 % of its nodes (load-time of RSSAC002)',
    buckets: PROPAGATION_BUCKETS,
    registers: [this.registry],
  })

  /** `ofProcess`: with those of the process and its event loop. */
  constructor({ ofProcess }: { ofProcess: boolean } = { ofProcess: true }) {
    if (ofProcess) collectDefaultMetrics({ register: this.registry, prefix: 'zonecast_' })
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): HotCounter<L> {
    return new HotCounter(`zonecast_${name}`, help, labelNames, this.registry)
  }
}
