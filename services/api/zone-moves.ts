/** Zones that a new fleet added, changed or removed, on their way into the table of sums. */
import type { ZoneName } from '../../lib/dns/name.js'
import { type FleetDiff, type FleetZone, touchedBy } from '../../lib/fleet/fleet.js'
import { pause } from '../../lib/runtime/turns.js'
import type { SumTable } from './sum-table.js'

export class ZoneMoves {
  readonly #table: SumTable
  readonly #onPut: (zone: number) => void
  /** In order; `#moved` of them are in the table by now. A name alone is a removed zone. */
  #moves: (FleetZone | ZoneName)[] = []
  #moved = 0
  #coming = 0

  /** `onPut`: the zone with this number is in the table and must be judged. */
  constructor(table: SumTable, onPut: (zone: number) => void) {
    this.#table = table
    this.#onPut = onPut
  }

  note(diff: FleetDiff): void {
    for (const { name } of diff.removed) this.#moves.push(name)
    for (const zone of touchedBy(diff)) this.#moves.push(zone)
    this.#coming += diff.added.length
  }

  /** Number of zones on their way. */
  get left(): number {
    return this.#moves.length - this.#moved
  }

  /** The first of them is in the table, and others are not. */
  get isUnderWay(): boolean {
    return this.#moved > 0
  }

  /** Added zones that are not in the table yet. */
  get coming(): number {
    return this.#coming
  }

  all(): void {
    while (this.left > 0) this.#next()
    this.#end()
  }

  async inSlices(): Promise<void> {
    while (this.left > 0) {
      this.#next()
      await pause()
    }
    this.#end()
  }

  #next(): void {
    const move = this.#moves[this.#moved++]!
    if (typeof move === 'string') this.#table.drop(move)
    else {
      if (this.#table.numberOf(move.name) === undefined) this.#coming -= 1
      this.#onPut(this.#table.put(move))
    }
  }

  #end(): void {
    this.#moves = []
    this.#moved = 0
    this.#coming = 0
  }
}
