/** Puts the servers of a process together: the transfer server, and the API. */
import type { Config } from '../../config/config.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import { usableMemory } from '../../lib/runtime/memory.js'
import { loneWorker, type ShardMap } from '../../lib/shards/shard-map.js'
import type { BoardSync } from '../../lib/state/board-sync.js'
import { Idempotency } from '../../lib/state/idempotency.js'
import type { RedisLink } from '../../lib/state/redis-link.js'
import { Withdrawals } from '../../lib/state/withdrawals.js'
import { ApiService } from '../api/service.js'
import type { FleetSource } from '../fleet/fleet-source.js'
import { TransferService } from '../transfer/service.js'

type ApiParts = ConstructorParameters<typeof ApiService>[2]

export interface MakeApiParts
  extends Omit<ApiParts, 'idempotency' | 'workers' | 'redisLack' | 'share' | 'redisUp' | 'members' | 'withdrawals'> {
  redis: RedisLink
  sync: BoardSync
  /** Undefined where one worker has all zones. */
  shards: ShardMap | undefined
}

export function makeApi(source: FleetSource, { redis, sync, shards, ...parts }: MakeApiParts): ApiService {
  const { config, membership } = source
  return new ApiService(config, source.fleet, {
    ...parts,
    idempotency: new Idempotency(redis.data),
    withdrawals: new Withdrawals(redis.data, config.hub),
    workers: () => shards?.workers() ?? [loneWorker(config.hub, parts.board, source.fleet.zones.size, parts.clock.now())],
    redisLack: () => sync.lack ?? redis.lack,
    share: () => sync.flush(),
    redisUp: () => redis.isReady,
    members: membership.members,
  })
}

export function makeTransfer(
  fleet: Fleet,
  settings: Config['transfer'],
  parts: ConstructorParameters<typeof TransferService>[2],
): TransferService {
  return new TransferService(fleet, { ...settings, preparedOctets: usableMemory() / settings.processes / 16 }, parts)
}
