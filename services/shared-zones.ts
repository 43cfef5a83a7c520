/**
 * The zones of this worker process, where several processes share the zones of a hub: a fleet that has only the zones of the
 * shards it owns. A change of owners reaches the roles as a reload does.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Config } from '../config/config.js'
import type { ZoneName } from '../lib/dns/name.js'
import type { Fleet, FleetDiff } from '../lib/fleet/fleet.js'
import { shardOf } from '../lib/fleet/shards.js'
import { systemClock } from '../lib/runtime/clock.js'
import { withRests } from '../lib/runtime/turns.js'
import type { Logger } from '../lib/runtime/logger.js'
import { ShardWatch } from '../lib/shards/shard-map.js'
import { type ShardChange, ShardOwner } from '../lib/shards/shard-owner.js'
import type { BoardSyncParts } from '../lib/state/board-sync.js'
import { ShardLeases } from '../lib/state/shard-leases.js'
import { ShardLocks } from '../lib/store/shard-locks.js'
import type { RedisLink } from '../lib/state/redis-link.js'
import type { ZoneStore } from '../lib/store/zone-store.js'

/** Transfers in progress have so long to end before their zones go to another worker. */
const SETTLE_MS = 10_000

/** Listens to the messages about the zones of this process. `isRead`: reads their shared state too, as some are new here. */
type ReadState = (isRead: boolean) => Promise<void>

/** A role that works on the zones that this process owns. */
export interface ZoneRole {
  adopt(fleet: Fleet, diff: FleetDiff): Promise<void>
  /** Resolves when the work in progress on these zones has ended, or the time is over. */
  settle?(zones: ReadonlySet<ZoneName>, ms: number): Promise<void>
}

export class SharedZones {
  readonly locks: ShardLocks
  readonly owner: ShardOwner
  /** Fleet of each role, in the order in which they give up zones. */
  readonly #roles = new Map<ZoneRole, Fleet>()
  #whole: Fleet
  #store: ZoneStore | undefined
  #readState: ReadState = async () => undefined

  constructor(config: Config, locks: ShardLocks, whole: Fleet, redis: RedisLink, log: Logger) {
    const { share, leaseMs } = config.workers
    const { worker } = locks
    this.locks = locks
    this.#whole = whole
    this.owner = new ShardOwner({
      name: worker,
      locks,
      leases: new ShardLeases(redis.data, config.hub, { name: worker, token: randomUUID() }, leaseMs),
      leaseMs,
      isSpread: share === 'machines',
      clock: systemClock,
      log,
      zones: () => this.own.zones.size,
      onChange: (change) => this.#onChange(change),
    })
  }

  static lock({ dataDir, hub, workers }: Config, worker: string): ShardLocks {
    return ShardLocks.open({ dataDir, hub, worker, silentMs: workers.leaseMs })
  }

  /** The zones of the owned shards. */
  get own(): Fleet {
    return this.#whole.only((zone) => this.locks.owns(zone))
  }

  /** The shared state that this process may write and read. `serves`: a role of it reads every zone. */
  rightsOn(serves: boolean): Pick<BoardSyncParts, 'mayWrite' | 'reads' | 'shards'> {
    return {
      mayWrite: (zone) => zone === undefined || this.owner.mayWrite(zone),
      reads: (zone) => serves || zone === undefined || this.owner.owns(zone),
      ...(serves ? {} : { shards: () => this.locks.owned }),
    }
  }

  /**
   * Takes the first shards. The roles have begun with `own`, and get all later changes.
   */
  async start(store: ZoneStore, roles: readonly (ZoneRole | undefined)[], readState: ReadState): Promise<void> {
    this.#store = store
    this.#readState = readState
    for (const role of roles) if (role !== undefined) this.#roles.set(role, this.own)
    await this.owner.start()
  }

  /** Called when no role works on zones any more: others get them when the last writes have ended. */
  async stop(store: ZoneStore): Promise<void> {
    await store.close()
    await this.owner.stop()
  }

  /** Called after a reload. */
  async adopt(whole: Fleet): Promise<void> {
    this.#whole = whole
    for (const role of this.#roles.keys()) await this.#give(role)
  }

  async #give(role: ZoneRole): Promise<void> {
    const before = this.#roles.get(role)!
    const fleet = this.own
    this.#roles.set(role, fleet)
    await role.adopt(fleet, await withRests(fleet.diffInSteps(before)))
  }

  async #onChange({ gained, lost, isForced }: ShardChange): Promise<void> {
    const store = this.#store!
    // Until now another process wrote them: their journals are read again.
    for (const zone of this.#zonesOf(gained)) store.forget(zone)
    // Without Redis the roles begin with what they observe.
    await this.#readState(gained.length > 0)
    const leaving = new Set(this.#zonesOf(lost))
    for (const role of this.#roles.keys()) {
      if (!isForced && leaving.size > 0) await role.settle?.(leaving, SETTLE_MS)
      await this.#give(role)
    }
    await store.settled()
  }

  #zonesOf(shards: readonly number[]): ZoneName[] {
    const wanted = new Set(shards)
    return wanted.size === 0 ? [] : [...this.#whole.zones.keys()].filter((zone) => wanted.has(shardOf(zone)))
  }
}

/** The map for a process without a worker; undefined where one worker has all zones. */
export async function watchShards({ hub, workers }: Config, redis: RedisLink): Promise<ShardWatch | undefined> {
  if (workers.share === 'none') return undefined
  const watch = new ShardWatch(redis.data, hub)
  await watch.start()
  return watch
}

/** A name that no other process has at the same time: the machine and the process number. */
export const defaultWorkerName = (): string => `${hostname().replace(/[^a-zA-Z0-9._-]/g, '-')}-${process.pid}`
