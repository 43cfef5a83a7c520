/**
 * One zonecast process: builds the parts, starts the roles it was asked to play, takes reloads, drains and stops. The
 * composition root; roles themselves never import each other.
 */
import { faultLog, setFaultSink } from '../lib/runtime/guard.js'
import type { Config } from '../config/config.js'
import { fingerprintOf } from '../config/fingerprint.js'
import type { ZoneName } from '../lib/dns/name.js'
import { describeError } from '../lib/errors.js'
import type { Fleet } from '../lib/fleet/fleet.js'
import { JobQueues } from '../lib/queue/queues.js'
import { CheckThreads } from '../lib/release/check-threads.js'
import { systemClock } from '../lib/runtime/clock.js'
import type { Service } from '../lib/runtime/lifecycle.js'
import { usableMemory } from '../lib/runtime/memory.js'
import { VERSION } from '../lib/runtime/version.js'
import type { Logger } from '../lib/runtime/logger.js'
import { Metrics } from '../lib/runtime/metrics.js'
import { Board } from '../lib/state/board.js'
import { BoardSync } from '../lib/state/board-sync.js'
import { HubPresence } from '../lib/state/hub-presence.js'
import { PrivateRedis } from '../lib/state/private-redis.js'
import { connectRedis, type RedisTarget } from '../lib/state/redis.js'
import { RedisLink } from '../lib/state/redis-link.js'
import { Idempotency } from '../lib/state/idempotency.js'
import { dataDirSecret, Seals } from '../lib/state/seals.js'
import { SignalBus } from '../lib/state/signals.js'
import { loneWorker, ownersIn, type ShardWatch } from '../lib/shards/shard-map.js'
import type { ShardLocks } from '../lib/store/shard-locks.js'
import type { ZoneStore } from '../lib/store/zone-store.js'
import { ApiService } from './api/service.js'
import { fleetOfConfig, sealKeysOf } from './fleet-of-config.js'
import { type RoleAddress, roleAddresses } from './role-addresses.js'
import { nextFleet } from './next-fleet.js'
import { defaultWorkerName, SharedZones, watchShards } from './shared-zones.js'
import { Network } from './network.js'
import { openStore } from './open-store.js'
import { followStore } from './store-follower.js'
import { TransferProcesses } from './transfer-processes.js'
import { TransferService } from './transfer/service.js'
import { WatcherService } from './watcher/service.js'
import type { WorkerService } from './worker/service.js'
import { makeWorker } from './make-worker.js'
import { liveSettings } from './live-settings.js'

export const ROLES = ['watcher', 'worker', 'transfer', 'api'] as const
export type Role = (typeof ROLES)[number]

export class Hub {
  #config: Config
  #fleet: Fleet
  readonly #roles: readonly Role[]
  readonly #serves: boolean
  readonly #log: Logger
  readonly #services: Service[] = []
  readonly #metrics = new Metrics()
  readonly #board = new Board()
  readonly #bus = new SignalBus()
  #store!: ZoneStore
  #sync!: BoardSync
  #seals!: Seals
  #queues!: JobQueues
  #network: Network | undefined
  readonly #checkThreads = new CheckThreads()
  #privateRedis: PrivateRedis | undefined
  #redis: RedisLink | undefined
  #follower: NodeJS.Timeout | undefined
  /** Settings that a reload changes; the parts keep these objects. */
  readonly #live: ReturnType<typeof liveSettings>
  /** The end of the last reload. */
  #reloading: Promise<unknown> = Promise.resolve()
  #presence: HubPresence | undefined
  #watcher: WatcherService | undefined
  #worker: WorkerService | undefined
  #transfer: TransferService | undefined
  #api: ApiService | undefined
  /** Where several worker processes share the zones of the hub: those of this one, and the map of a process without a worker. */
  #shared: SharedZones | undefined
  #shards: ShardWatch | undefined
  #locks: ShardLocks | undefined
  #processes: TransferProcesses | undefined
  readonly #workerName: string

  /** `worker`: name of the worker of this process, where several share the zones of the hub. */
  constructor(config: Config, roles: readonly Role[], log: Logger, worker = defaultWorkerName()) {
    this.#workerName = worker
    this.#config = config
    this.#fleet = fleetOfConfig(config)
    this.#roles = roles
    this.#serves = roles.includes('transfer') || roles.includes('api')
    this.#log = log
    this.#live = liveSettings(config)
    setFaultSink(faultLog(log, this.#metrics))
  }

  /** Starts everything or throws, having stopped what had started. Returns what it listens on. */
  async start(): Promise<RoleAddress[]> {
    try {
      await this.#openStore()
      const target = await this.#redisTarget()
      const redis = await RedisLink.open(target, this.#log)
      this.#redis = redis
      if (this.#locks) this.#shared = new SharedZones(this.#config, this.#locks, this.#fleet, redis, this.#log)
      else this.#shards = await watchShards(this.#config, redis)
      const owners = ownersIn(this.#shared?.owner ?? this.#shards, this.#locks?.worker)
      this.#queues = new JobQueues(redis.queueing, this.#config.hub, owners)
      this.#seals = new Seals(await dataDirSecret(this.#config.dataDir), sealKeysOf(this.#config))
      this.#sync = new BoardSync({
        redis: redis.data,
        subscriber: redis.subscriber,
        board: this.#board,
        bus: this.#bus,
        hub: this.#config.hub,
        seals: this.#seals,
        log: this.#log,
        clock: systemClock,
        metrics: this.#metrics,
        isPrivate: this.#privateRedis !== undefined,
        fleet: {
          hasZone: (name) => this.#fleet.zones.has(name as ZoneName),
          hasNode: (id) => this.#fleet.nodes.has(id),
          zones: () => this.#fleet.zones.keys(),
        },
        isWorker: this.#roles.includes('worker'),
        ...this.#shared?.rightsOn(this.#serves),
      })
      await this.#sync.start()
      redis.proveBy(() => this.#sync.prove())
      await this.#startRoles(target, redis)
      return [...((await this.#processes?.start()) ?? []), ...roleAddresses(this.#transfer?.addresses, this.#api?.address)]
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  get #hasAllRoles(): boolean {
    return ROLES.every((role) => this.#roles.includes(role))
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
    if (isWorker && this.#config.workers.share !== 'none') this.#locks = SharedZones.lock(this.#config, this.#workerName)
    const mode = this.#locks ?? (isWorker ? 'write' : 'read')
    this.#store = await openStore(this.#config, this.#fleet, mode, this.#log)
    if (mode !== 'write' && (this.#locks === undefined || this.#serves))
      this.#follower = followStore(this.#store, this.#bus, this.#log)
  }

  async #redisTarget(): Promise<RedisTarget> {
    if (this.#config.redis.kind !== 'private') return this.#config.redis
    this.#privateRedis = await PrivateRedis.start(this.#config.dataDir)
    this.#log.info({ op: 'redis', path: this.#privateRedis.path, adopted: this.#privateRedis.adopted }, 'private redis is up')
    return { kind: 'socket', path: this.#privateRedis.path }
  }

  async #startRoles(target: RedisTarget, redis: RedisLink): Promise<void> {
    const { transfer, hub } = this.#config
    const [live, clock] = [this.#live, systemClock]
    this.#network = new Network(transfer, live, () => this.#store.memory)
    const { soa } = this.#network
    const owned = this.#shared?.own ?? this.#fleet
    const shared = {
      store: this.#store,
      board: this.#board,
      bus: this.#bus,
      clock,
      log: this.#log,
      metrics: this.#metrics,
      queues: this.#queues,
      soa,
      canQueue: () => redis.isReady,
    }
    const own = { name: hub, version: VERSION, config: fingerprintOf(this.#config) }
    if (this.#roles.includes('worker')) this.#presence = new HubPresence(own, this.#board, clock, this.#log)
    this.#presence?.start()
    this.#processes = TransferProcesses.of(this.#config, this.#roles, this.#log)
    if (this.#roles.includes('transfer') && this.#processes === undefined) {
      this.#transfer = new TransferService(
        this.#fleet,
        { ...transfer, preparedOctets: usableMemory() / transfer.processes / 16 },
        shared,
      )
      this.#services.push(this.#transfer)
    }
    if (this.#roles.includes('worker')) {
      this.#worker = makeWorker(owned, {
        ...shared,
        hub,
        live,
        network: this.#network,
        redis: redis.data,
        connect: () => connectRedis(target, { queueing: true }),
        seals: this.#seals,
        owns: (zone) => this.#shared?.owner.owns(zone) ?? true,
        checkThreads: this.#checkThreads,
        hasHeardAll: (at) => this.#hasHeardAll(at),
      })
      this.#services.push(this.#worker)
    }
    if (this.#roles.includes('watcher')) {
      this.#watcher = new WatcherService(this.#worker === undefined ? this.#fleet : owned, { ...shared, worker: this.#worker })
      this.#services.push(this.#watcher)
    }
    if (this.#roles.includes('api')) {
      this.#api = new ApiService(this.#config, this.#fleet, {
        ...shared,
        idempotency: new Idempotency(redis.data),
        worksOn: (zone) => this.#worker !== undefined && (this.#shared?.owner.owns(zone) ?? true),
        workers: () =>
          (this.#shared?.owner ?? this.#shards)?.workers() ?? [loneWorker(hub, this.#board, this.#fleet.zones.size, clock.now())],
        redisLack: () => this.#sync.lack ?? redis.lack,
        share: () => this.#sync.flush(),
        redisUp: () => redis.isReady,
        reload: () => this.reload(),
      })
      this.#services.push(this.#api)
    }
    for (const service of this.#services) await service.start()
    await this.#shared?.start(this.#store, [this.#watcher, this.#worker], () => this.#sync.reseal())
  }

  /**
   * Reads the config again. Zones, nodes, primaries, keys, clouds and tokens take effect; a change of what is fixed at the start
   * (hub, dataDir, redis, listen addresses) is refused with everything else in the file. One reload at a time, in slices. Rejects
   * with ConfigError.
   */
  reload(): Promise<Config> {
    const turn = this.#reloading.then(() => this.#reload())
    this.#reloading = turn.catch(() => undefined)
    return turn
  }

  async #reload(): Promise<Config> {
    const { next, fingerprint, fleet, diff } = await nextFleet(this.#config, this.#fleet, this.#store)
    const live = liveSettings(next)
    for (const name of Object.keys(live) as (keyof typeof live)[]) Object.assign(this.#live[name], live[name])
    this.#log.level = next.log.level
    // Another process may have written cells that were refused without the new zones.
    if (this.#seals.adopt(sealKeysOf(next)) || !this.#isAlone) void this.#sync.reseal()
    this.#presence?.adopt(fingerprint)
    this.#transfer?.adopt(fleet)
    if (this.#shared !== undefined) await this.#shared.adopt(fleet)
    else for (const role of [this.#worker, this.#watcher]) await role?.adopt(fleet, diff)
    this.#api?.adopt(next, fleet, diff)
    this.#processes?.reload()
    this.#board.pairs.forget(diff.removed, fleet)
    // Last: after a failure the next reload has the same difference.
    ;[this.#config, this.#fleet] = [next, fleet]
    this.#log.info({ op: 'reload', zones: fleet.zones.size, nodes: fleet.nodes.size }, 'config reloaded')
    return next
  }

  async stop(): Promise<void> {
    await this.#reloading
    clearInterval(this.#follower)
    this.#presence?.stop()
    // In the order of the flow.
    const order = [this.#watcher, this.#api, this.#worker, this.#transfer].filter((service) => service !== undefined)
    const until = performance.now() + this.#config.defaults.shutdownGraceMs
    for (const service of order)
      await service
        .finish(Math.max(0, until - performance.now()))
        .catch((error) => this.#log.warn({ service: service.name, err: describeError(error) }, 'shutdown of a service failed'))
    this.#network?.close()
    this.#checkThreads.close()
    for (const service of order)
      await service.stop().catch((error) => this.#log.warn({ service: service.name, err: describeError(error) }, 'stop failed'))
    await this.#processes?.stop()
    await this.#sync?.stop().catch(() => undefined)
    this.#shards?.stop()
    await this.#shared?.stop(this.#store)
    this.#locks?.close()
    const closing = this.#queues?.close().catch(() => undefined)
    // Queues wait for a Redis that is away, for ever.
    if (this.#redis?.isReady) await closing
    this.#redis?.close()
    await closing
    if (this.#privateRedis && (this.#hasAllRoles || !this.#privateRedis.adopted)) await this.#privateRedis.stop()
    await this.#store?.close()
  }
}
