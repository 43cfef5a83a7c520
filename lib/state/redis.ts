/** Connections to Redis: a URL, Sentinel, or the socket of the private one. Only this file and ../queue use ioredis. */
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

/** Connects at once, and reconnects for ever; only callers that choose to wait do. */
const PATIENT = {
  maxRetriesPerRequest: null,
  enableReadyCheck: true,
  // Listeners subscribe again themselves: a failed resubscribe of ioredis ends the process.
  autoResubscribe: false,
  retryStrategy: (times: number): number => Math.min(2_000, 50 * 2 ** Math.min(6, times)),
}

/** `queueing`: commands wait while Redis is away. BullMQ requires that; shared state must not wait. */
export function connectRedis(target: RedisTarget, options: { queueing: boolean }): Redis {
  // A Redis that hangs must not hang its callers; blocking reads of queues wait by design.
  const timeout = options.queueing ? {} : { commandTimeout: COMMAND_MS }
  const common = { ...PATIENT, ...timeout, enableOfflineQueue: options.queueing }
  const redis = build(target, common)
  // Without a listener ioredis prints the error; readiness uses `status`.
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
