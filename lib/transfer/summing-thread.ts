/** The thread that sums up zones while they are received; summing-threads.ts has the reasons. A number identifies each zone. */
import { parentPort } from 'node:worker_threads'
import { goAsUsual } from '../runtime/priority.js'
import { type SumRequest, ZoneSummer } from './zone-summer.js'

goAsUsual()

const summers = new Map<number, ZoneSummer>()

parentPort!.on('message', (request: SumRequest) => {
  const { id, apex, tail, isLast } = request
  const summer = summers.get(id) ?? new ZoneSummer(Buffer.from(apex))
  summers.set(id, summer)
  if (tail > 0) parentPort!.postMessage(summer.take(request))
  if (isLast || tail === 0) summers.delete(id)
})
