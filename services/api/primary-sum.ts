/** The sums of one primary over its zones: the number of zones in each state, with one example for each state. */
import { PRIMARY_STATES, type PrimaryState, primaryState } from '../../lib/fleet/primary-state.js'
import type { PrimaryCell, ZoneCell } from '../../lib/state/tables.js'

export class PrimarySum {
  readonly #zones = new Map<PrimaryState, Set<string>>(PRIMARY_STATES.map((state) => [state, new Set()]))
  readonly #states = new Map<string, PrimaryState>()
  /** Zones for which it lags longer than an ordinary change needs. */
  readonly #late = new Set<string>()

  /** Number of judged zones. */
  get total(): number {
    return this.#states.size
  }

  /** A zone of the primary; undefined before any was judged. */
  get anyZone(): string | undefined {
    return this.#states.keys().next().value
  }

  /** `isLate`: it lags longer than an ordinary change needs. */
  note(zone: string, state: PrimaryState, isLate = false): void {
    if (isLate) this.#late.add(zone)
    else this.#late.delete(zone)
    const before = this.#states.get(zone)
    if (before === state) return
    if (before !== undefined) this.#zones.get(before)!.delete(zone)
    this.#zones.get(state)!.add(zone)
    this.#states.set(zone, state)
  }

  /** The zone is removed. */
  drop(zone: string): void {
    const state = this.#states.get(zone)
    if (state !== undefined) this.#zones.get(state)!.delete(zone)
    this.#states.delete(zone)
    this.#late.delete(zone)
  }

  count(state: PrimaryState): number {
    return this.#zones.get(state)!.size
  }

  /** Counts of states by name, without those that are 0. */
  get states(): Partial<Record<PrimaryState, number>> {
    return Object.fromEntries([...this.#zones].flatMap(([state, zones]) => (zones.size === 0 ? [] : [[state, zones.size]])))
  }

  /** Zones in a state that needs an operator, with an example; undefined when there is none. `lags` only counts when late. */
  trouble(state: PrimaryState): { zones: number; example: string } | undefined {
    const zones = state === 'lags' ? this.#late : this.#zones.get(state)!
    const [example] = zones
    return example === undefined ? undefined : { zones: zones.size, example }
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
