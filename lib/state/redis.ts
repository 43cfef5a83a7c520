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

/** Longest wait for an answer of shared state. */
const COMMAND_MS = 5_000

/** Connects at once, and again for ever; nothing waits for it that is not told to. */
const PATIENT = {
  maxRetriesPerRequest: null,
  enableReadyCheck: true,
  // Whoever listens does so again by itself: what ioredis does has no place to fail in but the process.
  autoResubscribe: false,
  retryStrategy: (times: number): number => Math.min(2_000, 50 * 2 ** Math.min(6, times)),
}

/** `queueing`: commands wait while Redis is away. BullMQ wants that, shared state does not. */
export function connectRedis(target: RedisTarget, options: { queueing: boolean }): Redis {
  // A Redis that hangs must not hang who asks it; blocking reads of queues are meant to wait.
  const timeout = options.queueing ? {} : { commandTimeout: COMMAND_MS }
  const common = { ...PATIENT, ...timeout, enableOfflineQueue: options.queueing }
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
