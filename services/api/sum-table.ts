/** All sums of the API, by zone, node and primary, and the zones and nodes that they are about. Judges nothing (judge.ts). */
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet, FleetZone } from '../../lib/fleet/fleet.js'
import { ZoneNumbers } from '../../lib/state/zone-numbers.js'
import { NodeSum } from './node-sum.js'
import { PrimarySum } from './primary-sum.js'
import { RolloutCounts } from './rollout-counts.js'
import { RolloutIndex } from './rollout-index.js'
import { TimePages } from './time-pages.js'
import { ZoneColumns } from './zone-sum.js'

export class SumTable {
  readonly #numbers = new ZoneNumbers()
  readonly #zones: (FleetZone | undefined)[] = []
  readonly zones = new ZoneColumns()
  readonly nodes = new Map<string, NodeSum>()
  readonly primaries = new Map<string, PrimarySum>()
  readonly rollouts = new RolloutCounts()
  readonly rolled = new RolloutIndex()
  /** The time at which a zone must be judged again, whatever its nodes do. */
  readonly dueZones = new TimePages()
  /** Names of zones. */
  readonly unreleased = new Set<string>()
  readonly held = new Set<string>()
  readonly conflicts = new Set<string>()

  /** Adds the nodes and primaries of the fleet. Removed ones stay until `prune`. */
  adopt(fleet: Fleet, staleMs: number): void {
    for (const node of fleet.nodes.values()) {
      const known = this.nodes.get(node.id)
      if (known !== undefined) {
        known.node = node
        continue
      }
      const sum = new NodeSum(node)
      sum.due.reset(staleMs)
      this.nodes.set(node.id, sum)
    }
    for (const id of fleet.primaries.keys()) if (!this.primaries.has(id)) this.primaries.set(id, new PrimarySum())
  }

  /** No zone has a node or primary any more that the fleet lacks. */
  prune(fleet: Fleet): void {
    for (const id of this.nodes.keys()) if (!fleet.nodes.has(id)) this.nodes.delete(id)
    for (const id of this.primaries.keys()) if (!fleet.primaries.has(id)) this.primaries.delete(id)
  }

  /** A zone has a number from 0 up, by which columns are indexed. The number of a removed zone is used again. */
  numberOf(name: string): number | undefined {
    return this.#numbers.find(name as ZoneName)
  }

  zone(n: number): FleetZone | undefined {
    return this.#zones[n]
  }

  /** Numbers of all zones. */
  *every(): Generator<number> {
    for (let n = 0; n < this.#zones.length; n++) if (this.#zones[n] !== undefined) yield n
  }

  /** Adds the zone, or takes its other nodes and primaries, and returns its number. */
  put(zone: FleetZone): number {
    const n = this.#numbers.of(zone.name)
    const before = this.#zones[n]
    this.#zones[n] = zone
    if (before === undefined) {
      this.zones.clear(n)
      // Counted as without a version until it is judged.
      this.unreleased.add(zone.name)
    }
    const stays = new Set(before && zone.nodes.map(({ id }) => id))
    for (const { id } of before?.nodes ?? []) if (!stays.has(id)) this.#leave(n, id)
    for (const { id } of zone.nodes) this.nodes.get(id)?.carry(n)
    for (const { id } of before?.primaries ?? [])
      if (!zone.primaries.some((primary) => primary.id === id)) this.primaries.get(id)?.drop(n)
    this.zones.forgetFacts(n)
    return n
  }

  drop(name: ZoneName): void {
    const n = this.#numbers.find(name)
    const zone = n === undefined ? undefined : this.#zones[n]
    if (n === undefined || zone === undefined) return
    for (const { id } of zone.nodes) this.#leave(n, id)
    for (const { id } of zone.primaries) this.primaries.get(id)?.drop(n)
    this.rollouts.move(this.zones.rollout(n), undefined)
    this.zones.clear(n)
    this.rolled.drop(n)
    this.dueZones.set(n, Number.POSITIVE_INFINITY)
    for (const set of [this.unreleased, this.held, this.conflicts]) set.delete(name)
    this.#zones[n] = undefined
    this.#numbers.drop(name)
  }

  #leave(zone: number, id: string): void {
    const node = this.nodes.get(id)
    if (node === undefined) return
    this.zones.move(zone, node.stateOf(zone), -1)
    node.drop(zone)
  }
}
