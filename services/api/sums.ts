/**
 * Keeps sums over all pairs of zone and node up to date: a request reads them and never judges unchanged pairs. A change on the
 * board is noted at once and judged in slices soon after; a state that changes with time alone is judged again at the time at
 * which it may change. Not here: the views themselves (matrix.ts).
 */
import { everyZoneOf, type Fleet, type FleetDiff, type FleetNode, type FleetZone } from '../../lib/fleet/fleet.js'
import { NODE_STATES, type NodeStateRules } from '../../lib/fleet/node-state.js'
import type { RolloutState } from '../../lib/rollout/rollout-states.js'
import { guard } from '../../lib/runtime/guard.js'
import { pause } from '../../lib/runtime/turns.js'
import { Judge, type JudgeParts } from './judge.js'
import { named, type NodeSum, type StateCounts } from './node-sum.js'
import type { PrimarySum } from './primary-sum.js'
import type { RolloutIndex } from './rollout-index.js'
import { SumTable } from './sum-table.js'
import type { NumberedTime } from './time-pages.js'
import { Unjudged } from './unjudged.js'
import { ZoneMoves } from './zone-moves.js'
import { ZoneSum } from './zone-sum.js'

/** A change waits this long for others, so that a burst is judged once. */
const WAIT_MS = 25
/** How often the states that change with time are checked when nothing else happens. */
const TICK_MS = 1_000
/** Most pairs for which a request waits, some milliseconds of work: with more it gets the sums as they are. */
const MAX_AWAITED = 2_000
/** Pairs judged before the time is read again. */
const PAIRS_PER_STEP = 16

export class Sums {
  readonly #parts: JudgeParts
  readonly #table = new SumTable()
  readonly #judge: Judge
  readonly #unlisten: () => void
  /** Undefined before `begin`. */
  #ticker: NodeJS.Timeout | undefined
  #fleet: Fleet
  #unjudged = new Unjudged()
  readonly #moves = new ZoneMoves(this.#table, (n) => this.#unjudged.zones.add(n))
  /** Pairs that the running batch has not judged yet. */
  #left = 0
  #waiting: NodeJS.Timeout | undefined
  #batch: Promise<void> | undefined
  /** Number of adopted fleets: results for an earlier one are void. */
  #fleets = 0
  #judgedAt = Number.NEGATIVE_INFINITY
  /** The rules of the last judgement, as text. */
  #rules = ''

  constructor(fleet: Fleet, parts: JudgeParts) {
    this.#parts = parts
    this.#fleet = fleet
    this.#judge = new Judge(parts, this.#table)
    this.#unlisten = parts.board.onChange((change) => {
      if (this.#unjudged.note(change, this.#table, parts.rules)) this.#wait()
    })
    this.adopt(fleet, everyZoneOf(fleet))
  }

  /** Judges from now on by itself. While a hub starts, every cell of the board is written, and no caller asks for sums. */
  begin(): void {
    this.#ticker = setInterval(
      guard('sums timer', () => this.#hasWork() && this.settle(Number.POSITIVE_INFINITY)),
      TICK_MS,
    )
    this.#ticker.unref()
    this.#wait()
  }

  /** Judges the changed zones, or all when the rules changed. Many zones are added, changed and removed in slices. */
  adopt(fleet: Fleet, diff: FleetDiff): void {
    this.#fleets += 1
    this.#fleet = fleet
    const rules = this.#parts.rules()
    this.#table.adopt(fleet, rules.staleMs)
    for (const node of this.#table.nodes.values()) node.noteContact(this.#parts.board.get('contacts', node.node.id), rules)
    if (JSON.stringify(rules) !== this.#rules) this.#judgeAll(rules)
    this.#rules = JSON.stringify(rules)
    this.#moves.note(diff)
    if (!this.#moves.isUnderWay && this.#moves.left * fleet.nodes.size <= MAX_AWAITED) {
      this.#moves.all()
      this.#table.prune(fleet)
    }
    this.#wait()
  }

  /** Each state may be another: the rules changed, or the clock was set back. */
  #judgeAll({ staleMs }: NodeStateRules): void {
    for (const node of this.#table.nodes.values()) node.due.reset(staleMs)
    this.#table.zones.forgetAllFacts()
    for (const n of this.#table.every()) this.#unjudged.zones.add(n)
  }

  close(): void {
    clearInterval(this.#ticker)
    clearTimeout(this.#waiting)
    this.#unlisten()
  }

  #wait(): void {
    if (this.#ticker === undefined) return
    this.#waiting ??= setTimeout(
      guard('sums', () => this.settle(Number.POSITIVE_INFINITY)),
      WAIT_MS,
    ).unref()
  }

  #hasWork(): boolean {
    const now = this.#parts.clock.now()
    if (!this.#unjudged.isEmpty || this.#moves.left > 0 || now < this.#judgedAt || this.#table.dueZones.least <= now) return true
    for (const { due } of this.#table.nodes.values()) if (due.next <= now) return true
    return false
  }

  #sizeOf({ zones, size }: Unjudged): number {
    return zones.size * this.#table.nodes.size + size
  }

  /** Pairs that are not judged yet, about. */
  get pending(): number {
    const now = this.#parts.clock.now()
    let pending = this.#left + this.#moves.left * this.#table.nodes.size + this.#sizeOf(this.#unjudged)
    for (const { due } of this.#table.nodes.values()) pending += due.count(now)
    return pending
  }

  /** Resolves when all changes before the call are summed up; at once when more than `most` pairs would have to be judged. */
  async settle(most = MAX_AWAITED): Promise<void> {
    for (let fleets = -1; fleets !== this.#fleets; ) {
      if (this.pending > most) return this.#wait()
      fleets = this.#fleets
      // A running batch covers the changes before its beginning.
      await this.#batch
      if (!this.#hasWork()) continue
      if (this.pending > most) return this.#wait()
      this.#batch ??= this.#judgeChanges().finally(() => {
        this.#batch = undefined
        this.#left = 0
      })
      await this.#batch
    }
  }

  async #judgeChanges(): Promise<void> {
    clearTimeout(this.#waiting)
    this.#waiting = undefined
    const rules = this.#parts.rules()
    await this.#moves.inSlices()
    this.#table.prune(this.#fleet)
    const now = this.#parts.clock.now()
    // Only after the clock was set back.
    if (now < this.#judgedAt) this.#judgeAll(rules)
    this.#judgedAt = now
    const unjudged = this.#unjudged
    this.#unjudged = new Unjudged()
    // Before the first pause: a request must not wait for a batch of unknown size.
    this.#left = this.#sizeOf(unjudged)
    for (const zone of this.#table.dueZones.takeDue(now)) unjudged.zones.add(zone)
    for (const node of this.#table.nodes.values()) {
      for (const zone of node.due.take(now)) unjudged.notePair(node, zone)
      await pause()
    }
    this.#left = this.#sizeOf(unjudged)
    await this.#judgeZones(unjudged, rules)
    await this.#judgePairs(unjudged, rules)
  }

  async #judgeZones({ zones }: Unjudged, rules: NodeStateRules): Promise<void> {
    for (const n of zones) {
      const zone = this.#table.zone(n)
      if (zone) this.#judge.zone(n, zone, rules)
      this.#left -= this.#table.nodes.size
      await pause()
    }
  }

  async #judgePairs({ nodes, pairs }: Unjudged, rules: NodeStateRules): Promise<void> {
    let judged = 0
    for (const [node, zones] of [...pairs, ...Array.from(nodes, (each) => [each, each.carried()] as const)]) {
      for (const n of zones) {
        this.#judge.pair(n, node, rules)
        if (++judged % PAIRS_PER_STEP !== 0) continue
        this.#left -= PAIRS_PER_STEP
        await pause()
      }
    }
  }

  /** True when nodes were queried and none of them answers, whatever their zones and drained or not. */
  get isNoNodeAnswering(): boolean {
    const now = this.#parts.clock.now()
    const { staleMs } = this.#parts.rules()
    const answers = Array.from(this.#table.nodes.values(), (node) => node.answers(now, staleMs))
    return answers.includes(false) && !answers.includes(true)
  }

  zone(name: string): ZoneSum | undefined {
    const { zones, nodes } = this.#table
    const n = this.#table.numberOf(name)
    const zone = n === undefined ? undefined : this.#table.zone(n)
    return n === undefined || zone === undefined ? undefined : new ZoneSum(zone, n, zones, nodes, this.#parts.clock.now())
  }

  /** See SumTable. */
  numberOf(zone: string): number | undefined {
    return this.#table.numberOf(zone)
  }

  zoneOf(number: number): FleetZone | undefined {
    return this.#table.zone(number)
  }

  primary(id: string): PrimarySum | undefined {
    return this.#table.primaries.get(id)
  }

  node(id: string): NodeSum | undefined {
    return this.#table.nodes.get(id)
  }

  /** Pairs in each state. */
  get states(): StateCounts {
    return this.#statesBy(() => '').get('') ?? {}
  }

  get statesByCloud(): ReadonlyMap<string, StateCounts> {
    return this.#statesBy(({ cloud }) => cloud)
  }

  #statesBy(groupOf: (node: FleetNode) => string): ReadonlyMap<string, StateCounts> {
    const groups = new Map<string, number[]>()
    for (const { node, counts } of this.#table.nodes.values()) {
      const sums = groups.get(groupOf(node)) ?? NODE_STATES.map(() => 0)
      for (const [i, count] of counts.entries()) sums[i]! += count
      groups.set(groupOf(node), sums)
    }
    return new Map(Array.from(groups, ([group, counts]) => [group, named(counts)]))
  }

  /** Names of zones without a released version, in no order. */
  get unreleased(): ReadonlySet<string> {
    return this.#table.unreleased
  }

  /** Number of zones without a released version, those included that are not summed up yet. */
  get unreleasedCount(): number {
    return this.#table.unreleased.size + this.#moves.coming
  }

  get held(): ReadonlySet<string> {
    return this.#table.held
  }

  /** Seconds since 1970 when the first signature of a released version expires; undefined without signed zones. */
  get firstExpiry(): number | undefined {
    return this.#table.zones.firstExpiry
  }

  get conflicts(): ReadonlySet<string> {
    return this.#table.conflicts
  }

  /** See RolloutIndex. */
  rolledZones(...query: Parameters<RolloutIndex['zones']>): NumberedTime[] {
    return this.#table.rolled.zones(...query)
  }

  /** Zones by the state of their newest rollout. */
  get rollouts(): ReadonlyMap<RolloutState, number> {
    return this.#table.rollouts.byState
  }
}
