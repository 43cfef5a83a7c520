/** Connections to Redis: a URL, Sentinel, or the private one's socket. ioredis has its door here and in ../queue. */
import { Redis } from 'ioredis'

export type RedisTarget =
  | { kind: 'socket'; path: string }
  | { kind: 'url'; url: string }
  | {
      kind: 'sentinel'
      sentinels: { host: string; port: number }[]
      name: string
      username?: string
      password?: string
      db?: number
    }

/** Never gives up, never queues while away: callers find out at once and carry on without. */
const PATIENT = {
  maxRetriesPerRequest: null,
  enableReadyCheck: true,
  retryStrategy: (times: number): number => Math.min(2_000, 50 * 2 ** Math.min(6, times)),
  lazyConnect: true,
}

/** `queueing`: BullMQ wants commands to wait while Redis is away; shared state does not. */
export function connectRedis(target: RedisTarget, options: { queueing: boolean }): Redis {
  const common = { ...PATIENT, enableOfflineQueue: options.queueing }
  const redis = build(target, common)
  // Without a listener ioredis prints; whoever shows readiness looks at `status`.
  redis.on('error', () => undefined)
  return redis
}

function build(target: RedisTarget, common: typeof PATIENT & { enableOfflineQueue: boolean }): Redis {
  switch (target.kind) {
    case 'socket':
      return new Redis({ ...common, path: target.path })
    case 'url':
      return new Redis(target.url, common)
    case 'sentinel': {
      const { kind: _, ...sentinel } = target
      return new Redis({ ...common, ...sentinel })
    }
  }
}

/**
 * A Redis that may drop keys when memory runs short would lose jobs. Throws when it is set so; a server that does not tell
 * its settings is believed.
 */
export async function requireNoEviction(redis: Redis): Promise<void> {
  const answer = (await redis.config('GET', 'maxmemory-policy').catch(() => undefined)) as string[] | undefined
  const policy = answer?.[1]
  if (policy !== undefined && policy !== 'noeviction') throw new RedisPolicyError(policy)
}

export class RedisPolicyError extends Error {
  override readonly name = 'RedisPolicyError'

  constructor(policy: string) {
    super(`redis has maxmemory-policy ${policy} and may drop jobs; set it to noeviction`)
  }
}
