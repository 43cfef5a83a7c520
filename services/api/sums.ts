/**
 * Keeps sums over all pairs of zone and node up to date: a request reads them and never judges unchanged pairs. A change on the
 * board is noted at once and judged in slices soon after; a state that changes with time alone is judged again at the time at
 * which it may change. Not here: the views themselves (matrix.ts).
 */
import type { ZoneName } from '../../lib/dns/name.js'
import type { Serial } from '../../lib/dns/serial.js'
import { everyZoneOf, type Fleet, type FleetDiff, type FleetNode, type FleetZone, touchedBy } from '../../lib/fleet/fleet.js'
import { NODE_STATES, type NodeStateRules } from '../../lib/fleet/node-state.js'
import { whyBehind } from '../../lib/fleet/primary-state.js'
import { type StandingFacts, standingOf } from '../../lib/fleet/zone-view.js'
import { expiryOf } from '../../lib/state/expiry.js'
import type { RolloutState } from '../../lib/rollout/rollout-states.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import { Schedule } from '../../lib/runtime/schedule.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey, splitPair } from '../../lib/state/tables.js'
import { contactOf, named, NodeSum, type StateCounts } from './node-sum.js'
import { PrimarySum, stateOfPrimary } from './primary-sum.js'
import { RolloutCounts } from './rollout-counts.js'
import { Unjudged } from './unjudged.js'
import { whyHeld } from './why-held.js'
import { ZoneSum } from './zone-sum.js'

/** A change waits this long for others, so that a burst is judged once. */
const WAIT_MS = 25
/** How often the states that change with time are checked when nothing else happens. */
const TICK_MS = 1_000
/** Zones judged before other work runs; a zone has up to some dozens of nodes. */
const ZONES_PER_SLICE = 20
const PAIRS_PER_SLICE = 200

/** Index of each state in arrays of counts. */
const INDEX = new Map(NODE_STATES.map((state, i) => [state, i]))

export interface SumsParts {
  board: Board
  clock: Clock
  rules: () => NodeStateRules
  /** The time from which a primary with an older serial of a zone is late. */
  lateFrom: (zone: ZoneName, serial: Serial) => number | undefined
}

export class Sums {
  readonly #parts: SumsParts
  readonly #unlisten: () => void
  readonly #ticker: NodeJS.Timeout
  readonly #nodes = new Map<string, NodeSum<ZoneSum>>()
  readonly #primaries = new Map<string, PrimarySum>()
  readonly #zones = new Map<string, ZoneSum>()
  readonly #unreleased = new Set<string>()
  readonly #held = new Set<string>()
  readonly #conflicts = new Set<string>()
  readonly #rollouts = new RolloutCounts()
  readonly #changes = new Schedule<ZoneSum>()
  #unjudged = new Unjudged()
  #waiting: NodeJS.Timeout | undefined
  #batch: Promise<void> | undefined
  /** Number of adopted fleets: results for an earlier one are void. */
  #fleets = 0
  #judgedAt = Number.NEGATIVE_INFINITY
  /** The rules of the last judgement, as text. */
  #rules = ''

  constructor(fleet: Fleet, parts: SumsParts) {
    this.#parts = parts
    this.#unlisten = parts.board.onChange((change) => this.#unjudged.note(change) && this.#wait())
    this.#ticker = setInterval(
      guard('sums timer', () => this.#hasWork() && this.settle()),
      TICK_MS,
    )
    this.#ticker.unref()
    this.adopt(fleet, everyZoneOf(fleet))
  }

  /** Judges the changed zones, or all when the rules changed. */
  adopt(fleet: Fleet, diff: FleetDiff): void {
    this.#fleets += 1
    for (const { name } of diff.removed) this.#drop(name)
    for (const id of this.#nodes.keys()) if (!fleet.nodes.has(id)) this.#nodes.delete(id)
    for (const id of this.#primaries.keys()) if (!fleet.primaries.has(id)) this.#primaries.delete(id)
    for (const node of fleet.nodes.values()) {
      const known = this.#nodes.get(node.id)
      if (known !== undefined) known.node = node
      else this.#nodes.set(node.id, new NodeSum<ZoneSum>(node))
    }
    for (const id of fleet.primaries.keys()) if (!this.#primaries.has(id)) this.#primaries.set(id, new PrimarySum())
    for (const zone of touchedBy(diff)) {
      this.#drop(zone.name)
      this.#add(zone)
    }
    const rules = JSON.stringify(this.#parts.rules())
    if (rules !== this.#rules) for (const name of this.#zones.keys()) this.#unjudged.zones.add(name)
    this.#rules = rules
    this.#wait()
  }

  #add(zone: FleetZone): void {
    const sum = new ZoneSum(
      zone,
      zone.nodes.map(({ id }) => this.#nodes.get(id)!),
    )
    for (const [i, node] of sum.nodes.entries()) node.carry(sum, i)
    this.#zones.set(zone.name, sum)
    this.#unjudged.zones.add(zone.name)
  }

  #drop(name: string): void {
    const sum = this.#zones.get(name)
    if (sum === undefined) return
    this.#zones.delete(name)
    this.#changes.delete(sum)
    this.#rollouts.move(sum.rollout, undefined)
    for (const node of sum.nodes) node.drop(sum)
    for (const primary of this.#primaries.values()) primary.drop(name)
    for (const set of [this.#unreleased, this.#held, this.#conflicts]) set.delete(name)
  }

  close(): void {
    clearInterval(this.#ticker)
    clearTimeout(this.#waiting)
    this.#unlisten()
  }

  #wait(): void {
    this.#waiting ??= setTimeout(
      guard('sums', () => this.settle()),
      WAIT_MS,
    ).unref()
  }

  #hasWork(): boolean {
    const now = this.#parts.clock.now()
    return !this.#unjudged.isEmpty || now < this.#judgedAt || (this.#changes.next() ?? Number.POSITIVE_INFINITY) <= now
  }

  /** Resolves when all changes before the call are summed up. */
  async settle(): Promise<void> {
    for (let fleets = -1; fleets !== this.#fleets; ) {
      fleets = this.#fleets
      // A running batch covers the changes before its beginning.
      await this.#batch
      if (!this.#hasWork()) continue
      this.#batch ??= this.#judgeChanges().finally(() => {
        this.#batch = undefined
      })
      await this.#batch
    }
  }

  async #judgeChanges(): Promise<void> {
    clearTimeout(this.#waiting)
    this.#waiting = undefined
    const now = this.#parts.clock.now()
    // Only after the clock was set back: then every state may be another.
    if (now < this.#judgedAt) for (const name of this.#zones.keys()) this.#unjudged.zones.add(name)
    this.#judgedAt = now
    for (let due = this.#changes.takeDue(now); due; due = this.#changes.takeDue(now)) this.#unjudged.zones.add(due.zone.name)
    const { zones, pairs, nodes } = this.#unjudged
    this.#unjudged = new Unjudged()
    const rules = this.#parts.rules()
    let done = 0
    for (const name of zones) {
      const sum = this.#zones.get(name)
      if (sum) this.#judgeZone(sum, rules)
      if (++done % ZONES_PER_SLICE === 0) await pause()
    }
    for (const key of pairs) {
      const [name, id] = splitPair(key)
      const sum = zones.has(name) ? undefined : this.#zones.get(name)
      const i = sum?.zone.nodes.findIndex((node) => node.id === id) ?? -1
      if (sum && i >= 0) this.#judgePair(sum, i, rules)
      if (++done % PAIRS_PER_SLICE === 0) await pause()
    }
    for (const id of nodes)
      for (const [sum, i] of this.#nodes.get(id)?.carried() ?? []) {
        this.#judgePair(sum, i, rules)
        if (++done % PAIRS_PER_SLICE === 0) await pause()
      }
  }

  #judgeZone(sum: ZoneSum, rules: NodeStateRules): void {
    const { board } = this.#parts
    const { name } = sum.zone
    const cell = board.get('zones', name)
    sum.expiresAt = expiryOf(board, sum.zone)
    sum.hasRelease = cell?.released !== undefined
    sum.hasConflict = cell?.conflict !== undefined
    sum.isHeld = whyHeld(sum.zone, board) !== undefined
    const primaries = sum.zone.primaries.map(({ id }) => {
      const seen = board.get('primaries', pairKey(name, id))
      return { id, serial: seen?.serial, state: stateOfPrimary(id, seen, cell) }
    })
    const now = this.#parts.clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const { id, state, serial } of primaries) {
      const late = state === 'lags' && serial !== undefined ? this.#parts.lateFrom(name, serial) : undefined
      this.#primaries.get(id)?.note(name, state, late !== undefined && late <= now)
      if (late !== undefined && late > now) next = Math.min(next, late)
    }
    sum.isBehind = whyBehind(primaries, cell?.newest) !== undefined
    keep(this.#unreleased, name, !sum.hasRelease)
    keep(this.#held, name, sum.isHeld)
    keep(this.#conflicts, name, sum.hasConflict)
    const rollout = cell?.rollouts.at(-1)?.state
    this.#rollouts.move(sum.rollout, rollout)
    sum.rollout = rollout
    const expiry = Math.floor(sum.expiresAt ?? Number.POSITIVE_INFINITY) + 1
    if (expiry > now) next = Math.min(next, expiry)
    for (let i = 0; i < sum.nodes.length; i++) next = Math.min(next, this.#judge(sum, i, rules))
    if (next === Number.POSITIVE_INFINITY) this.#changes.delete(sum)
    else this.#changes.set(sum, next)
  }

  #judgePair(sum: ZoneSum, i: number, rules: NodeStateRules): void {
    const next = this.#judge(sum, i, rules)
    if (next < Number.POSITIVE_INFINITY) this.#changes.setNoLater(sum, next)
  }

  /** Returns the time at which the state may change; Infinity for never. */
  #judge(sum: ZoneSum, i: number, rules: NodeStateRules): number {
    const { board, clock } = this.#parts
    const now = clock.now()
    const { id } = sum.zone.nodes[i]!
    const zone = board.get('zones', sum.zone.name)
    const cell = board.get('nodes', pairKey(sum.zone.name, id))
    const facts: StandingFacts = {
      releases: zone?.releases ?? [],
      staged: zone?.staged ?? [],
      conflict: sum.hasConflict,
      expired: sum.expiresAt !== undefined && sum.expiresAt < now,
    }
    const seen = cell ?? { serial: undefined, since: 0, observedAt: undefined, missed: 0, error: undefined }
    const drained = board.get('drains', id)?.drained ?? false
    const { state, behindSince, changesAt } = standingOf(facts, { ...seen, id, drained }, rules, now)
    const node = sum.nodes[i]!
    node.replace(sum.states[i]!, INDEX.get(state)!)
    node.behind.replace(sum.behindSince[i]!, behindSince ?? Number.POSITIVE_INFINITY)
    node.observed.replace(-sum.observedAt[i]!, -(cell?.observedAt ?? 0))
    const contact = contactOf(cell, rules)
    node.replaceContact(sum.contacts[i], contact)
    sum.contacts[i] = contact
    sum.states[i] = INDEX.get(state)!
    sum.behindSince[i] = behindSince ?? Number.POSITIVE_INFINITY
    sum.observedAt[i] = cell?.observedAt ?? 0
    return changesAt ?? Number.POSITIVE_INFINITY
  }

  /** True when nodes were queried and none of them answers, whatever their zones and drained or not. */
  get isNoNodeAnswering(): boolean {
    const now = this.#parts.clock.now()
    const { staleMs } = this.#parts.rules()
    const answers = [...this.#nodes.values()].map((node) => node.answers(now, staleMs))
    return answers.includes(false) && !answers.includes(true)
  }

  zone(name: string): ZoneSum | undefined {
    return this.#zones.get(name)
  }

  primary(id: string): PrimarySum | undefined {
    return this.#primaries.get(id)
  }

  node(id: string): NodeSum<ZoneSum> | undefined {
    return this.#nodes.get(id)
  }

  /** Pairs in each state: of all nodes, or of those that fit. */
  states(fits: (node: FleetNode) => boolean = () => true): StateCounts {
    const counts = NODE_STATES.map(() => 0)
    for (const sum of this.#nodes.values()) if (fits(sum.node)) for (const [i, count] of sum.counts.entries()) counts[i]! += count
    return named(counts)
  }

  /** Names of zones without a released version, in no order. */
  get unreleased(): ReadonlySet<string> {
    return this.#unreleased
  }

  get held(): ReadonlySet<string> {
    return this.#held
  }

  get conflicts(): ReadonlySet<string> {
    return this.#conflicts
  }

  /** Zones by the state of their newest rollout. */
  get rollouts(): ReadonlyMap<RolloutState, number> {
    return this.#rollouts.byState
  }
}

function keep(set: Set<string>, name: string, isIn: boolean): void {
  if (isIn) set.add(name)
  else set.delete(name)
}
