/** Runs the fuzzing thread for a while and watches it: an answer that does not come is a finding as well. */
import { startThread } from '../../lib/runtime/thread.js'
import type { Finding, FuzzResult, WorkerData } from './worker.js'

/** No round may take as long, not even on a busy machine. */
const HANG_MS = 20_000

export interface FuzzOptions {
  seed: number
  seconds: number
  from?: number
}

export function fuzz({ seed, seconds, from = 0 }: FuzzOptions): Promise<FuzzResult> {
  const rounds = new SharedArrayBuffer(4)
  const shown = new Int32Array(rounds)
  const workerData: WorkerData = { seed, from, milliseconds: seconds * 1000, rounds }
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
        const finding: Finding = { round, target: 'any', what: `it does not come back within ${HANG_MS} ms`, messages: [] }
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

/** What was found, and how to have it again; messages only as far as a person reads. */
export const describeFinding = (seed: number, { round, target, what, messages }: Finding): string =>
  [
    `seed ${seed}, round ${round}, ${target}: ${what}`,
    `again: npm run fuzz -- 1 --seed ${seed} --from ${round}`,
    ...messages.map((message) => (message.length > 400 ? `${message.slice(0, 400)}…` : message)),
  ].join('\n')
