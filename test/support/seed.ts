/** One seed for all random tests of a run, printed so that a failure can be had again: ZONECAST_TEST_SEED chooses another one. */
import type { Parameters as CheckParameters } from 'fast-check'

export const SEED = Number(process.env['ZONECAST_TEST_SEED'] ?? 1) | 0

let isSaid = false

/** Parameters for fc.assert. */
export function seededRuns<T = never>(runs = 100): CheckParameters<T> {
  if (!isSaid) console.log(`      seed ${SEED} (ZONECAST_TEST_SEED)`)
  isSaid = true
  return { seed: SEED, numRuns: runs }
}
