/** Board, fleet and config put together: the facts behind every answer of the API. */
import type { Config } from '../../config/config.js'
import { compareSerials } from '../../lib/dns/serial.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { NodeStateRules } from '../../lib/fleet/node-state.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { type NodeZoneView, summarize, viewNode, type ZoneFacts, type ZoneSummaryView } from '../../lib/fleet/zone-view.js'
import { hasExpired } from '../../lib/refresh/expiry.js'
import { holdReason } from '../../lib/rollout/machine.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import { type NodeCell, type PrimaryCell, pairKey, type ZoneCell } from '../../lib/state/tables.js'

export type StateSums = Partial<Record<NodeState, number>>

/** Pairs worked out before others get a turn, some 2 ms: a hub in one process must not pause for whoever looks at it. */
const PAIRS_PER_SLICE = 250

export class Matrix {
  readonly #board: Board
  readonly #clock: Clock
  fleet: Fleet
  config: Config
  #summing: Promise<StateSums> | undefined

  constructor(config: Config, fleet: Fleet, board: Board, clock: Clock) {
    this.config = config
    this.fleet = fleet
    this.#board = board
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  get #rules(): NodeStateRules {
    const { lag, stuckMs, unknownAfterLooks, observe } = this.config.defaults
    // One look more than may be missed: the last one has its jitter, and may be waiting for its turn.
    const staleMs = observe.everyMs * (unknownAfterLooks + 1)
    return { lagWarnMs: lag.warnMs, stuckMs, unknownAfterLooks, staleMs }
  }

  zoneCell(zone: FleetZone): ZoneCell | undefined {
    return this.#board.get('zones', zone.name)
  }

  primaryCell(zone: FleetZone, primary: string): PrimaryCell | undefined {
    return this.#board.get('primaries', pairKey(zone.name, primary))
  }

  nodeCell(zone: FleetZone, node: string): NodeCell | undefined {
    return this.#board.get('nodes', pairKey(zone.name, node))
  }

  isDrained(node: string): boolean {
    return this.#board.get('drains', node)?.drained ?? false
  }

  #facts(zone: FleetZone): ZoneFacts {
    const cell = this.zoneCell(zone)
    return {
      released: cell?.released,
      releases: cell?.releases ?? [],
      staged: cell?.staged ?? [],
      held: this.#whyHeld(zone),
      conflict: cell?.conflict !== undefined,
      error: cell?.error,
      expired: hasExpired(this.#board, zone, this.now()),
    }
  }

  #whyHeld(zone: FleetZone): string | undefined {
    const hold = this.#board.get('orders', zone.name)?.hold
    const waiting = this.zoneCell(zone)?.rollouts.findLast(({ state }) => state === 'held' || state === 'halted')
    const locked = this.#whyLocked(zone)
    if (locked !== undefined) return locked
    if (waiting) return `serial ${waiting.serial} is ${waiting.state}: ${waiting.reason ?? ''}`
    return hold && holdReason(hold)
  }

  /** A version that went out to nobody has a serial above what a primary serves by now, which therefore is not taken. */
  #whyLocked(zone: FleetZone): string | undefined {
    const cell = this.zoneCell(zone)
    const newest = cell?.rollouts.at(-1)
    const released = cell?.released?.serial
    if (released === undefined || !newest || (newest.state !== 'held' && newest.state !== 'rejected')) return undefined
    for (const { id } of zone.primaries) {
      const served = this.primaryCell(zone, id)?.serial
      if (served === undefined || compareSerials(served, newest.serial) !== 'older') continue
      if (compareSerials(served, released) === 'newer')
        return `${id} serves serial ${served}, older than serial ${newest.serial}, which is ${newest.state}, so it is not taken: raise its serial above ${newest.serial}`
    }
    return undefined
  }

  #view(zone: FleetZone, node: string, facts: ZoneFacts): NodeZoneView {
    const cell = this.nodeCell(zone, node)
    const seen = cell ?? { serial: undefined, since: 0, observedAt: undefined, missed: 0, error: undefined }
    return viewNode(facts, { ...seen, id: node, drained: this.isDrained(node) }, this.#rules, this.now())
  }

  nodeZone(zone: FleetZone, node: FleetNode): NodeZoneView {
    return this.#view(zone, node.id, this.#facts(zone))
  }

  /** Every zone of the fleet or of a list, in slices. */
  async *rows(zones: Iterable<FleetZone> = this.fleet.zones.values()): AsyncGenerator<ReturnType<Matrix['row']>> {
    let pairs = 0
    for (const zone of zones) {
      yield this.row(zone)
      pairs += zone.nodes.length + 1
      if (pairs < PAIRS_PER_SLICE) continue
      pairs = 0
      await pause()
    }
  }

  /** How many pairs of zone and node are in each state; who asks while they are summed up gets the same sums. */
  stateSums(): Promise<StateSums> {
    this.#summing ??= this.#sumUp().finally(() => {
      this.#summing = undefined
    })
    return this.#summing
  }

  async #sumUp(): Promise<StateSums> {
    const sums: StateSums = {}
    for await (const { nodes } of this.rows()) for (const { state } of nodes.values()) sums[state] = (sums[state] ?? 0) + 1
    return sums
  }

  /** A zone's summary and the state of each of its nodes. */
  row(zone: FleetZone): { summary: ZoneSummaryView; nodes: Map<string, NodeZoneView> } {
    const facts = this.#facts(zone)
    const nodes = new Map(zone.nodes.map((node) => [node.id, this.#view(zone, node.id, facts)]))
    return { summary: summarize(zone, facts, nodes), nodes }
  }
}
