/** The Redis of the config, or a private one under dataDir, which is started or adopted. */
import type { Config } from '../../config/config.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { PrivateRedis } from '../../lib/state/private-redis.js'
import type { RedisTarget } from '../../lib/state/redis.js'

/** Throws the errors of PrivateRedis.start. */
export async function redisTarget(
  { redis, dataDir }: Config,
  log: Logger,
): Promise<{ target: RedisTarget; own: PrivateRedis | undefined }> {
  if (redis.kind !== 'private') return { target: redis, own: undefined }
  const own = await PrivateRedis.start(dataDir)
  log.info({ op: 'redis', path: own.path, adopted: own.adopted }, 'private redis is up')
  return { target: { kind: 'socket', path: own.path }, own }
}
