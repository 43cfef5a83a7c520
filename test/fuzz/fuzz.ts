/** Fuzzes one family in a thread for a while and watches the thread: an endless round is a finding as well. */
import { startThread } from '../../lib/runtime/thread.js'
import type { FuzzResult, Finding, WorkerData } from './worker.js'

/** Longer than any round, also on a busy machine. */
const HANG_MS = 20_000

export interface FuzzOptions {
  family: string
  seed: number
  seconds: number
  from?: number
}

export function fuzz({ family, seed, seconds, from = 0 }: FuzzOptions): Promise<FuzzResult> {
  const rounds = new SharedArrayBuffer(4)
  const shown = new Int32Array(rounds)
  const workerData: WorkerData = { family, seed, from, milliseconds: seconds * 1000, rounds }
  const worker = startThread('./worker.js', import.meta.url, workerData)
  return new Promise((resolve, reject) => {
    let last = -1
    let since = performance.now()
    const watch = setInterval(() => {
      const round = Atomics.load(shown, 0)
      if (round !== last) {
        last = round
        since = performance.now()
      } else if (performance.now() - since > HANG_MS) {
        const finding: Finding = { round, family, what: `it does not come back within ${HANG_MS} ms`, inputs: [] }
        finish(() => resolve({ rounds: round - from, finding }))
      }
    }, 500)
    const finish = (settle: () => void): void => {
      clearInterval(watch)
      void worker.terminate().then(settle)
    }
    worker.once('message', (result: FuzzResult) => finish(() => resolve(result)))
    worker.once('error', (error) => finish(() => reject(error)))
  })
}

/** The finding and the way to reproduce it; inputs are shortened. */
export const describeFinding = (seed: number, { round, family, what, inputs }: Finding): string =>
  [
    `seed ${seed}, round ${round}, ${family}: ${what}`,
    `again: npm run fuzz -- 1 --seed ${seed} --from ${round} --target ${family}`,
    ...inputs.map((input) => (input.length > 2000 ? `${input.slice(0, 2000)}… (${input.length} characters)` : input)),
  ].join('\n')
