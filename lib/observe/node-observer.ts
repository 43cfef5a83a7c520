/**
 * Observes the serial that a node serves: sends one SOA query and records the answer on the board. Only this answer counts as in
 * sync.
 */
import type { Soa } from '../dns/message.js'
import type { Serial } from '../dns/serial.js'
import { describeError } from '../errors.js'
import { backoffMs } from '../runtime/backoff.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import { guard } from '../runtime/guard.js'
import type { Metrics } from '../runtime/metrics.js'
import { timedOut } from '../transport/errors.js'
import type { PlainSoa } from '../transport/plain-soa.js'
import type { SoaBulk } from '../transport/soa-bulk.js'
import { overTcp, type SoaManner, type SoaQuerier } from '../transport/soa-query.js'
import type { NodePaths } from './node-paths.js'
import type { Board } from '../state/board.js'
import { type Hearsay, noteAnswer, noteLost, noteSilence } from './node-cells.js'

/** A node on the control network answers in milliseconds; a lost datagram is asked again soon. */
const PATIENCE = { udpMs: 1_000, udpTries: 2, tcpMs: 3_000 }
const PATIENT: SoaManner = { patience: PATIENCE, tcpAfterSilence: true }
/** After a plain query, which was the first try over UDP: one more is left. */
const AFTER_PLAIN: SoaManner = { patience: { ...PATIENCE, udpTries: 1 }, tcpAfterSilence: true }
/** Another path can be tried: a silent one gets less time. */
const IMPATIENT: SoaManner = { patience: { udpMs: 500, udpTries: 2, tcpMs: 1_500 }, tcpAfterSilence: true }
/** First wait between queries to a node that is down; the longest is the interval of regular queries. */
const FIRST_PROBE_MS = 5_000
/** Failures in a row after which a node counts as down: only one zone is queried, the others wait for its answer. */
const DOWN_AFTER = 4

/** A query that leaves at the end of this turn of the event loop. */
interface Query {
  zone: FleetZone
  counts: boolean
  resolve: (serial: Serial | undefined) => void
}

/** Longer than all tries by all paths take: a query that is not over by then was lost, and counts as silence. */
const DEADLINE_MS = 60_000
/** A timer that is so late belongs to a process that was suspended. */
const LATE_MS = 5_000

/** Fewer queries go over UDP, each by itself. */
const BULK_FROM = 4

interface Failures {
  count: number
  error: string
  /** Time of the first one. */
  since: number
  /** A query is under way. */
  probing: boolean
  /** When the node is down: queries since then, and the time of the next one. */
  probes: number
  probeAt: number
}

export interface NodeObserverParts {
  soa: SoaQuerier
  bulk: SoaBulk
  plain: Pick<PlainSoa, 'ask'>
  paths: NodePaths
  board: Board
  clock: Clock
  metrics: Metrics
  /** See Hearsay. */
  hasHeardAll: Hearsay['hasHeardAll']
  /** Interval of regular queries. */
  observe: { everyMs: number }
}

export class NodeObserver {
  readonly #parts: NodeObserverParts
  readonly #hearsay: Hearsay
  readonly #onUp = new Set<(node: string) => void>()
  readonly #failures = new Map<string, Failures>()
  /** Queries of this turn of the event loop, by node. */
  readonly #turn = new Map<string, Query[]>()

  constructor(parts: NodeObserverParts) {
    this.#parts = parts
    this.#hearsay = { since: parts.clock.now(), hasHeardAll: parts.hasHeardAll }
  }

  /** Calls back when a node that was down answers again. */
  onUp(listener: (node: string) => void): () => void {
    const guarded = guard('node listener', listener)
    this.#onUp.add(guarded)
    return () => this.#onUp.delete(guarded)
  }

  isDown(node: string): boolean {
    return (this.#failures.get(node)?.count ?? 0) >= DOWN_AFTER
  }

  /** The node is down, and its next query is due. */
  isProbeDue(node: string): boolean {
    const failed = this.#failures.get(node)
    return failed !== undefined && !failed.probing && this.#parts.clock.now() >= failed.probeAt
  }

  /**
   * Returns the serial that the node serves; undefined without an answer. `counts`: a regular query, whose silence is counted. A node
   * that is down is queried at growing intervals only: other calls end at once.
   */
  observe(node: FleetNode, zone: FleetZone, counts: boolean): Promise<Serial | undefined> {
    const before = this.#failures.get(node.id)
    if (before !== undefined) {
      if (before.count >= DOWN_AFTER && (before.probing || this.#parts.clock.now() < before.probeAt))
        return Promise.resolve(undefined)
      before.probing = true
    }
    return new Promise((settle) => {
      const giveUp = (): void => {
        settle(undefined)
        const failed = this.#failures.get(node.id)
        if (failed !== undefined) failed.probing = false
        // A process that was suspended does not know whether the node answered.
        if (performance.now() - startedAt > DEADLINE_MS + LATE_MS) return
        this.#noteFailure(node.id, zone, counts, timedOut(node.paths[0]!.address, DEADLINE_MS))
      }
      const startedAt = performance.now()
      const deadline = setTimeout(guard('node query', giveUp), DEADLINE_MS).unref()
      const resolve = (serial: Serial | undefined): void => {
        clearTimeout(deadline)
        settle(serial)
      }
      const query = { zone, counts, resolve }
      const queries = this.#turn.get(node.id)
      if (queries !== undefined) {
        queries.push(query)
        return
      }
      this.#turn.set(node.id, [query])
      // Everything that wants to know about the node now asks in the same turn.
      queueMicrotask(guard('node query', () => this.#send(node)))
    })
  }

  #send(node: FleetNode): void {
    const queries = this.#turn.get(node.id)!
    this.#turn.delete(node.id)
    const isBulk = queries.length >= BULK_FROM && !this.#failures.has(node.id) && this.#sendBulk(node, queries)
    if (!isBulk) for (const query of queries) this.#sendOne(node, query)
  }

  /** A plain query first, where it can succeed. */
  #sendOne(node: FleetNode, query: Query): void {
    const [path, ...others] = node.paths
    if (path === undefined || others.length > 0 || path.tls !== undefined || query.zone.catalog !== undefined) {
      void this.#askOne(node, query, PATIENT)
      return
    }
    this.#parts.plain.ask(path, query.zone.apex, PATIENCE.udpMs, (serial) => {
      if (serial === undefined) void this.#askOne(node, query, AFTER_PLAIN)
      else this.#noteSerial(node, query, serial)
    })
  }

  #sendBulk(node: FleetNode, queries: readonly Query[]): boolean {
    const path = this.#parts.paths.current(node)
    return this.#parts.bulk.ask(
      path,
      queries.map(({ zone }) => zone.apex),
      (place, serial) => {
        const query = queries[place]!
        if (serial === undefined) void this.#askOne(node, query, PATIENT)
        else {
          this.#parts.paths.noteAnswer(node, path)
          this.#noteSerial(node, query, serial)
        }
      },
    )
  }

  #noteSerial(node: FleetNode, { zone, resolve }: Query, serial: Serial): void {
    const { board, clock, metrics } = this.#parts
    this.#noteUp(node.id)
    metrics.soaQueries.inc({ target: 'node', outcome: 'ok' })
    noteAnswer(board, zone.name, node.id, serial, clock.now(), this.#hearsay)
    resolve(serial)
  }

  /** Never throws. */
  async #askOne(node: FleetNode, query: Query, manner: SoaManner): Promise<void> {
    try {
      this.#noteSerial(node, query, (await this.#ask(node, query.zone, manner)).serial)
    } catch (error) {
      this.#parts.metrics.soaQueries.inc({ target: 'node', outcome: 'failed' })
      this.#noteFailure(node.id, query.zone, query.counts, error)
      query.resolve(undefined)
    }
  }

  #noteFailure(node: string, zone: FleetZone, counts: boolean, error: unknown): void {
    const { board, clock } = this.#parts
    const text = describeError(error)
    const now = clock.now()
    // A node that answers REFUSED for one zone is up: only silence counts against the node.
    if (!isSilence(error)) {
      this.#noteUp(node)
      const note = isRefusal(error) ? noteLost : noteSilence
      note(board, zone.name, node, text, counts, now)
      return
    }
    const failed = this.#failures.get(node) ?? { count: 0, error: text, since: now, probing: false, probes: 0, probeAt: 0 }
    this.#failures.set(node, failed)
    failed.count += 1
    failed.error = text
    failed.probing = false
    if (failed.count < DOWN_AFTER) noteSilence(board, zone.name, node, text, counts, now)
    else if (now >= failed.probeAt) this.#noteDown(node, failed, now)
  }

  /** Queries that were under way when the node went down change nothing here. */
  #noteDown(node: string, failed: Failures, now: number): void {
    const { board, observe } = this.#parts
    const { everyMs } = observe
    failed.probes += 1
    const rule = { firstMs: Math.min(FIRST_PROBE_MS, everyMs), maxMs: everyMs }
    failed.probeAt = now + backoffMs(rule, failed.probes, Math.random())
    // As many as regular queries would have had no answer by now.
    const missed = 1 + Math.floor((now - failed.since) / everyMs)
    const { sweptAt } = board.get('contacts', node) ?? {}
    board.set('contacts', node, { at: now, silentSince: failed.since, missed, error: failed.error, sweptAt })
  }

  /** A sign that the node is up: if it is down, its next query is due. */
  noteSign(node: string): void {
    const failed = this.#failures.get(node)
    if (failed !== undefined && failed.count >= DOWN_AFTER) failed.probeAt = Math.min(failed.probeAt, this.#parts.clock.now())
  }

  #noteUp(node: string): void {
    const { board, clock } = this.#parts
    if (!this.#failures.has(node)) return
    const wasDown = this.isDown(node)
    this.#failures.delete(node)
    if (!wasDown) return
    board.set('contacts', node, { at: clock.now(), missed: 0, sweptAt: board.get('contacts', node)?.sweptAt })
    for (const listener of this.#onUp) listener(node)
  }

  /** Each zone of the node was observed since then, or has a fault of its own on the board. */
  noteSwept(node: string, sweptAt: number): void {
    const { board, clock } = this.#parts
    const held = board.get('contacts', node)
    board.set('contacts', node, { ...held, at: clock.now(), missed: held?.missed ?? 0, sweptAt })
  }

  /** Queries by path until one answers; `alone`: the manner where there is one path. Throws the error of the last path. */
  async #ask(node: FleetNode, zone: FleetZone, alone: SoaManner): Promise<Soa> {
    const paths = this.#parts.paths.order(node)
    const patience = paths.length > 1 ? IMPATIENT : alone
    const manner = zone.catalog === undefined ? patience : overTcp(patience)
    let failure: unknown
    for (const path of paths) {
      try {
        const { soa } = await this.#parts.soa.ask(path, zone.apex, manner)
        this.#parts.paths.noteAnswer(node, path)
        return soa
      } catch (error) {
        failure = error
        // An error in an answer is the same by every path.
        if (!isSilence(error)) {
          this.#parts.paths.noteAnswer(node, path)
          throw error
        }
        this.#parts.paths.noteSilence(node, path, describeError(error))
      }
    }
    throw failure
  }
}

/** Signed by the node or not: the node itself answers that it does not serve the zone. */
const isRefusal = (error: unknown): boolean => (error as { code?: string }).code === 'SOA_RCODE'

const isSilence = (error: unknown): boolean => (error as { code?: string }).code?.startsWith('TRANSPORT_') ?? false
