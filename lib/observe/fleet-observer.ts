/**
 * Queries every node for the SOA of every zone, independently of queues and events, within a budget of queries: all pairs in a slow
 * sweep, and those with anything odd every few seconds. A node that is behind gets a delivery, so that a lost message heals
 * (level-triggered). A node that is down is asked about one zone, at growing intervals.
 */
import { guard } from '../runtime/guard.js'
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import { type Fleet, type FleetDiff, type FleetNode, type FleetZone, touchedBy } from '../fleet/fleet.js'
import { pairCounts, type SweepRules, sweepMs } from '../fleet/sweep-length.js'
import { jitterMs } from '../runtime/backoff.js'
import type { Clock } from '../runtime/clock.js'
import { Schedule } from '../runtime/schedule.js'
import { pairKey, splitPair } from '../state/tables.js'
import { releasedAtTo } from '../store/version.js'
import type { ZoneStore } from '../store/zone-store.js'
import type { NodeObserver } from './node-observer.js'
import { listComparer, NodeSweep, type Round } from './node-sweep.js'

export interface ObserveRules extends SweepRules {
  afterReleaseMs: number
  afterReleaseForMs: number
}

/** Deliveries to nodes, for observations that start one. */
export interface Deliveries {
  /** The serial that the node should show: of the newest version released to it. */
  wantedSerial(zone: ZoneName, node: string): Serial | undefined
  isBehind(zone: FleetZone, node: FleetNode): boolean
  /** The node answered that it does not serve the zone. */
  hasLost(zone: ZoneName, node: string): boolean
  /** The node showed `serial`, or none: starts a delivery, or a running one may notify the node again. */
  heal(zone: FleetZone, node: FleetNode, serial: Serial | undefined): void
}

const TICK_MS = 50
/** SOA queries under way at once, over all nodes. */
const MAX_QUERIES = 256
/** ± this share of the interval. */
const JITTER = 0.2
/** Changed pairs, and all pairs of a small fleet at the start, are observed within this. */
const SOON_MS = 2_000
/** More changed pairs than this are left to a fast sweep of their nodes. */
const MOST_SOON = 1_000
/** Pairs with something odd that are observed more often; further ones are left to the sweep. */
const MOST_ODD = 20_000

export class FleetObserver {
  readonly #rules: ObserveRules
  readonly #observer: NodeObserver
  readonly #push: Deliveries
  readonly #store: ZoneStore
  readonly #clock: Clock
  #fleet: Fleet | undefined
  readonly #sweeps = new Map<string, NodeSweep>()
  /** Keys of pairs that are observed before the sweep comes to them. */
  readonly #odd = new Schedule<string>()
  #underWay = 0
  /** Queries to each node in the current second. */
  readonly #spent = new Map<string, number>()
  #second = 0
  #timer: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined

  constructor(rules: ObserveRules, observer: NodeObserver, push: Deliveries, store: ZoneStore, clock: Clock) {
    this.#rules = rules
    this.#observer = observer
    this.#push = push
    this.#store = store
    this.#clock = clock
  }

  /** Observes every node soon after the start, to find changes during the hub's downtime. */
  start(fleet: Fleet): void {
    this.#fleet = fleet
    this.#adoptNodes(fleet, true)
    this.#unlisten = this.#observer.onUp((node) => this.#sweeps.get(node)?.restart(this.#clock.now(), true))
    this.#timer = setInterval(
      guard('observer timer', () => this.#tick()),
      TICK_MS,
    )
  }

  /** Pairs of a changed zone are observed soon; the others keep their pace. */
  adopt(fleet: Fleet, diff: FleetDiff): void {
    this.#fleet = fleet
    this.#adoptNodes(fleet, false)
    const touched = touchedBy(diff)
    const pairs = touched.reduce((sum, { nodes }) => sum + nodes.length, 0)
    const now = this.#clock.now()
    if (pairs > MOST_SOON) {
      const nodes = new Set(touched.flatMap((zone) => zone.nodes.map(({ id }) => id)))
      for (const id of nodes) this.#sweeps.get(id)?.restart(now, true)
      return
    }
    const spreadMs = Math.min(SOON_MS, this.#rules.everyMs, pairs)
    for (const zone of touched)
      for (const { id } of zone.nodes) this.#odd.setNoLater(pairKey(zone.name, id), now + Math.random() * spreadMs)
  }

  #adoptNodes(fleet: Fleet, isFast: boolean): void {
    const now = this.#clock.now()
    for (const id of this.#sweeps.keys()) if (!fleet.nodes.has(id)) this.#sweeps.delete(id)
    const continues = listComparer()
    for (const [id, node] of fleet.nodes) {
      const sweep = this.#sweeps.get(id)
      if (sweep) sweep.adopt(node, fleet.zonesOf(id), now, continues)
      else this.#sweeps.set(id, new NodeSweep(node, fleet.zonesOf(id), now, isFast))
    }
  }

  /** Observes the pair soon, as a delivery to it has failed. */
  watch(zone: FleetZone, node: FleetNode): void {
    if (this.#odd.size < MOST_ODD && !this.#observer.isDown(node.id))
      this.#odd.setNoLater(pairKey(zone.name, node.id), this.#clock.now() + this.#jittered(this.#rules.afterReleaseMs))
  }

  #jittered(ms: number): number {
    return jitterMs(ms, JITTER, Math.random())
  }

  #tick(): void {
    const now = this.#clock.now()
    if (Math.floor(now / 1000) !== this.#second) {
      this.#second = Math.floor(now / 1000)
      this.#spent.clear()
    }
    this.#takeOdd(now)
    const { pairs } = pairCounts(this.#fleet!)
    for (const sweep of this.#sweeps.values()) {
      if (this.#underWay >= MAX_QUERIES) return
      if (sweep.size > 0) this.#takeSweep(sweep, now, pairs)
    }
  }

  #takeOdd(now: number): void {
    const { total, perNode } = this.#rules.budget
    for (let n = Math.ceil((total * TICK_MS) / 1000); n > 0 && this.#underWay < MAX_QUERIES; n--) {
      const key = this.#odd.takeDue(now)
      if (key === undefined) return
      const [name, id] = splitPair(key)
      const zone = this.#fleet!.zones.get(name as ZoneName)
      const node = this.#fleet!.nodes.get(id)
      if (!zone || !node || !zone.nodes.includes(node) || this.#observer.isDown(id)) continue
      const spent = this.#spent.get(id) ?? 0
      if (spent >= perNode) this.#odd.set(key, now + 1_000)
      else {
        this.#spent.set(id, spent + 1)
        void this.#observe(zone, node)
      }
    }
  }

  #takeSweep(sweep: NodeSweep, now: number, pairs: number): void {
    const { node } = sweep
    if (this.#observer.isDown(node.id)) {
      // Its round begins again when it answers.
      if (this.#observer.isProbeDue(node.id)) void this.#observe(sweep.next!, node)
      return
    }
    const everyMs = sweep.isFast ? Math.min(SOON_MS, this.#rules.everyMs) : this.#rules.everyMs
    const lengthMs = sweepMs({ ...this.#rules, everyMs }, sweep.size, pairs, sweep.isFast ? 1 : undefined)
    const { round } = sweep
    for (const zone of sweep.take(now, lengthMs, MAX_QUERIES - this.#underWay)) {
      round.underWay += 1
      void this.#observe(zone, node).then(() => this.#endOne(sweep, round))
    }
    sweep.turn(now)
  }

  #endOne({ node }: NodeSweep, round: Round): void {
    round.underWay -= 1
    const isWhole = round.left === 0 && round.underWay === 0
    if (isWhole && this.#sweeps.has(node.id) && !this.#observer.isDown(node.id))
      this.#observer.noteSwept(node.id, round.startedAt)
  }

  async #observe(zone: FleetZone, node: FleetNode): Promise<void> {
    this.#underWay += 1
    try {
      const serial = await this.#observer.observe(node, zone, true)
      // The zone or the node was replaced meanwhile: the new pair has its own query.
      if (this.#fleet!.zones.get(zone.name) !== zone || this.#fleet!.nodes.get(node.id) !== node) return
      this.#settle(zone, node, serial)
    } finally {
      this.#underWay -= 1
    }
  }

  /** Starts a delivery where it is needed, and decides when the pair is observed again. */
  #settle(zone: FleetZone, node: FleetNode, serial: Serial | undefined): void {
    const key = pairKey(zone.name, node.id)
    this.#odd.delete(key)
    if (this.#observer.isDown(node.id)) return
    const released = this.#push.wantedSerial(zone.name, node.id)
    // The state at rest, a thousand times a second.
    if (serial !== undefined && serial === released) return
    const differs = released !== undefined && (serial === undefined || compareSerials(released, serial) === 'newer')
    if (differs) this.#push.heal(zone, node, serial)
    if (this.#odd.size >= MOST_ODD) return
    const now = this.#clock.now()
    if (this.#isUrgent(zone, node, now)) this.#odd.set(key, now + this.#jittered(this.#rules.afterReleaseMs))
    else if (serial === undefined && this.#isSweepSlow()) this.#odd.set(key, now + this.#jittered(this.#rules.everyMs))
  }

  #isUrgent(zone: FleetZone, node: FleetNode, now: number): boolean {
    if (this.#push.hasLost(zone.name, node.id)) return true
    if (!this.#push.isBehind(zone, node)) return false
    const version = this.#store.releasedTo(zone.name, node.id)
    const releasedAt = version && releasedAtTo(version, node.id)
    return releasedAt !== undefined && now - releasedAt < this.#rules.afterReleaseForMs
  }

  /** The sweep is slower than configured: a pair without an answer is not left to it. */
  #isSweepSlow(): boolean {
    const { pairs, zones } = pairCounts(this.#fleet!)
    return sweepMs(this.#rules, zones, pairs) > this.#rules.everyMs
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unlisten()
  }
}
