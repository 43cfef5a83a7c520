/** Zones by the time of their newest rollout, so that a page of rollouts reads the versions of a few zones only. */
import { ROLLOUT_STATES, type RolloutState } from '../../lib/rollout/rollout-states.js'
import type { ZoneCell } from '../../lib/state/tables.js'
import { withLength } from './columns.js'
import { type NumberedTime, TimePages } from './time-pages.js'

/** Any zone may have a version in these states that is too old for the board. */
const ENDED: ReadonlySet<RolloutState> = new Set(['done', 'rejected', 'superseded'])

const bitOf = (state: RolloutState): number => 1 << ROLLOUT_STATES.indexOf(state)

export class RolloutIndex {
  /** Times before 1970, so that the newest is the least. */
  readonly #newest = new TimePages()
  /** A bit for each state in which the board shows a rollout. */
  #states = new Uint8Array(0)

  note(zone: number, cell: Pick<ZoneCell, 'rollouts' | 'releases' | 'trail'> | undefined): void {
    this.#states = withLength(this.#states, zone + 1)
    this.#states[zone] = cell?.rollouts.reduce((bits, { state }) => bits | bitOf(state), 0) ?? 0
    const newest = Math.max(
      cell?.releases.at(-1)?.releasedAt ?? 0,
      cell?.trail?.committedAt ?? 0,
      ...(cell?.rollouts.map(({ since }) => since) ?? []),
    )
    this.#newest.set(zone, newest > 0 ? -newest : Number.POSITIVE_INFINITY)
  }

  drop(zone: number): void {
    this.#newest.set(zone, Number.POSITIVE_INFINITY)
  }

  /** Zones that may have a rollout in this state, those with newer rollouts first: `most` at most, after an earlier one. */
  zones(most: number, state: RolloutState | undefined, after?: NumberedTime): NumberedTime[] {
    const bit = state === undefined || ENDED.has(state) ? 0 : bitOf(state)
    return this.#newest.first(most, (zone) => bit === 0 || (this.#states[zone]! & bit) !== 0, after)
  }
}
