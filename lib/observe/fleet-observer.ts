/**
 * Queries every node for the SOA of every zone, independently of queues and events: each minute, and every few seconds for a
 * while after a release. A node that is behind gets a delivery, so that a lost message heals (level-triggered).
 */
import { guard } from '../runtime/guard.js'
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import { type FleetDiff, type FleetNode, type FleetZone, touchedBy } from '../fleet/fleet.js'
import { jitterMs } from '../runtime/backoff.js'
import type { Clock } from '../runtime/clock.js'
import { Schedule } from '../runtime/schedule.js'
import type { ZoneStore } from '../store/zone-store.js'
import type { NodeObserver } from './node-observer.js'

export interface ObserveRules {
  everyMs: number
  afterReleaseMs: number
  afterReleaseForMs: number
}

/** Deliveries to nodes, for observations that start one. */
export interface Deliveries {
  /** The version that the node should serve: the newest one released to it. */
  wanted(zone: ZoneName, node: string): { serial: Serial } | undefined
  isBehind(zone: FleetZone, node: FleetNode): boolean
  /** The node answered that it does not serve the zone. */
  hasLost(zone: ZoneName, node: string): boolean
  /** Starts a delivery unless one is under way. */
  heal(zone: FleetZone, node: FleetNode): void
}

interface Pair {
  zone: FleetZone
  node: FleetNode
}

const TICK_MS = 50
/** SOA queries under way at once, over all nodes. */
const MAX_QUERIES = 256
/** ± this share of the interval. */
const JITTER = 0.2

export class FleetObserver {
  readonly #rules: ObserveRules
  readonly #observer: NodeObserver
  readonly #push: Deliveries
  readonly #store: ZoneStore
  readonly #clock: Clock
  readonly #schedule = new Schedule<Pair>()
  readonly #pairs = new Map<ZoneName, ReadonlySet<Pair>>()
  #underWay = 0
  /** The interval of the current schedule. */
  #everyMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(rules: ObserveRules, observer: NodeObserver, push: Deliveries, store: ZoneStore, clock: Clock) {
    this.#rules = rules
    this.#everyMs = rules.everyMs
    this.#observer = observer
    this.#push = push
    this.#store = store
    this.#clock = clock
  }

  /** Observes every node soon after the start, to find changes during the hub's downtime. */
  start(all: FleetDiff): void {
    this.adopt(all)
    this.#timer = setInterval(
      guard('observer timer', () => this.#tick()),
      TICK_MS,
    )
  }

  /** Pairs of a changed zone are observed soon; the others keep their times. */
  adopt(diff: FleetDiff): void {
    for (const { name } of diff.removed) this.#drop(name)
    if (this.#everyMs !== this.#rules.everyMs) this.#spreadAnew()
    const touched = touchedBy(diff)
    const spreadMs = Math.min(2_000, this.#rules.everyMs, touched.length * (touched[0]?.nodes.length ?? 0))
    const now = this.#clock.now()
    for (const zone of touched) {
      this.#drop(zone.name)
      const pairs = zone.nodes.map((node) => ({ zone, node }))
      this.#pairs.set(zone.name, new Set(pairs))
      for (const pair of pairs) this.#schedule.set(pair, now + Math.random() * spreadMs)
    }
  }

  /** The interval changed: every pair gets a time within the new one. */
  #spreadAnew(): void {
    this.#everyMs = this.#rules.everyMs
    const now = this.#clock.now()
    for (const pairs of this.#pairs.values())
      for (const pair of pairs) this.#schedule.setNoLater(pair, now + Math.random() * this.#everyMs)
  }

  #drop(name: ZoneName): void {
    for (const pair of this.#pairs.get(name) ?? []) this.#schedule.delete(pair)
    this.#pairs.delete(name)
  }

  #has(pair: Pair): boolean {
    return this.#pairs.get(pair.zone.name)?.has(pair) ?? false
  }

  #tick(): void {
    const now = this.#clock.now()
    while (this.#underWay < MAX_QUERIES) {
      const pair = this.#schedule.takeDue(now)
      if (!pair) return
      void this.#observe(pair)
    }
  }

  async #observe(pair: Pair): Promise<void> {
    const { zone, node } = pair
    this.#underWay += 1
    try {
      const serial = await this.#observer.observe(node, zone, true)
      // A reload replaced the pair meanwhile; the new pair has its own query.
      if (!this.#has(pair)) return
      const released = this.#push.wanted(zone.name, node.id)
      const differs =
        released !== undefined &&
        (serial === undefined ? !this.#observer.isDown(node.id) : compareSerials(released.serial, serial) === 'newer')
      if (differs) this.#push.heal(zone, node)
    } finally {
      this.#underWay -= 1
      if (this.#has(pair)) this.#schedule.set(pair, this.#clock.now() + this.#interval(pair))
    }
  }

  #interval({ zone, node }: Pair): number {
    const version = this.#store.zone(zone.name).releasedToAll([node.id])
    const releasedAt = version && (version.releasedTo[node.id] ?? version.releasedAt)
    const fresh = releasedAt !== undefined && this.#clock.now() - releasedAt < this.#rules.afterReleaseForMs
    const soon = (fresh && this.#push.isBehind(zone, node)) || this.#push.hasLost(zone.name, node.id)
    return jitterMs(soon ? this.#rules.afterReleaseMs : this.#rules.everyMs, JITTER, Math.random())
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
