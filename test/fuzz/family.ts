/** What the fuzzer needs of a target family: something that plays a round, chosen by dice alone. */
import type { Dice } from './mutate.js'

/** Keeps one input of the round for the report; called with a function, as most rounds are never shown. */
export type Note = (input: () => string) => void

export interface Family {
  /** Plays one round. Throws when the product does what it must never do. */
  play(dice: Dice, note: Note): void | Promise<void>
  /** Ends what was opened. Throws when something does not end. */
  close?(): Promise<void>
}

/** How long an act takes, milliseconds. */
export function timed(act: () => void): number {
  const startedAt = performance.now()
  act()
  return performance.now() - startedAt
}
