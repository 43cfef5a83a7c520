/** A small number for each zone of the fleet, by which columns are indexed. The number of a removed zone is used again. */
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'

export class ZoneNumbers {
  readonly #numbers = new Map<string, number>()
  readonly #zones: (FleetZone | undefined)[] = []
  readonly #free: number[] = []

  of(name: string): number | undefined {
    return this.#numbers.get(name)
  }

  zone(n: number): FleetZone | undefined {
    return this.#zones[n]
  }

  /** Gives the zone the number of its name, or a new one. */
  put(zone: FleetZone): number {
    const n = this.#numbers.get(zone.name) ?? this.#free.pop() ?? this.#zones.length
    this.#numbers.set(zone.name, n)
    this.#zones[n] = zone
    return n
  }

  delete(name: ZoneName): void {
    const n = this.#numbers.get(name)
    if (n === undefined) return
    this.#numbers.delete(name)
    this.#zones[n] = undefined
    this.#free.push(n)
  }

  /** One more than the highest number that was ever given. */
  get end(): number {
    return this.#zones.length
  }
}
