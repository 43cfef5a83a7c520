/** The synchronization of the board of a process with Redis. */
import type { ZoneName } from '../../lib/dns/name.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { BoardSync, type BoardSyncParts } from '../../lib/state/board-sync.js'
import type { RedisLink } from '../../lib/state/redis-link.js'
import type { FleetSource } from '../fleet/fleet-source.js'
import type { SharedZones } from './shared-zones.js'

export interface MakeSyncParts
  extends Pick<BoardSyncParts, 'board' | 'bus' | 'seals' | 'log' | 'metrics' | 'isPrivate' | 'isWorker'> {
  redis: RedisLink
  source: FleetSource
  shared: SharedZones | undefined
  /** A role of this process reads every zone. */
  serves: boolean
}

export function makeSync({ redis, source, shared, serves, ...parts }: MakeSyncParts): BoardSync {
  return new BoardSync({
    ...parts,
    redis: redis.data,
    subscriber: redis.subscriber,
    hub: source.config.hub,
    clock: systemClock,
    fleet: {
      hasZone: (name) => source.fleet.zones.has(name as ZoneName),
      hasNode: (id) => source.fleet.nodes.has(id),
      zones: () => source.fleet.zones.keys(),
    },
    ...shared?.rightsOn(serves),
  })
}
