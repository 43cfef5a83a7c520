/**
 * Looks at every zone on every node, whatever queues and events say: each minute, and every few seconds for a while after a
 * release. A difference starts a delivery, so that anything lost heals (level-triggered).
 */
import { guard } from '../runtime/guard.js'
import { compareSerials } from '../dns/serial.js'
import type { Fleet, FleetNode, FleetZone } from '../fleet/fleet.js'
import { jitterMs } from '../runtime/backoff.js'
import type { Clock } from '../runtime/clock.js'
import { Schedule } from '../runtime/schedule.js'
import type { ZoneStore } from '../store/zone-store.js'
import type { NodeLooker } from './node-looker.js'
import type { PushFleet } from './push-fleet.js'

export interface ObserveRules {
  everyMs: number
  afterReleaseMs: number
  afterReleaseForMs: number
}

interface Pair {
  zone: FleetZone
  node: FleetNode
}

const TICK_MS = 50
/** Looks under way at a time, over all nodes. */
const MAX_LOOKS = 256
/** ± this share of the interval. */
const JITTER = 0.2

export class FleetObserver {
  readonly #rules: ObserveRules
  readonly #looker: NodeLooker
  readonly #push: PushFleet
  readonly #store: ZoneStore
  readonly #clock: Clock
  readonly #schedule = new Schedule<Pair>()
  #pairs = new Set<Pair>()
  #looking = 0
  #timer: NodeJS.Timeout | undefined

  constructor(rules: ObserveRules, looker: NodeLooker, push: PushFleet, store: ZoneStore, clock: Clock) {
    this.#rules = rules
    this.#looker = looker
    this.#push = push
    this.#store = store
    this.#clock = clock
  }

  /** Everything is looked at soon after the start: what happened while we were away is found out first. */
  start(fleet: Fleet): void {
    this.adopt(fleet)
    this.#timer = setInterval(
      guard('observer timer', () => this.#tick()),
      TICK_MS,
    )
  }

  adopt(fleet: Fleet): void {
    for (const pair of this.#pairs) this.#schedule.delete(pair)
    this.#pairs = new Set()
    const now = this.#clock.now()
    for (const zone of fleet.zones.values())
      for (const node of zone.nodes) {
        const pair = { zone, node }
        this.#pairs.add(pair)
        this.#schedule.set(pair, now + Math.random() * Math.min(2_000, this.#rules.everyMs, fleet.zones.size * fleet.nodes.size))
      }
  }

  #tick(): void {
    const now = this.#clock.now()
    while (this.#looking < MAX_LOOKS) {
      const pair = this.#schedule.takeDue(now)
      if (!pair) return
      void this.#look(pair)
    }
  }

  async #look(pair: Pair): Promise<void> {
    const { zone, node } = pair
    this.#looking += 1
    try {
      const serial = await this.#looker.look(node, zone, true)
      // A reload came in between: the pair has a successor, with a look of its own.
      if (!this.#pairs.has(pair)) return
      const released = this.#push.wanted(zone.name, node.id)
      const differs =
        released !== undefined &&
        (serial === undefined ? !this.#looker.isDown(node.id) : compareSerials(released.serial, serial) === 'newer')
      if (differs) this.#push.heal(zone, node)
    } finally {
      this.#looking -= 1
      if (this.#pairs.has(pair)) this.#schedule.set(pair, this.#clock.now() + this.#interval(pair))
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
