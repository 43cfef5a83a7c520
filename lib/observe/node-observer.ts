/**
 * Observes the serial that a node serves: sends one SOA query and records the answer on the board. Only this answer counts as in
 * sync.
 */
import type { Soa } from '../dns/message.js'
import type { Serial } from '../dns/serial.js'
import { describeError } from '../errors.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import { guard } from '../runtime/guard.js'
import type { Metrics } from '../runtime/metrics.js'
import type { SoaManner, SoaQuerier } from '../transport/soa-query.js'
import type { NodePaths } from './node-paths.js'
import type { Board } from '../state/board.js'
import { type Hearsay, noteAnswer, noteLost, noteSilence } from './node-cells.js'

/** A node on the control network answers in milliseconds; a lost datagram is asked again soon. */
const PATIENT: SoaManner = { patience: { udpMs: 1_000, udpTries: 2, tcpMs: 3_000 }, tcpAfterSilence: true }
/** Another path can be tried: a silent one gets less time. */
const IMPATIENT: SoaManner = { patience: { udpMs: 500, udpTries: 2, tcpMs: 1_500 }, tcpAfterSilence: true }
/** Failures in a row after which a node counts as down: only one zone is queried, the others wait for its answer. */
const DOWN_AFTER = 4

export class NodeObserver {
  readonly #soa: SoaQuerier
  readonly #paths: NodePaths
  readonly #board: Board
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #hearsay: Hearsay
  readonly #onUp = new Set<(node: string) => void>()
  readonly #failures = new Map<string, { count: number; error: string; probing: boolean }>()

  /** `hasHeardAll`: see Hearsay. */
  constructor(
    soa: SoaQuerier,
    paths: NodePaths,
    board: Board,
    clock: Clock,
    metrics: Metrics,
    hasHeardAll: Hearsay['hasHeardAll'],
  ) {
    this.#soa = soa
    this.#paths = paths
    this.#board = board
    this.#clock = clock
    this.#metrics = metrics
    this.#hearsay = { since: clock.now(), hasHeardAll }
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

  /** Returns the serial that the node serves; undefined without an answer. `counts`: a regular query, whose silence is counted. */
  async observe(node: FleetNode, zone: FleetZone, counts: boolean): Promise<Serial | undefined> {
    const failed = this.#failures.get(node.id)
    if (failed && failed.count >= DOWN_AFTER && failed.probing) {
      noteSilence(this.#board, zone.name, node.id, failed.error, counts, this.#clock.now())
      return undefined
    }
    if (failed) failed.probing = true
    try {
      const soa = await this.#ask(node, zone)
      this.#noteUp(node.id)
      this.#metrics.soaQueries.inc({ target: 'node', outcome: 'ok' })
      noteAnswer(this.#board, zone.name, node.id, soa.serial, this.#clock.now(), this.#hearsay)
      return soa.serial
    } catch (error) {
      const text = describeError(error)
      this.#metrics.soaQueries.inc({ target: 'node', outcome: 'failed' })
      // A node that answers REFUSED for one zone is up: only silence counts against the node.
      if (isSilence(error)) this.#failures.set(node.id, { count: (failed?.count ?? 0) + 1, error: text, probing: false })
      else this.#noteUp(node.id)
      const note = isRefusal(error) ? noteLost : noteSilence
      note(this.#board, zone.name, node.id, text, counts, this.#clock.now())
      return undefined
    }
  }

  #noteUp(node: string): void {
    const wasDown = this.isDown(node)
    this.#failures.delete(node)
    if (wasDown) for (const listener of this.#onUp) listener(node)
  }

  /** Queries by path until one answers. Throws the error of the last path. */
  async #ask(node: FleetNode, zone: FleetZone): Promise<Soa> {
    const paths = this.#paths.order(node)
    let failure: unknown
    for (const path of paths) {
      try {
        const { soa } = await this.#soa.ask(path, zone.apex, paths.length > 1 ? IMPATIENT : PATIENT)
        this.#paths.noteAnswer(node, path)
        return soa
      } catch (error) {
        failure = error
        // An error in an answer is the same by every path.
        if (!isSilence(error)) {
          this.#paths.noteAnswer(node, path)
          throw error
        }
        this.#paths.noteSilence(node, path, describeError(error))
      }
    }
    throw failure
  }
}

/** Signed by the node or not: the node itself answers that it does not serve the zone. */
const isRefusal = (error: unknown): boolean => (error as { code?: string }).code === 'SOA_RCODE'

const isSilence = (error: unknown): boolean => (error as { code?: string }).code?.startsWith('TRANSPORT_') ?? false
