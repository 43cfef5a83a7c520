/** The nodes that one vantage point reaches at each service address, and the last changes. Bounded: all of it comes from outside. */
import type { Visit } from '../../../lib/probe/visit.js'

/** Changes and instances that are kept for an address. */
const MOST_CHANGES = 20
const MOST_INSTANCES = 16

interface Instance {
  node: string | undefined
  at: number
}

export interface Reach {
  cloud: string
  address: string
  /** Names of units, sorted. */
  units: readonly string[]
  /** By name; those of the last report. */
  instances: ReadonlyMap<string, Instance>
  since: number
  at: number
  /** Newest first. */
  changes: readonly { at: number; from: readonly string[]; to: readonly string[] }[]
}

/** An instance with its node, and the name of its unit: node, cluster, or the name of a stranger in quotes. */
export type NamedInstance = { unit: string; node: string | undefined }

export class Catchment {
  readonly #reaches = new Map<string, Reach>()

  /** The visits of one report about an address. Returns the change, if it is one. */
  note(
    cloud: string,
    address: string,
    visits: readonly Visit[],
    nameOf: (instance: string) => NamedInstance,
    now: number,
  ): Reach['changes'][number] | undefined {
    const instances = new Map<string, Instance>()
    const units = new Set<string>()
    for (const { instance } of visits) {
      if (instance === undefined || instances.has(instance) || instances.size >= MOST_INSTANCES) continue
      const { unit, node } = nameOf(instance)
      instances.set(instance, { node, at: now })
      units.add(unit)
    }
    const before = this.#reaches.get(address)
    const sorted = [...units].sort()
    const isChange = before !== undefined && before.units.join('\n') !== sorted.join('\n')
    const change = isChange ? { at: now, from: before.units, to: sorted } : undefined
    const changes = change === undefined ? (before?.changes ?? []) : [change, ...before!.changes].slice(0, MOST_CHANGES)
    const since = before === undefined || isChange ? now : before.since
    this.#reaches.set(address, { cloud, address, units: sorted, instances, since, at: now, changes })
    return change
  }

  list(): Iterable<Reach> {
    return this.#reaches.values()
  }

  dropUnless(isThere: (reach: Reach) => boolean): void {
    for (const [address, reach] of this.#reaches) if (!isThere(reach)) this.#reaches.delete(address)
  }
}
