/** One zonecast process: builds the parts, starts its roles, reloads and stops. Roles never import each other. */
import { faultLog, setFaultSink } from '../../lib/runtime/guard.js'
import type { Config } from '../../config/config.js'
import { fingerprintOf } from '../../config/fingerprint.js'
import type { Fleet, FleetDiff } from '../../lib/fleet/fleet.js'
import { JobQueues } from '../../lib/queue/queues.js'
import { CheckThreads } from '../../lib/release/check-threads.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { VERSION } from '../../lib/runtime/version.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { Metrics } from '../../lib/runtime/metrics.js'
import { Board } from '../../lib/state/board.js'
import type { BoardSync } from '../../lib/state/board-sync.js'
import { HubPresence } from '../../lib/state/hub-presence.js'
import type { PrivateRedis } from '../../lib/state/private-redis.js'
import { connectRedis, type RedisTarget } from '../../lib/state/redis.js'
import { RedisLink } from '../../lib/state/redis-link.js'
import { Seals } from '../../lib/state/seals.js'
import { SignalBus } from '../../lib/state/signals.js'
import { ownersIn, type ShardWatch } from '../../lib/shards/shard-map.js'
import type { ShardLocks } from '../../lib/store/shard-locks.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { ApiService } from '../api/service.js'
import { CatalogDuty, refreshByOwner, sharedMembers } from './catalog-duty.js'
import { sealKeysOf, sealSecretOf } from '../fleet/fleet-of-config.js'
import { catalogsOf, FleetSource } from '../fleet/fleet-source.js'
import { closeRedis, finishInOrder, stopInOrder } from './shutdown.js'
import { Reseals } from './reseals.js'
import { type RoleAddress, roleAddresses } from './role-addresses.js'
import { nextFleet } from './next-fleet.js'
import { defaultWorkerName, SharedZones, watchShards } from './shared-zones.js'
import { makeSync } from './make-sync.js'
import { Network } from './network.js'
import { openStore } from './open-store.js'
import { followStore } from './store-follower.js'
import { TransferProcesses } from './transfer-processes.js'
import type { TransferService } from '../transfer/service.js'
import { WatcherService } from '../watcher/service.js'
import type { WorkerService } from '../worker/service.js'
import { makeApi, makeTransfer } from './make-servers.js'
import { makeWorker } from './make-worker.js'
import { Rehearsal } from './rehearsal/rehearsal.js'
import { adoptLive, liveSettings } from './live-settings.js'
import { redisTarget } from './redis-target.js'
import { HubAudit, SIGNALLED } from '../audit/hub-audit.js'

export const ROLES = ['watcher', 'worker', 'transfer', 'api'] as const
export type Role = (typeof ROLES)[number]

export class Hub {
  readonly #source: FleetSource
  readonly #roles: readonly Role[]
  readonly #hasAllRoles: boolean
  readonly #serves: boolean
  readonly #log: Logger
  readonly #metrics = new Metrics()
  readonly #board: Board
  readonly #bus = new SignalBus()
  #store!: ZoneStore
  #sync!: BoardSync
  #seals!: Seals
  #queues!: JobQueues
  #network: Network | undefined
  readonly #checkThreads = new CheckThreads()
  readonly #audit: HubAudit
  #privateRedis: PrivateRedis | undefined
  #redis: RedisLink | undefined
  #follower: NodeJS.Timeout | undefined
  /** Settings that a reload changes; the parts keep these objects. */
  readonly #live: ReturnType<typeof liveSettings>
  #reseals: Reseals | undefined
  #presence: HubPresence | undefined
  #watcher: WatcherService | undefined
  #worker: WorkerService | undefined
  #transfer: TransferService | undefined
  #api: ApiService | undefined
  /** Where several workers share the zones: those of this process, and the map of a process without a worker. */
  #shared: SharedZones | undefined
  #shards: ShardWatch | undefined
  #locks: ShardLocks | undefined
  #duty: CatalogDuty | undefined
  #processes: TransferProcesses | undefined
  #rehearsal: Rehearsal | undefined
  readonly #workerName: string

  /** `worker`: name of the worker of this process, where several share the zones of the hub. */
  constructor(config: Config, roles: readonly Role[], log: Logger, worker = defaultWorkerName()) {
    this.#workerName = worker
    this.#source = new FleetSource(config, log)
    this.#board = new Board({ shardOf: this.#source.places.of })
    this.#roles = roles
    this.#hasAllRoles = ROLES.every((role) => roles.includes(role))
    this.#serves = roles.includes('transfer') || roles.includes('api')
    this.#log = log
    this.#live = liveSettings(config)
    this.#audit = new HubAudit(config, this.#live.audit, log, this.#metrics)
    setFaultSink(faultLog(log, this.#metrics))
  }

  /** Starts everything or throws, having stopped what had started. Returns what it listens on. */
  async start(): Promise<RoleAddress[]> {
    try {
      await this.#source.load()
      await this.#openStore()
      const { target, own } = await redisTarget(this.#source.config, this.#log)
      this.#privateRedis = own
      const redis = await RedisLink.open(target, this.#log)
      this.#redis = redis
      if (this.#locks)
        this.#shared = new SharedZones(() => this.#source.config, this.#locks, this.#source.fleet, redis, this.#log)
      else this.#shards = await watchShards(this.#source.config, redis, this.#source.places)
      const owners = ownersIn(this.#shared?.owner ?? this.#shards, this.#locks?.worker)
      this.#queues = new JobQueues(redis.queueing, this.#source.config.hub, owners)
      this.#seals = new Seals(await sealSecretOf(this.#source.config), sealKeysOf(this.#source.config))
      this.#sync = makeSync({
        redis,
        source: this.#source,
        shared: this.#shared,
        serves: this.#serves,
        board: this.#board,
        bus: this.#bus,
        seals: this.#seals,
        log: this.#log,
        metrics: this.#metrics,
        isPrivate: this.#privateRedis !== undefined,
        isWorker: this.#roles.includes('worker'),
      })
      this.#reseals = new Reseals(this.#sync, this.#log)
      await this.#sync.start()
      redis.proveBy(() => this.#sync.prove())
      await this.#startRoles(target, redis)
      this.#rehearsal = Rehearsal.begin(this.#source.config, this.#bus, [this.#worker, this.#transfer, this.#api], this.#log)
      return [...((await this.#processes?.start()) ?? []), ...roleAddresses(this.#transfer, this.#api)]
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** No other process shares the state. */
  get #isAlone(): boolean {
    return this.#hasAllRoles && this.#privateRedis !== undefined
  }

  /** True when the other roles and hubs have reported their deliveries until `at`. */
  #hasHeardAll(at: number): boolean {
    const hearsItself = this.#transfer !== undefined && this.#shared === undefined
    return (hearsItself || this.#sync.hasHeardOthersUntil(at)) && this.#presence!.haveOthersSpokenSince(at)
  }

  async #openStore(): Promise<void> {
    const isWorker = this.#roles.includes('worker')
    if (isWorker && this.#source.config.workers.share !== 'none')
      this.#locks = SharedZones.lock(this.#source.config, this.#workerName, this.#source.places)
    const mode = this.#locks ?? (isWorker ? 'write' : 'read')
    this.#store = await openStore(this.#source, mode, this.#log)
    if (mode !== 'write' && (this.#locks === undefined || this.#serves))
      this.#follower = followStore(this.#store, this.#bus, this.#log)
  }

  async #startRoles(target: RedisTarget, redis: RedisLink): Promise<void> {
    const { transfer, hub } = this.#source.config
    this.#network = new Network(transfer, this.#live, () => this.#store.memory)
    const owned = this.#shared?.own ?? this.#source.fleet
    const shared = {
      store: this.#store,
      board: this.#board,
      bus: this.#bus,
      clock: systemClock,
      log: this.#log,
      metrics: this.#metrics,
      queues: this.#queues,
      seals: this.#seals,
      ...this.#network.asking,
      canQueue: () => redis.isReady,
      callers: this.#live.callers,
      audit: this.#audit,
      auditAnchors: () => this.#audit.anchors(),
    }
    const own = { name: hub, version: VERSION, config: fingerprintOf(this.#source.config) }
    if (this.#roles.includes('worker')) this.#presence = new HubPresence(own, this.#board, systemClock, this.#log)
    this.#presence?.start()
    this.#processes = TransferProcesses.of(this.#source.config, this.#roles, this.#log)
    if (this.#roles.includes('transfer') && this.#processes === undefined)
      this.#transfer = makeTransfer(this.#source.fleet, transfer, shared)
    if (this.#roles.includes('worker')) {
      this.#worker = makeWorker(owned, {
        ...shared,
        hub,
        live: this.#live,
        network: this.#network,
        redis: redis.data,
        connect: () => connectRedis(target, { queueing: true }),
        owns: this.#owns,
        shared: this.#shared && { published: () => this.#source.config.catalogs.published.values() },
        checkThreads: this.#checkThreads,
        catalogs: this.#source,
        hasHeardAll: (at) => this.#hasHeardAll(at),
      })
    }
    if (this.#roles.includes('watcher')) {
      this.#watcher = new WatcherService(this.#worker === undefined ? this.#source.fleet : owned, {
        ...shared,
        worker: this.#worker,
      })
    }
    if (this.#roles.includes('api'))
      this.#api = makeApi(this.#source, {
        ...shared,
        redis,
        shards: this.#shared?.owner ?? this.#shards,
        worksOn: (zone) => this.#worker !== undefined && this.#owns(zone),
        sync: this.#sync,
        reload: () => this.#source.inTurn(() => this.#reload()),
      })
    this.#source.connect({
      ...shared,
      members: sharedMembers(this.#source.config, redis.data, this.#seals, this.#locks),
      opens: (zone) => this.#serves || this.#owns(zone),
      onDiff: (diff) => this.#onMembers(diff),
      refresh: refreshByOwner(this.#owns, this.#worker, this.#queues),
      checkPublished: (zone, contents) => this.#worker!.catalogs.check(zone, contents),
    })
    for (const service of [this.#transfer, this.#worker, this.#watcher, this.#api]) await service?.start()
    await this.#source.start(this.#roles.includes('worker') && this.#shared === undefined)
    this.#duty = this.#shared && new CatalogDuty(this.#source, this.#worker!.catalogs, this.#sync, this.#log)
    await this.#shared?.start({
      store: this.#store,
      roles: [this.#watcher, this.#worker],
      readState: (isRead) => this.#sync.followShards(isRead),
      onCatalogs: (isOurs) => this.#duty!.set(isOurs),
    })
    this.#audit.start(this.#source.config, this.#roles, redis.data, this.#seals)
  }

  readonly #owns = (zone: string): boolean => this.#shared?.owner.owns(zone) ?? true

  async #onMembers(diff: FleetDiff): Promise<void> {
    await this.#spread(this.#source.config, this.#source.fleet, diff, true)
    if (diff.added.length > 0 && !this.#isAlone) this.#reseals?.soon()
  }

  /** `isSame`: the fleet is the same object, with other zones. */
  async #spread(config: Config, fleet: Fleet, diff: FleetDiff, isSame: boolean): Promise<void> {
    this.#transfer?.adopt(fleet, config === this.#source.config ? undefined : config.transfer.tls)
    if (this.#shared !== undefined) {
      await (isSame ? this.#shared.change(diff) : this.#shared.adopt(fleet))
      // After a reload, the catalogs wait until the config counts.
      if (isSame) void this.#worker!.catalogs.adopt(fleet, diff)
    } else for (const role of [this.#worker, this.#watcher]) await role?.adopt(fleet, diff)
    this.#api?.adopt(config, fleet, diff)
    this.#board.forget(diff.removed, fleet)
  }

  /** Reads the config again, one reload at a time, in slices; fixed-settings.ts refuses some changes. Rejects with ConfigError. */
  reload(): Promise<Config> {
    return this.#audit.order(SIGNALLED, () => this.#source.inTurn(() => this.#reload()))
  }

  async #reload(): Promise<Config> {
    const prepared = await nextFleet(this.#source, this.#store)
    const { config: next, fleet, diff } = prepared
    adoptLive(this.#live, next)
    this.#log.level = next.log.level
    if (this.#seals.adopt(sealKeysOf(next)) || !this.#isAlone) this.#reseals?.now()
    this.#presence?.adopt(prepared.fingerprint)
    this.#source.places.adopt(catalogsOf(next))
    await this.#spread(next, fleet, diff, false)
    this.#processes?.reload()
    // Last: after a failure the next reload has the same difference.
    const before = this.#source.config
    this.#source.accept(prepared)
    await this.#duty?.adopt(before, fleet, diff)
    this.#log.info({ op: 'reload', zones: fleet.zones.size, nodes: fleet.nodes.size }, 'config reloaded')
    return next
  }

  async stop(): Promise<void> {
    clearInterval(this.#follower)
    this.#presence?.stop()
    await this.#duty?.stop()
    await this.#source.finish()
    this.#reseals?.stop()
    // In the order of the flow.
    const order = [this.#rehearsal, this.#watcher, this.#api, this.#worker, this.#transfer].flatMap((service) => service ?? [])
    await finishInOrder(order, this.#source.config.defaults.shutdownGraceMs, this.#log)
    this.#network?.close()
    this.#checkThreads.close()
    await stopInOrder(order, this.#log)
    await this.#processes?.stop()
    await this.#audit.stop()
    await this.#sync?.stop().catch(() => undefined)
    this.#shards?.stop()
    await this.#shared?.stop(this.#store)
    this.#locks?.close()
    await closeRedis(this.#queues, this.#redis)
    if (this.#privateRedis && (this.#hasAllRoles || !this.#privateRedis.adopted)) await this.#privateRedis.stop()
    await this.#store?.close()
  }
}
