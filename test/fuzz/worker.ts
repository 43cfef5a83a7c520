/**
 * The thread that fuzzes one family. The number of the round is in shared memory, so that the main thread notices an endless
 * round. A fault without a caller, an uncaught error and growing memory are findings as well.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { setFaultSink } from '../../lib/runtime/guard.js'
import { megabytesInUse } from '../support/memory.js'
import { FAMILIES } from './families.js'
import { Dice } from './mutate.js'

export interface WorkerData {
  family: string
  seed: number
  /** The first round; a finding is reproduced by starting at its round. */
  from: number
  milliseconds: number
  rounds: SharedArrayBuffer
}

export interface Finding {
  round: number
  family: string
  what: string
  /** The inputs, in order. */
  inputs: string[]
}

export interface FuzzResult {
  rounds: number
  finding: Finding | undefined
}

const LEAK_MEGABYTES = 48
const MEMORY_EVERY_MS = 5_000

const textOf = (error: unknown): string => String((error as Error | undefined)?.stack ?? error)

let fault: string | undefined
const noteFault = (where: string, error: unknown): void => {
  fault ??= `unexpected error in ${where}: ${textOf(error)}`
}
setFaultSink(noteFault)
process.on('uncaughtException', (error) => noteFault('no callback with a guard', error))

async function run({ family: name, seed, from, milliseconds, rounds }: WorkerData): Promise<FuzzResult> {
  const shown = new Int32Array(rounds)
  const family = await FAMILIES[name]!()
  const end = performance.now() + milliseconds
  let notes: (() => string)[] = []
  let round = from
  const result = (what: string | undefined): FuzzResult => ({
    rounds: round - from,
    finding: what === undefined ? undefined : { round, family: name, what, inputs: notes.map((note) => note()) },
  })
  let nextLook = performance.now() + MEMORY_EVERY_MS
  let before: number | undefined
  try {
    for (; performance.now() < end || round === from; round++) {
      Atomics.store(shown, 0, round)
      notes = []
      await family.play(new Dice(Math.imul(seed, 0x9e3779b1) ^ round), (input) => notes.push(input))
      if (fault !== undefined) return result(fault)
      if (performance.now() < nextLook) continue
      const now = megabytesInUse()
      before ??= now
      if (now - before > LEAK_MEGABYTES) return result(`memory grew from ${Math.round(before)} to ${Math.round(now)} MiB`)
      nextLook = performance.now() + MEMORY_EVERY_MS
    }
    notes = []
    await family.close?.()
    return result(fault)
  } catch (error) {
    return result(fault ?? textOf(error))
  }
}

run(workerData as WorkerData).then(
  (result) => parentPort?.postMessage(result),
  (error) => parentPort?.postMessage({ rounds: 0, finding: { round: 0, family: 'start', what: textOf(error), inputs: [] } }),
)
