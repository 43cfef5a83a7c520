/** A family of targets: it plays a round, determined by dice alone. */
import type { Dice } from './mutate.js'

/** Keeps one input of the round for the report; called with a function, because most rounds are never reported. */
export type Note = (input: () => string) => void

export interface Family {
  /** Plays one round. Throws when the product fails. */
  play(dice: Dice, note: Note): void | Promise<void>
  /** Closes everything. Throws when that does not finish. */
  close?(): Promise<void>
}

/** Duration of an act, milliseconds. */
export function timed(act: () => void): number {
  const startedAt = performance.now()
  act()
  return performance.now() - startedAt
}
