/** Zones by the state of their newest rollout. */
import type { RolloutState } from '../../lib/rollout/rollout-states.js'

export class RolloutCounts {
  readonly #zones = new Map<RolloutState, number>()

  get byState(): ReadonlyMap<RolloutState, number> {
    return this.#zones
  }

  /** Moves one zone; undefined is no rollout. */
  move(from: RolloutState | undefined, to: RolloutState | undefined): void {
    this.#add(from, -1)
    this.#add(to, 1)
  }

  #add(state: RolloutState | undefined, n: number): void {
    if (state !== undefined) this.#zones.set(state, (this.#zones.get(state) ?? 0) + n)
  }
}
