/** Joins board, fleet and config: the facts behind every answer of the API. */
import type { Config } from '../../config/config.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet, FleetDiff, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { roundedSweepMs } from '../../lib/fleet/sweep-length.js'
import type { NodeStateRules } from '../../lib/fleet/node-state.js'
import { type PrimaryState, whyBehind } from '../../lib/fleet/primary-state.js'
import {
  type NodeZoneView,
  summarize,
  tallyOf,
  viewNode,
  type ZoneFacts,
  type ZoneSummaryView,
} from '../../lib/fleet/zone-view.js'
import { hasExpired } from '../../lib/state/expiry.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import { nodeFacts } from './node-facts.js'
import { stateOfPrimary } from './primary-sum.js'
import type { JudgeParts } from './judge.js'
import { ScopedSums } from './scoped-sums.js'
import { SortedNames } from './sorted-names.js'
import { Sums } from './sums.js'
import { type NodeCell, type PrimaryCell, pairKey, type ZoneCell } from '../../lib/state/tables.js'
import { verdictOf } from '../../lib/verify/verdicts.js'
import { whyHeld } from './why-held.js'

/** Pairs computed before other work runs, about 2 ms: a hub in one process must not pause for readers. */
const PAIRS_PER_SLICE = 250

export class Matrix {
  readonly #board: Board
  readonly #clock: Clock
  #fleet: Fleet
  #config: Config
  readonly #names = new SortedNames()
  readonly sums: Sums
  /** The same for callers with a scope. */
  readonly scoped = new ScopedSums(this)

  /** `lateFrom`: the time from which a primary with an older serial of a zone is late. */
  constructor(config: Config, fleet: Fleet, board: Board, clock: Clock, lateFrom: JudgeParts['lateFrom'] = () => undefined) {
    this.#config = config
    this.#fleet = fleet
    this.#board = board
    this.#clock = clock
    this.#names.change(fleet.zones.keys(), [])
    this.sums = new Sums(fleet, { board, clock, rules: () => this.#rules, lateFrom })
  }

  get fleet(): Fleet {
    return this.#fleet
  }

  get config(): Config {
    return this.#config
  }

  adopt(config: Config, fleet: Fleet, diff: FleetDiff): void {
    this.#config = config
    this.#fleet = fleet
    this.#names.change(
      diff.added.map(({ name }) => name),
      diff.removed.map(({ name }) => name),
    )
    this.sums.adopt(fleet, diff)
  }

  close(): void {
    this.sums.close()
  }

  /** Names of all zones in order. */
  names(): Promise<readonly ZoneName[]> {
    return this.#names.list()
  }

  /** Time of the last use of an old key; `place`: keyUseKey. */
  keyUsedAt(place: string): number | undefined {
    return this.#board.get('keyUses', place)?.usedAt
  }

  now(): number {
    return this.#clock.now()
  }

  get #rules(): NodeStateRules {
    const { lag, stuckMs, unknownAfterMissed, observe } = this.config.defaults
    // One observation more than may be missed: the last one has its jitter, and may wait for its turn.
    const staleMs = roundedSweepMs(observe, this.#fleet) * (unknownAfterMissed + 1)
    return { lagWarnMs: lag.warnMs, stuckMs, unknownAfterMissed, staleMs }
  }

  zoneCell(zone: FleetZone): ZoneCell | undefined {
    return this.#board.get('zones', zone.name)
  }

  primaryCell(zone: FleetZone, primary: string): PrimaryCell | undefined {
    return this.#board.get('primaries', pairKey(zone.name, primary))
  }

  primaryState(zone: FleetZone, primary: string): PrimaryState {
    return stateOfPrimary(primary, this.primaryCell(zone, primary), this.zoneCell(zone))
  }

  nodeCell(zone: FleetZone, node: string): NodeCell | undefined {
    return this.#board.pairs.at(zone.name, node)
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
      held: whyHeld(zone, this.#board, this.#config.approvals),
      conflict: cell?.conflict !== undefined,
      error: cell?.error,
      behind: whyBehind(
        zone.primaries.map(({ id }) => ({ id, state: this.primaryState(zone, id), serial: this.primaryCell(zone, id)?.serial })),
        cell?.newest,
      ),
      expired: hasExpired(this.#board, zone, this.now()),
    }
  }

  #view(zone: FleetZone, node: string, facts: ZoneFacts): NodeZoneView {
    const cell = this.nodeCell(zone, node)
    const view = viewNode(facts, nodeFacts(cell, node, this.isDrained(node)), this.#rules, this.now())
    view.verified = verdictOf(this.#board, zone.name, node)
    return view
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

  /** A zone's summary from the last judged states; `sums` must be settled. */
  summary(zone: FleetZone): ZoneSummaryView {
    return summarize(zone, this.#facts(zone), this.sums.zone(zone.name) ?? tallyOf([]))
  }

  /** A zone's summary and the state of each of its nodes. */
  row(zone: FleetZone): { summary: ZoneSummaryView; nodes: Map<string, NodeZoneView> } {
    const facts = this.#facts(zone)
    const nodes = new Map(zone.nodes.map((node) => [node.id, this.#view(zone, node.id, facts)]))
    return { summary: summarize(zone, facts, tallyOf([...nodes.values()])), nodes }
  }
}
