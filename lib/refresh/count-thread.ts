/** The thread that sums up zones while they come in (run-counter.ts says what for). Zones are told apart by a number. */
import { parentPort } from 'node:worker_threads'
import { goAsUsual } from '../runtime/priority.js'
import { type CountRequest, Counting } from './counting.js'

goAsUsual()

const countings = new Map<number, Counting>()

parentPort!.on('message', (request: CountRequest) => {
  const { id, apex, tail, isLast } = request
  const counting = countings.get(id) ?? new Counting(Buffer.from(apex))
  countings.set(id, counting)
  if (tail > 0) parentPort!.postMessage(counting.goOn(request))
  if (isLast || tail === 0) countings.delete(id)
})
