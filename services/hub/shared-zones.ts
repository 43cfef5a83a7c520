/**
 * The zones of this worker process, where several processes share the zones of a hub: a fleet that has only the zones of the
 * shards it owns. A change of owners reaches the roles as a reload does.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Config } from '../../config/config.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet, FleetDiff } from '../../lib/fleet/fleet.js'
import { CATALOG_SHARD, shardOf, type ShardPlaces } from '../../lib/fleet/shards.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { pause, withRests } from '../../lib/runtime/turns.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { ShardWatch } from '../../lib/shards/shard-map.js'
import { type ShardChange, ShardOwner } from '../../lib/shards/shard-owner.js'
import type { BoardSyncParts } from '../../lib/state/board-sync.js'
import { ShardLeases } from '../../lib/state/shard-leases.js'
import { ShardLocks } from '../../lib/store/shard-locks.js'
import type { RedisLink } from '../../lib/state/redis-link.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

/** Transfers in progress have so long to end before their zones go to another worker. */
const SETTLE_MS = 10_000
/** Zones whose shard is computed before other work runs: some hundred nanoseconds each. */
const ZONES_PER_SLICE = 500

/** Listens to the messages about the zones of this process. `isRead`: reads their shared state too, as some are new here. */
type ReadState = (isRead: boolean) => Promise<void>

/** A role that works on the zones that this process owns. */
export interface ZoneRole {
  adopt(fleet: Fleet, diff: FleetDiff): Promise<void>
  /** Resolves when the work in progress on these zones has ended, or the time is over. */
  settle?(zones: ReadonlySet<ZoneName>, ms: number): Promise<void>
}

export interface SharedZonesParts {
  store: ZoneStore
  roles: readonly (ZoneRole | undefined)[]
  readState: ReadState
  /** The shard of the catalogs came, or went. */
  onCatalogs: (isOurs: boolean) => void
}

export class SharedZones {
  readonly locks: ShardLocks
  readonly owner: ShardOwner
  /** Fleet of each role, in the order in which they give up zones. */
  readonly #roles = new Map<ZoneRole, Fleet>()
  readonly #config: () => Config
  #whole: Fleet
  #parts: SharedZonesParts | undefined
  /** The end of the last change of the zones of the roles. */
  #giving: Promise<void> = Promise.resolve()

  /** `config`: the one that counts now. */
  constructor(config: () => Config, locks: ShardLocks, whole: Fleet, redis: RedisLink, log: Logger) {
    const { hub, workers } = config()
    const { share, leaseMs } = workers
    const { worker } = locks
    this.#config = config
    this.locks = locks
    this.#whole = whole
    this.owner = new ShardOwner({
      name: worker,
      locks,
      leases: new ShardLeases(redis.data, hub, { name: worker, token: randomUUID() }, leaseMs),
      leaseMs,
      isSpread: share === 'machines',
      clock: systemClock,
      log,
      zones: () => this.#count,
      onChange: (change) => this.#onChange(change),
    })
  }

  static lock({ dataDir, hub, workers }: Config, worker: string, places: ShardPlaces): ShardLocks {
    return ShardLocks.open({ dataDir, hub, worker, silentMs: workers.leaseMs, places })
  }

  /** This process consumes and publishes the catalogs. */
  get ownsCatalogs(): boolean {
    return this.locks.ownsShard(CATALOG_SHARD)
  }

  /** The zones of the owned shards. Walks all zones at once; in a running hub `#ownNow` does so in slices. */
  get own(): Fleet {
    return this.#whole.only((zone) => this.locks.owns(zone))
  }

  #ownNow(): Promise<Fleet> {
    return withRests(this.#whole.onlyInSteps((zone) => this.locks.owns(zone)))
  }

  /** Zones on which the roles work: each renewal of the lease reports it. */
  get #count(): number {
    const [fleet] = this.#roles.values()
    return fleet?.zones.size ?? 0
  }

  /**
   * The shared state that this process may write and read. `serves`: a role of it reads every zone. The publisher of catalogs reads
   * which zones are released, and every worker which version of a catalog each node has.
   */
  rightsOn(serves: boolean): Pick<BoardSyncParts, 'mayWrite' | 'reads' | 'shards'> {
    const published = (): Config['catalogs']['published'] => this.#config().catalogs.published
    const publishes = (): boolean => this.ownsCatalogs && published().size > 0
    return {
      mayWrite: (zone) => zone === undefined || this.owner.mayWrite(zone),
      reads: (zone, table) =>
        serves ||
        zone === undefined ||
        this.owner.owns(zone) ||
        (table === 'zones' ? publishes() : table === 'nodes' && published().has(zone as ZoneName)),
      ...(serves
        ? {}
        : {
            shards: () => (publishes() ? undefined : [...this.locks.owned, ...Array.from(this.locks.places.catalogs, shardOf)]),
          }),
    }
  }

  /** Takes the first shards. The roles have begun with `own`, and get all later changes. */
  async start(parts: SharedZonesParts): Promise<void> {
    this.#parts = parts
    const { own } = this
    for (const role of parts.roles) if (role !== undefined) this.#roles.set(role, own)
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

  /** Called after members of catalogs changed: costs time in proportion to the change. */
  change({ added, changed, removed }: FleetDiff): Promise<void> {
    return this.#inTurn(async () => {
      const put = [...added, ...changed.map(({ after }) => after)].filter(({ name }) => this.locks.owns(name))
      const drop = removed.map(({ name }) => name)
      // While shards change their owner, roles have different fleets.
      const fleets = new Set(this.#roles.values())
      const diffs = new Map(Array.from(fleets, (fleet) => [fleet, fleet.change({ put, drop })]))
      for (const [role, fleet] of this.#roles) await role.adopt(fleet, diffs.get(fleet)!)
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#giving.then(work)
    this.#giving = turn.catch(() => undefined)
    return turn
  }

  /** The role gets the zones that are owned when its turn comes. */
  #give(role: ZoneRole): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#roles.get(role)!
      const fleet = await this.#ownNow()
      const diff = await withRests(fleet.diffInSteps(before))
      this.#roles.set(role, fleet)
      await role.adopt(fleet, diff)
    })
  }

  async #onChange({ gained, lost, isForced }: ShardChange): Promise<void> {
    const { store, readState, onCatalogs } = this.#parts!
    // Until now another process wrote them: their journals are read again.
    for (const zone of await this.#zonesOf(gained)) store.forget(zone)
    // Without Redis the roles begin with what they observe.
    await readState(gained.length > 0)
    if (gained.includes(CATALOG_SHARD)) onCatalogs(true)
    else if (lost.includes(CATALOG_SHARD)) onCatalogs(false)
    const leaving = new Set(await this.#zonesOf(lost))
    for (const role of this.#roles.keys()) {
      if (!isForced && leaving.size > 0) await role.settle?.(leaving, SETTLE_MS)
      await this.#give(role)
    }
    await store.settled()
  }

  async #zonesOf(shards: readonly number[]): Promise<ZoneName[]> {
    const wanted = new Set(shards)
    const zones: ZoneName[] = []
    if (wanted.size === 0) return zones
    let looked = 0
    for (const zone of this.#whole.zones.keys()) {
      if (wanted.has(this.locks.places.of(zone))) zones.push(zone)
      if (++looked % ZONES_PER_SLICE === 0) await pause()
    }
    return zones
  }
}

/** The map for a process without a worker; undefined where one worker has all zones. */
export async function watchShards(
  { hub, workers }: Config,
  redis: RedisLink,
  places: ShardPlaces,
): Promise<ShardWatch | undefined> {
  if (workers.share === 'none') return undefined
  const watch = new ShardWatch(redis.data, hub, places)
  await watch.start()
  return watch
}

/** A name that no other process has at the same time: the machine and the process number. */
export const defaultWorkerName = (): string => `${hostname().replace(/[^a-zA-Z0-9._-]/g, '-')}-${process.pid}`
