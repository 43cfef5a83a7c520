/**
 * One seed for all random tests of a run, printed so that a failure can be repeated: ZONECAST_TEST_SEED selects another one,
 * ZONECAST_TEST_RUNS multiplies the usual number of runs.
 */
import type { Parameters as CheckParameters } from 'fast-check'

export const SEED = Number(process.env.ZONECAST_TEST_SEED ?? 1) | 0
const TIMES = Number(process.env.ZONECAST_TEST_RUNS ?? 1)

let isSaid = false

/** Parameters for fc.assert. */
export function seededRuns<T = never>(runs = 100): CheckParameters<T> {
  if (!isSaid) console.log(`      seed ${SEED} (ZONECAST_TEST_SEED)`)
  isSaid = true
  return { seed: SEED, numRuns: runs * TIMES }
}
