/** The sums of one primary over its zones: the number of zones in each state, with one example for each state. */
import { PRIMARY_STATES, type PrimaryState, primaryState } from '../../lib/fleet/primary-state.js'
import type { PrimaryCell, ZoneCell } from '../../lib/state/tables.js'
import { withLength } from './columns.js'

/** The octet of a zone: 1 + the index of the state, 0 before it was judged, or this one when the primary lags for long. */
const LATE = PRIMARY_STATES.length + 1
const octetOf = (state: PrimaryState): number => PRIMARY_STATES.indexOf(state) + 1

export class PrimarySum {
  #zones = new Uint8Array(0)
  /** Zones by their octet. */
  readonly #counts = new Array<number>(LATE + 1).fill(0)
  #total = 0

  /** Number of judged zones. */
  get total(): number {
    return this.#total
  }

  /** Number of a zone of the primary; undefined before any was judged. */
  get anyZone(): number | undefined {
    const octet = this.#counts.findIndex((count, i) => i > 0 && count > 0)
    return octet < 0 ? undefined : this.#zones.indexOf(octet)
  }

  /** `isLate`: it lags longer than an ordinary change needs. */
  note(zone: number, state: PrimaryState, isLate = false): void {
    this.#zones = withLength(this.#zones, zone + 1)
    this.#set(zone, state === 'lags' && isLate ? LATE : octetOf(state))
  }

  /** The zone is removed. */
  drop(zone: number): void {
    if (zone < this.#zones.length) this.#set(zone, 0)
  }

  #set(zone: number, octet: number): void {
    const old = this.#zones[zone]!
    if (old === octet) return
    if (old > 0) this.#counts[old]! -= 1
    if (octet > 0) this.#counts[octet]! += 1
    this.#total += Number(octet > 0) - Number(old > 0)
    this.#zones[zone] = octet
  }

  count(state: PrimaryState): number {
    return this.#counts[octetOf(state)]! + (state === 'lags' ? this.#counts[LATE]! : 0)
  }

  /** Counts of states by name, without those that are 0. */
  get states(): Partial<Record<PrimaryState, number>> {
    return Object.fromEntries(PRIMARY_STATES.flatMap((state) => (this.count(state) === 0 ? [] : [[state, this.count(state)]])))
  }

  /**
   * Zones in a state that needs an operator, with the number of one of them; undefined when there is none. `lags` only counts
   * when late.
   */
  trouble(state: PrimaryState): { zones: number; example: number } | undefined {
    const octet = state === 'lags' ? LATE : octetOf(state)
    const zones = this.#counts[octet]!
    return zones === 0 ? undefined : { zones, example: this.#zones.indexOf(octet) }
  }
}

/** Compares a primary's serial of a zone to the current one of this hub. */
export const stateOfPrimary = (id: string, cell: PrimaryCell | undefined, zone: ZoneCell | undefined): PrimaryState =>
  primaryState({
    serial: cell?.serial,
    highest: cell?.highest,
    error: cell?.error,
    held: zone?.newest,
    isConflicting: zone?.conflicting?.includes(id) ?? false,
  })
