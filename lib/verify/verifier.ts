/** Compares what one node serves of one zone with the version that it should serve, and records the verdict. */
import { RCODE } from '../dns/rcode.js'
import { ignoredRecords } from '../dns/ignored-records.js'
import type { Serial } from '../dns/serial.js'
import { describeError } from '../errors.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Remote } from '../fleet/remote.js'
import type { NodePaths } from '../observe/node-paths.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import { pairKey } from '../state/tables.js'
import type { Board } from '../state/board.js'
import type { Version } from '../store/version.js'
import type { ZoneStore } from '../store/zone-store.js'
import type { TransferLimits } from '../transfer/transfer-limits.js'
import type { Querier } from '../transport/querier.js'
import { AxfrComparer, type Subject } from './axfr-comparer.js'
import { ComparisonTurns, OctetBudget, QuestionPace, type VerifyBudget } from './rooms.js'
import { LARGE_SAMPLE, SMALL_SAMPLE } from './sample-plan.js'
import { Sampler } from './sampler.js'
import { ReadError, TransferThreads } from './transfer-threads.js'
import { cannot, type Finding, noteVerdict } from './verdicts.js'

export type VerifyHow = 'auto' | 'axfr' | 'sample'

export interface VerifierParts {
  board: Board
  store: ZoneStore
  clock: Clock
  log: Logger
  metrics: Metrics
  paths: Pick<NodePaths, 'current'>
  querier: Pick<Querier, 'ask'>
  limits: TransferLimits
  /** Source addresses of transfers. */
  sources: readonly string[]
  budget: VerifyBudget
  threads?: TransferThreads
}

export interface VerifyWish {
  how: VerifyHow
  /** An operator ordered it: a larger sample, and the node is asked for a transfer though it refused one lately. */
  isOrder: boolean
}

/** A node that refused a transfer is not asked for one again for so long, except by an order. */
const REFUSES_MS = 3_600_000
/** A version may be released while a node is compared with the one before. */
const MOST_TRIES = 3

/** RCODEs with which servers refuse a transfer; SERVFAIL and FORMERR come from those that know no AXFR. */
const REFUSALS: ReadonlySet<number> = new Set([RCODE.REFUSED, RCODE.NOTAUTH, RCODE.NOTIMP, RCODE.SERVFAIL, RCODE.FORMERR])

export class Verifier {
  readonly #parts: VerifierParts
  readonly #threads: TransferThreads
  readonly #axfr: AxfrComparer
  readonly #sampler: Sampler
  readonly octets: OctetBudget
  readonly turns = new ComparisonTurns()
  /** By node: until when it is not asked for a transfer. */
  readonly #refuses = new Map<string, number>()

  constructor(parts: VerifierParts) {
    const { limits, sources, budget, querier } = parts
    this.#parts = parts
    this.#threads = parts.threads ?? new TransferThreads()
    this.octets = new OctetBudget(() => budget)
    this.#axfr = new AxfrComparer({ threads: this.#threads, limits, sources })
    const pace = new QuestionPace(() => budget.queries)
    this.#sampler = new Sampler({ querier, room: (node) => pace.wait(node) })
  }

  /** Never throws: a failure is a verdict `cannot`. */
  async verify(zone: FleetZone, node: FleetNode, wish: VerifyWish): Promise<Finding & { serial: Serial | undefined }> {
    return await this.turns.run(node.id, () => this.#verify(zone, node, wish))
  }

  async #verify(zone: FleetZone, node: FleetNode, wish: VerifyWish): Promise<Finding & { serial: Serial | undefined }> {
    const { board, store, clock, log, metrics } = this.#parts
    const startedAt = performance.now()
    const way = wish.how === 'sample' ? 'sample' : 'axfr'
    let version: Version | undefined
    let finding: Finding
    try {
      version = store.zone(zone.name).releasedTo(node.id)
      finding =
        version === undefined ? cannot(way, 'no version is released to it') : await this.#untilSettled(zone, node, version, wish)
      version = store.zone(zone.name).releasedTo(node.id) ?? version
    } catch (error) {
      finding = cannot(way, describeError(error))
    }
    metrics.verify.inc({ verdict: finding.verdict })
    if (version === undefined) return { ...finding, serial: undefined }
    const had = board.get('verdicts', pairKey(zone.name, node.id))?.standing
    noteVerdict(board, zone.name, node.id, version, finding, clock.now())
    const { verdict, how, missing, extra, examples, why } = finding
    const line = {
      zone: zone.name,
      op: 'verify',
      node: node.id,
      serial: version.serial,
      how,
      tookMs: Math.round(performance.now() - startedAt),
    }
    if (verdict === 'differs') log.error({ ...line, missing, extra, examples }, 'node has other content')
    else if (verdict === 'cannot') log.warn({ ...line, err: why }, 'node not verified')
    else if (had !== undefined) log.info(line, 'node has the released content again')
    else log.debug(line, 'node verified')
    return { ...finding, serial: version.serial }
  }

  async #untilSettled(zone: FleetZone, node: FleetNode, first: Version, wish: VerifyWish): Promise<Finding> {
    const { store } = this.#parts
    let version = first
    for (let tries = 1; ; tries++) {
      const result = await this.#compare(zone, node, version, wish)
      if ('finding' in result) return result.finding
      const next = store.zone(zone.name).releasedTo(node.id)
      const isReleasedMeanwhile = next !== undefined && next.serial !== version.serial
      if (!isReleasedMeanwhile || tries >= MOST_TRIES)
        return cannot(result.how, `it serves serial ${result.moved}, and the released one is ${version.serial}`)
      version = next
    }
  }

  async #compare(
    zone: FleetZone,
    node: FleetNode,
    version: Version,
    { how, isOrder }: VerifyWish,
  ): Promise<{ finding: Finding } | { moved: Serial; how: Finding['how'] }> {
    const { store, paths, clock } = this.#parts
    const subject: Subject = {
      zone,
      remote: paths.current(node),
      stored: store.zone(zone.name),
      version,
      ignored: ignoredRecords(node.ignored ?? []),
    }
    // A node with TLS gets and gives no zone in the clear (RFC 9103 §9).
    const source = transferSource(subject.remote)
    const isInClear = node.tls !== undefined && source.tls === undefined
    if (how === 'axfr' && isInClear)
      return {
        finding: cannot(
          'axfr',
          `${node.id} has tls, and is asked for no transfer in the clear: set nodes.${node.id}.tls.notify to its port for TLS, or use --how sample`,
        ),
      }
    const isRefusing = how === 'auto' && !isOrder && (this.#refuses.get(node.id) ?? 0) > clock.now()
    if (how !== 'sample' && !isRefusing && !isInClear)
      try {
        const compared = await this.#axfr.compare({ ...subject, remote: source })
        this.octets.note(compared.octets)
        this.#refuses.delete(node.id)
        return 'finding' in compared ? compared : { moved: compared.moved, how: 'axfr' }
      } catch (error) {
        if (!(error instanceof ReadError)) throw error
        if (how === 'axfr' || !isRefusal(error)) return { finding: cannot('axfr', error.message) }
        this.#refuses.set(node.id, clock.now() + REFUSES_MS)
      }
    const sampled = await this.#sampler.compare(subject, isOrder ? LARGE_SAMPLE : SMALL_SAMPLE)
    return 'finding' in sampled ? sampled : { moved: sampled.moved, how: 'sample' }
  }

  close(): void {
    this.#threads.close()
  }
}

/** Where a node takes NOTIFY over TLS, it gives transfers too. */
const transferSource = (remote: Remote): Remote =>
  remote.notifyOver === undefined ? remote : { ...remote, ...remote.notifyOver }

/** The node allows this hub no transfer, or accepts no connection over TCP. */
function isRefusal({ fault: { of, rcode } }: ReadError): boolean {
  if (of === 'XFR_RCODE') return rcode !== undefined && REFUSALS.has(rcode)
  return of === 'XFR_EMPTY_ANSWER' || of === 'TRANSPORT_REFUSED'
}
