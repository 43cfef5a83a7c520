/**
 * Transfers that would take a node back: the node has, or is forced to get, a version that another process of the installation
 * released, and this one does not have it yet. After the refusal the node asks its next primary. Only AXFR: a node that is forced to
 * transfer names no serial. A node that goes on asking has no other primary, and gets what this process has.
 */
import { isNewer } from '../../lib/dns/serial.js'
import { nodeCell } from '../../lib/observe/node-cells.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey } from '../../lib/state/tables.js'
import type { Query } from './query.js'

/** A force runs no longer than this; its cell may stay when its worker was killed. */
const FORCE_MS = 600_000

/** Refusals of one zone to a node in a row, and the time after which they are forgotten, milliseconds. */
const MOST = 4
const FORGET_MS = 60_000
/** Pairs that are remembered; observations in Redis, which anyone who writes there can falsify, make a pair refused. */
const MOST_PAIRS = 10_000

export class StepBacks {
  readonly #parts: { board: Board; clock: Clock }
  /** By zone and nodes, oldest first. */
  readonly #refused = new Map<string, { count: number; at: number }>()

  constructor(parts: { board: Board; clock: Clock }) {
    this.#parts = parts
  }

  /** True when the transfer is to be refused. */
  refuse(query: Pick<Query, 'offer' | 'asker'>): boolean {
    if (query.asker.kind === 'hub' || !wouldStepBack(query, this.#parts)) return false
    const key = `${query.offer.zone.name} ${query.asker.nodes.join()}`
    const now = performance.now()
    const known = this.#refused.get(key)
    const isRecent = known !== undefined && now - known.at < FORGET_MS
    if (isRecent && known.count >= MOST) return false
    this.#refused.delete(key)
    this.#refused.set(key, { count: isRecent ? known.count + 1 : 1, at: isRecent ? known.at : now })
    const [oldest] = this.#refused.keys()
    if (this.#refused.size > MOST_PAIRS && oldest !== undefined) this.#refused.delete(oldest)
    return true
  }
}

function wouldStepBack(
  { offer, asker }: Pick<Query, 'offer' | 'asker'>,
  { board, clock }: { board: Board; clock: Clock },
): boolean {
  if (asker.kind === 'hub') return false
  const { zone, serial } = offer
  // Where machines share the zones of a hub, the owner of the zone writes the cell, and this machine may follow it later.
  const released = board.get('zones', zone.name)?.released?.serial
  return asker.nodes.some((node) => {
    const force = board.get('forces', pairKey(zone.name, node))
    if (force?.outcome === 'running' && clock.now() - force.at < FORCE_MS && isNewer(force.serial, serial)) return true
    const { serial: observed, lostAt } = nodeCell(board, zone.name, node)
    if (observed === undefined || lostAt !== undefined || !isNewer(observed, serial)) return false
    // A node that is ahead of every release is to go back.
    return released !== undefined && !isNewer(observed, released)
  })
}
