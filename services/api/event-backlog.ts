/**
 * Changes that wait to become events, each zone and pair once: a burst of changes takes a bit for each pair, and its readers get
 * the last state.
 */
import type { ZoneName } from '../../lib/dns/name.js'
import { NumberSet } from '../../lib/runtime/number-set.js'

/** A zone, or the number of a zone that changed on a node. */
export type WaitingChange = { zone: ZoneName } | { number: number; node: string }

export class EventBacklog {
  #zones = new Set<ZoneName>()
  /** Numbers of zones by node. */
  #pairs = new Map<string, NumberSet>()

  get isEmpty(): boolean {
    return this.#zones.size === 0 && this.#pairs.size === 0
  }

  addZone(name: ZoneName): void {
    this.#zones.add(name)
  }

  addPair(zone: number, node: string): void {
    let zones = this.#pairs.get(node)
    if (zones === undefined) {
      zones = new NumberSet()
      this.#pairs.set(node, zones)
    }
    zones.add(zone)
  }

  clear(): void {
    this.#zones.clear()
    this.#pairs.clear()
  }

  /** Removes and yields everything, zones first. Later changes wait for the next call. */
  *take(): Generator<WaitingChange> {
    const [zones, pairs] = [this.#zones, this.#pairs]
    this.#zones = new Set()
    this.#pairs = new Map()
    for (const zone of zones) yield { zone }
    for (const [node, numbers] of pairs) for (const number of numbers) yield { number, node }
  }
}
