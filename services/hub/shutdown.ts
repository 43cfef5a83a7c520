/** Ends the parts of a process: services one after the other; an error of one keeps no other from its end. */
import { describeError } from '../../lib/errors.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import type { RedisLink } from '../../lib/state/redis-link.js'

/** Lets work in progress end, at most for the grace time in all. */
export async function finishInOrder(order: readonly Service[], graceMs: number, log: Logger): Promise<void> {
  const until = performance.now() + graceMs
  for (const service of order)
    await service
      .finish(Math.max(0, until - performance.now()))
      .catch((error) => log.warn({ service: service.name, err: describeError(error) }, 'shutdown of a service failed'))
}

export async function stopInOrder(order: readonly Service[], log: Logger): Promise<void> {
  for (const service of order)
    await service.stop().catch((error) => log.warn({ service: service.name, err: describeError(error) }, 'stop failed'))
}

export async function closeRedis(queues: JobQueues | undefined, redis: RedisLink | undefined): Promise<void> {
  const closing = queues?.close().catch(() => undefined)
  // Queues wait for a Redis that is away, for ever.
  if (redis?.isReady) await closing
  redis?.close()
  await closing
}
