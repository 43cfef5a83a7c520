/**
 * Probes nodes whose content is in doubt: a node that came back with its old serial, a node that was sent the content of a serial
 * that it showed already, a node that changed to a serial while it was not observed. Matching answers end the doubt, others name
 * the fault.
 */
import type { Fleet, FleetNode, FleetZone } from '../fleet/fleet.js'
import type { ZoneName } from '../dns/name.js'
import { doubtedAt, type NodeContent } from '../fleet/node-content.js'
import { contentIn, noteProof, type VersionIdentity } from './node-cells.js'
import type { NodeProber } from './node-prober.js'
import type { Clock } from '../runtime/clock.js'
import { describeError } from '../errors.js'
import { guard } from '../runtime/guard.js'
import type { Logger } from '../runtime/logger.js'
import { pause } from '../runtime/turns.js'
import type { Board } from '../state/board.js'
import { type NodeCell, splitPair } from '../state/tables.js'
import type { ZoneStore } from '../store/zone-store.js'

/** Nodes that are probed at once: a returning node may have lost thousands of zones. */
const AT_ONCE = 16
/** Probes of one node at once: a node that answers only SOA queries must not delay the others. */
const AT_ONCE_PER_NODE = 4
const TICK_MS = 1_000
/**
 * Waits between tries. A node that loads a zone answers from its previous version for a while; only the third bad answer counts.
 */
const AGAIN_MS = [3_000, 3_000, 10_000, 30_000, 120_000, 600_000]
const WRONG_TRIES = 3

/** A node whose serial comes from another source is not probed: a few matching answers do not prove the complete content. */
const ASKED: ReadonlySet<NodeContent> = new Set(['unproved', 'unknown', 'other'])

export interface NodeProofParts {
  board: Board
  store: ZoneStore
  prober: Pick<NodeProber, 'prove'>
  clock: Clock
  log: Logger
}

interface Due {
  /** Start of the doubt; a new doubt resets the tries. */
  since: number
  tries: number
  at: number
  isRunning: boolean
}

export class NodeProofs {
  readonly #parts: NodeProofParts
  #fleet: Fleet
  readonly #due = new Map<string, Due>()
  /** Probes under way, by node. */
  readonly #running = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined

  constructor(fleet: Fleet, parts: NodeProofParts) {
    this.#fleet = fleet
    this.#parts = parts
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
  }

  /** Resolves when the pairs of the board are considered, in slices. */
  async start(): Promise<void> {
    const { board } = this.#parts
    this.#unlisten = board.onChange(
      (change) => {
        if (change.table === 'nodes') this.#consider(change.key, change.value)
      },
      { tables: ['nodes'], onlyNews: true },
    )
    this.#timer = setInterval(
      guard('proof timer', () => this.#askDue()),
      TICK_MS,
    )
    this.#timer.unref()
    for (const [key, cell] of board.entries('nodes')) {
      this.#consider(key, cell)
      await pause()
    }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unlisten()
  }

  #consider(key: string, cell: NodeCell): void {
    const doubted = this.#doubted(key, cell)
    if (doubted === undefined) {
      this.#due.delete(key)
      return
    }
    const since = doubtedAt(cell, doubted.version) ?? cell.since
    const known = this.#due.get(key)
    if (known?.since === since) return
    this.#due.set(key, { since, tries: 0, at: this.#parts.clock.now(), isRunning: false })
    setImmediate(guard('proof', () => this.#askDue()))
  }

  /** The version whose content the node must prove; undefined when there is nothing to prove. */
  #doubted(key: string, cell: NodeCell): { zone: FleetZone; node: FleetNode; version: VersionIdentity } | undefined {
    const [name, id] = splitPair(key)
    const zone = this.#fleet.zones.get(name as ZoneName)
    const node = this.#fleet.nodes.get(id)
    if (zone === undefined || node === undefined || !zone.nodes.includes(node) || cell.lostAt !== undefined || cell.missed > 0)
      return undefined
    // A few matching answers refute no verify.
    if (cell.differs !== undefined) return undefined
    const version = this.#parts.store.releasedTo(zone.name, id)
    if (version === undefined || cell.serial !== version.serial) return undefined
    return ASKED.has(contentIn(cell, version)) ? { zone, node, version } : undefined
  }

  #askDue(): void {
    const now = this.#parts.clock.now()
    for (const [key, due] of this.#due) {
      if (this.#sumRunning() >= AT_ONCE) return
      const [, node] = splitPair(key)
      if (due.isRunning || due.at > now || (this.#running.get(node) ?? 0) >= AT_ONCE_PER_NODE) continue
      // First tries precede repetitions.
      if (due.tries > 0) {
        this.#due.delete(key)
        this.#due.set(key, due)
      }
      void this.#ask(key, due)
    }
  }

  #sumRunning(): number {
    let sum = 0
    for (const count of this.#running.values()) sum += count
    return sum
  }

  #count(node: string, by: 1 | -1): void {
    const count = (this.#running.get(node) ?? 0) + by
    if (count === 0) this.#running.delete(node)
    else this.#running.set(node, count)
  }

  async #ask(key: string, due: Due): Promise<void> {
    const { board, store, prober, clock, log } = this.#parts
    const cell = board.get('nodes', key)
    const doubted = cell && this.#doubted(key, cell)
    if (doubted === undefined) {
      this.#due.delete(key)
      return
    }
    const { zone, node, version } = doubted
    // An answer from before the delivery proves nothing about its content.
    if ((cell?.observedAt ?? 0) < due.since) {
      due.at = clock.now() + TICK_MS
      return
    }
    this.#count(node.id, 1)
    due.isRunning = true
    try {
      const stored = store.zone(zone.name)
      const kept = stored.find(version.serial, version.digest)
      if (kept === undefined) return
      const wrong = await prober.prove(zone, node, stored, kept)
      due.tries += 1
      if (board.get('nodes', key)?.serial !== version.serial || this.#due.get(key) !== due) return
      if (wrong.length === 0) noteProof(board, zone.name, node.id, version, clock.now())
      else if (due.tries >= WRONG_TRIES) {
        if (due.tries === WRONG_TRIES)
          log.error({ zone: zone.name, op: 'proof', node: node.id, serial: version.serial, wrong }, 'node has other content')
        noteProof(board, zone.name, node.id, version, clock.now(), wrong[0])
      }
    } catch (error) {
      log.warn({ zone: zone.name, op: 'proof', node: node.id, err: describeError(error) }, 'node not probed')
    } finally {
      this.#count(node.id, -1)
      due.isRunning = false
      if (this.#due.size > this.#running.size) setImmediate(guard('proof', () => this.#askDue()))
      due.at = clock.now() + AGAIN_MS[Math.min(due.tries, AGAIN_MS.length - 1)]!
    }
  }
}
