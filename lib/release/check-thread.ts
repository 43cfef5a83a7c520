/** A thread that verifies signatures and hashes names; check-threads.ts sends it batches one after the other. */
import { parentPort } from 'node:worker_threads'
import { hashBatch, type NameBatch, type SignatureBatch, verifyBatch } from '../checks/dnssec/compute.js'
import { describeError } from '../errors.js'
import { goAsUsual } from '../runtime/priority.js'
import { threadCpuMeter } from '../runtime/thread.js'

export type Work = { kind: 'verify'; keys: readonly Uint8Array[]; batch: SignatureBatch } | { kind: 'hash'; batch: NameBatch }

/** `error`: reason of a missing answer. The message `ready` precedes the first answer. */
export interface Worked {
  answer: Uint8Array | undefined
  error: string | undefined
  cpuMs: number
}

goAsUsual()

const cpuMs = threadCpuMeter()

parentPort?.on('message', (work: Work) => {
  const from = cpuMs()
  let answer: Uint8Array<ArrayBuffer> | undefined
  let error: string | undefined
  try {
    answer = work.kind === 'verify' ? verifyBatch(work.keys, work.batch) : hashBatch(work.batch)
  } catch (thrown) {
    error = describeError(thrown)
  }
  const worked: Worked = { answer, error, cpuMs: cpuMs() - from }
  parentPort!.postMessage(worked, answer === undefined ? [] : [answer.buffer])
})
// The first message: from now on the time of a batch is that of its arithmetic.
parentPort?.postMessage('ready')
