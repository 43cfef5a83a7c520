/**
 * Selects the control address of a node: the first that answers, in the order of preference. When it falls silent, the next one
 * that answers is used. The preferred address is tried again at intervals, and used again when it answers. The result of this hub
 * is in the board's `paths` table; another hub may find another one.
 */
import type { FleetNode } from '../fleet/fleet.js'
import type { Remote } from '../fleet/remote.js'
import type { Clock } from '../runtime/clock.js'
import { guard } from '../runtime/guard.js'
import type { Logger } from '../runtime/logger.js'
import type { Board } from '../state/board.js'
import { endpointText } from '../dns/endpoint.js'

/** Interval at which a better path than the current one is tried. */
const RETURN_MS = 10_000

/** A path that was left is not used again sooner. */
const SETTLE_MS = 2_000

interface State {
  /** The paths for which this was found; a reload may bring others. */
  readonly paths: readonly Remote[]
  inUse: number
  /** The previous path. */
  left: number
  since: number
  returnAt: number
  silent: Map<string, { error: string; since: number }>
}

export class NodePaths {
  readonly #board: Board
  readonly #clock: Clock
  readonly #log: Logger
  readonly #states = new Map<string, State>()
  readonly #listeners = new Set<(node: string) => void>()

  constructor(board: Board, clock: Clock, log: Logger) {
    this.#board = board
    this.#clock = clock
    this.#log = log
  }

  #of(node: FleetNode): State {
    const known = this.#states.get(node.id)
    if (known?.paths === node.paths || (known && textOf(known.paths) === textOf(node.paths))) return known
    const state: State = { paths: node.paths, inUse: 0, left: -1, since: this.#clock.now(), returnAt: 0, silent: new Map() }
    this.#states.set(node.id, state)
    return state
  }

  /** The current path. */
  current(node: FleetNode): Remote {
    return node.paths.length === 1 ? node.paths[0]! : node.paths[this.#of(node).inUse]!
  }

  /** Every path in the order of queries: the current one first, preceded at intervals by the preferred ones. */
  order(node: FleetNode): readonly Remote[] {
    if (node.paths.length === 1) return node.paths
    const state = this.#of(node)
    const now = this.#clock.now()
    if (state.inUse === 0) return node.paths
    const isDue = now >= state.returnAt
    if (isDue) state.returnAt = now + RETURN_MS
    const rest = node.paths.filter((_, i) => i !== state.inUse)
    return isDue ? node.paths : [node.paths[state.inUse]!, ...rest]
  }

  noteAnswer(node: FleetNode, path: Remote): void {
    if (node.paths.length === 1) return
    const state = this.#of(node)
    const now = this.#clock.now()
    const wasSilent = state.silent.delete(endpointText(path.address))
    const index = node.paths.indexOf(path)
    // A late answer by the path that was just left does not count: otherwise the two would alternate.
    const isLate = index === state.left && now - state.since < SETTLE_MS
    if (index < 0 || index === state.inUse || isLate) {
      if (wasSilent) this.#tell(node, state, now)
      return
    }
    const from = endpointText(node.paths[state.inUse]!.address)
    state.left = state.inUse
    state.inUse = index
    state.since = now
    state.returnAt = now + RETURN_MS
    this.#tell(node, state, now)
    const line = { node: node.id, op: 'path', remote: endpointText(path.address), from }
    if (index === 0) this.#log.info(line, 'preferred path to node restored')
    else this.#log.warn(line, 'node reached by another path')
    for (const listener of this.#listeners) listener(node.id)
  }

  noteSilence(node: FleetNode, path: Remote, error: string): void {
    if (node.paths.length === 1) return
    const state = this.#of(node)
    const text = endpointText(path.address)
    if (state.silent.has(text)) return
    const now = this.#clock.now()
    state.silent.set(text, { error, since: now })
    this.#tell(node, state, now)
  }

  /** Calls back when another path reaches a node: earlier messages may never have arrived. */
  onSwitch(listener: (node: string) => void): () => void {
    const guarded = guard('path listener', listener)
    this.#listeners.add(guarded)
    return () => this.#listeners.delete(guarded)
  }

  #tell(node: FleetNode, state: State, now: number): void {
    this.#board.set('paths', node.id, {
      at: now,
      inUse: endpointText(node.paths[state.inUse]!.address),
      since: state.since,
      silent: Object.fromEntries(state.silent),
    })
  }
}

const textOf = (paths: readonly Remote[]): string => paths.map(({ address }) => endpointText(address)).join(' ')
