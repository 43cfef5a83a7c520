/**
 * The worker: takes refresh, push and resync jobs, releases what it committed, and watches over the fleet. BullMQ's worker
 * side has its door here.
 */
import { UnrecoverableError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { ZoneName } from '../../lib/dns/name.js'
import { isNews, type Serial } from '../../lib/dns/serial.js'
import { describeError, ZonecastError } from '../../lib/errors.js'
import type { Fleet, FleetZone } from '../../lib/fleet/fleet.js'
import { FleetObserver, type ObserveRules } from '../../lib/push/observe-fleet.js'
import type { NodeLooker } from '../../lib/push/node-looker.js'
import type { NodePaths } from '../../lib/push/node-paths.js'
import type { NodeProber } from '../../lib/push/node-prober.js'
import type { NotifySender } from '../../lib/push/notify-sender.js'
import { PushFleet } from '../../lib/push/push-fleet.js'
import {
  type PushJob,
  type QueueKind,
  queueName,
  type RefreshJob,
  refreshAfter,
  type ResyncJob,
  type WebhookJob,
} from '../../lib/queue/jobs.js'
import { type JobQueues, QUEUE_PREFIX } from '../../lib/queue/queues.js'
import type { RolloutRules } from '../../lib/rollout/stages.js'
import type { StageClaims } from '../../lib/state/stage-claims.js'
import { splitPair } from '../../lib/state/tables.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import { RefreshProcessor, type RefreshParts } from './refresh-processor.js'
import { runResync } from './resync-processor.js'
import { retryMs, toBullWords } from './retry-policy.js'
import { RolloutDriver } from './rollout-driver.js'
import { Webhooks, type WebhookParts } from './webhooks.js'
import { noteProgress, restoreZoneCell } from './zone-cells.js'

export interface WorkerParts extends Omit<RefreshParts, 'onCommitted'> {
  queues: JobQueues
  /** For blocking reads; must queue while away. */
  connect: () => Redis
  canQueue: () => boolean
  looker: NodeLooker
  notify: NotifySender
  notifyRetries: { retriesMs: readonly number[] }
  prober: NodeProber
  paths: NodePaths
  claims: StageClaims
  rollout: RolloutRules
  webhooks: WebhookParts['webhooks']
}

export interface WorkerSettings {
  hub: string
  /** Transfers under way at once. */
  transfers: number
  observe: ObserveRules & { unknownAfterLooks: number }
}

/** A first try in memory has this long before the queue takes over. */
const HAND_OVER_MS = 15_000
/** Most refreshes wait for an answer or for their turn; the pool of connections has the limit on transfers. */
const REFRESHES_PER_TRANSFER = 8
/** A job whose worker died is taken up by another after this long. */
const LOCK_MS = 30_000
/** Our own primaries have this long to give what another hub has. */
const ELSEWHERE_MS = 1_500
/** How often memory is given back and damage is mended. */
const TEND_MS = 15_000

export class WorkerService implements Service {
  readonly name = 'worker'
  readonly #settings: WorkerSettings
  readonly #parts: WorkerParts
  #fleet: Fleet
  readonly push: PushFleet
  readonly #refresh: RefreshProcessor
  readonly #observer: FleetObserver
  readonly #rollouts: RolloutDriver
  readonly #webhooks: Webhooks
  readonly #workers: Worker[] = []
  readonly #connections: Redis[] = []
  #coolDown: NodeJS.Timeout | undefined
  #unlisten: (() => void)[] = []
  #isStopping = false

  constructor(fleet: Fleet, settings: WorkerSettings, parts: WorkerParts) {
    this.#fleet = fleet
    this.#settings = settings
    this.#parts = parts
    for (const zone of fleet.zones.keys()) restoreZoneCell(parts.board, parts.store.zone(zone), parts.clock.now())
    this.push = new PushFleet(fleet, { ...parts, handOver: (nodes) => this.#handOver(nodes) })
    this.#refresh = new RefreshProcessor(fleet, {
      ...parts,
      onCommitted: (zone, version) => {
        this.push.onReleased(zone)
        this.#rollouts.onCommitted(zone, version)
      },
    })
    this.#rollouts = new RolloutDriver(fleet, {
      ...parts,
      hub: settings.hub,
      observe: settings.observe,
      inTurn: (zone, work) => this.#refresh.inTurn(zone, work),
      onProgress: (zone, stored, version) => this.#onProgress(zone, stored, version),
    })
    this.#webhooks = new Webhooks({ ...parts, hub: settings.hub })
    this.#observer = new FleetObserver(settings.observe, parts.looker, this.push, parts.store, parts.clock)
  }

  async start(): Promise<void> {
    const taking = this.#takeJobs()
    // Without Redis there is no job to take, and everything else goes on.
    if (this.#parts.canQueue()) await taking
    else taking.catch(() => undefined)
    this.#observer.start(this.#fleet)
    this.#rollouts.start()
    this.#webhooks.start()
    this.#unlisten = [
      this.#parts.board.onChange((change, origin) => {
        // The watcher is elsewhere: what primaries serve is told by the board.
        if (change.table === 'primaries' && origin === 'there') {
          const [zone, primary] = splitPair(change.key)
          this.#refresh.compare(zone as ZoneName, primary)
        } else if (change.table === 'drains') this.#onDrain(change.key, change.value.drained)
      }),
      this.#parts.bus.on('elsewhere', ({ zone, serial }) => this.#onElsewhere(zone, serial)),
      this.#parts.bus.on('same', ({ zone, primary }) => this.#refresh.compare(zone, primary)),
      // What goes wrong is on the zone's cell, and the job in the queue ends with the same error.
      this.#parts.bus.on('newer', ({ zone, seen }) => void this.#refresh.run(refreshAfter(zone, seen)).catch(() => undefined)),
    ]
    this.#coolDown = setInterval(() => this.#tendStore(), TEND_MS)
  }

  async #takeJobs(): Promise<void> {
    await this.#removeOrphans()
    if (this.#isStopping) return
    this.#take('refresh', this.#settings.transfers * REFRESHES_PER_TRANSFER, (data) => this.#refresh.run(data as RefreshJob))
    this.#take('webhook', 4, (data) => this.#webhooks.deliver(data as WebhookJob))
    this.#take('push', 64, (data) => this.#catchUp(data as PushJob))
    this.#take('resync', 8, (data, report) =>
      runResync(
        data as ResyncJob,
        this.#fleet,
        { board: this.#parts.board, push: this.push, refresh: (job) => this.#refresh.run(job) },
        report,
      ),
    )
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
    for (const zone of fleet.zones.keys())
      restoreZoneCell(this.#parts.board, this.#parts.store.zone(zone), this.#parts.clock.now())
    this.#parts.store.retain(new Set(fleet.zones.keys()))
    this.push.adopt(fleet)
    this.#refresh.adopt(fleet)
    this.#observer.adopt(fleet)
    this.#rollouts.adopt(fleet)
  }

  /** A rollout has come further: nodes that may have the version now are told at once. */
  #onProgress(zone: FleetZone, stored: StoredZone, version: Version): void {
    const { board, bus, clock } = this.#parts
    noteProgress(board, stored, clock.now())
    this.push.onReleased(zone)
    bus.emit('committed', { zone: zone.name, serial: version.serial, at: clock.now() })
  }

  /**
   * Refreshes of this hub that a dead process left "active" would keep the zone's next one waiting until their lock runs out.
   * Only the one process that holds the data directory's lock works on them, so they are nobody's now.
   */
  async #removeOrphans(): Promise<void> {
    const redis = this.#parts.connect()
    this.#connections.push(redis)
    const queue = this.#parts.queues.all.find(({ name }) => name === queueName('refresh', this.#settings.hub))!
    try {
      for (const job of await queue.getActive()) {
        await redis.del(`${QUEUE_PREFIX}:${queue.name}:${job.id}:lock`)
        await job.remove()
      }
    } finally {
      redis.disconnect()
    }
  }

  #take(
    kind: QueueKind,
    concurrency: number,
    work: (data: unknown, report: (progress: object) => Promise<void>) => Promise<unknown>,
  ): void {
    const connection = this.#parts.connect()
    this.#connections.push(connection)
    const worker = new Worker(
      queueName(kind, this.#settings.hub),
      async (job) => {
        try {
          return await work(job.data, (progress) => job.updateProgress(progress))
        } catch (error) {
          throw toBullWords(error, UnrecoverableError)
        }
      },
      {
        connection,
        prefix: QUEUE_PREFIX,
        concurrency,
        lockDuration: LOCK_MS,
        settings: { backoffStrategy: (attempts, type) => retryMs(type, attempts ?? 1, Math.random()) },
      },
    )
    // Connection trouble shows in readyz; a failed job has said why on the board.
    worker.on('error', () => undefined)
    worker.on('failed', (job, error) => {
      if (!(error instanceof ZonecastError))
        this.#parts.log.debug({ op: kind, job: job?.id, err: describeError(error) }, 'job failed')
    })
    this.#workers.push(worker)
  }

  async #catchUp({ node: id }: PushJob): Promise<void> {
    const node = this.#fleet.nodes.get(id)
    if (!node) return
    const behind = await this.push.catchUp(node)
    if (behind.length > 0) throw new Error(`${id} still lacks ${behind.length} zones, ${behind[0]} among them`)
  }

  /** A zone that cannot be read back from disk is taken whole again, before anybody needs it. */
  #tendStore(): void {
    const { store, clock, log } = this.#parts
    store.coolDown(clock.now())
    for (const stored of store.zones) {
      if (!stored.isDamaged) continue
      log.error({ zone: stored.name, op: 'store' }, 'zone cannot be read back from disk; it is taken from a primary again')
      const job: RefreshJob = { zone: stored.name, strength: 'retransfer', askFirst: true, reason: 'operator', seen: undefined }
      void this.#refresh.run(job).catch(() => undefined)
    }
  }

  /** Another hub has what we lack: a primary gives it to us as well, as a rule, and else that hub does. */
  #onElsewhere(zone: ZoneName, serial: Serial): void {
    if (!this.#fleet.zones.has(zone)) return
    const { store } = this.#parts
    const lacks = (): boolean => isNews(serial, store.zone(zone).latest?.serial)
    if (!lacks()) return
    const timer = setTimeout(() => {
      if (this.#isStopping || !lacks()) return
      const job: RefreshJob = { zone, strength: 'refresh', askFirst: true, reason: 'poll', elsewhere: serial, seen: undefined }
      void this.#refresh.run(job).catch(() => undefined)
    }, ELSEWHERE_MS)
    timer.unref()
  }

  #handOver(nodes: string[]): void {
    if (!this.#parts.canQueue()) return
    void this.#parts.queues
      .enqueuePush(
        nodes.map((node) => ({ node })),
        HAND_OVER_MS,
      )
      .catch(() => undefined)
  }

  #onDrain(node: string, drained: boolean): void {
    const known = this.#fleet.nodes.get(node)
    if (!known) return
    if (drained) this.push.stopNode(node)
    else for (const zone of this.#fleet.zonesOf(node)) if (this.push.isBehind(zone, known)) this.push.heal(zone, known)
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#isStopping = true
    this.#webhooks.stop()
    this.#observer.stop()
    clearInterval(this.#coolDown)
    for (const unlisten of this.#unlisten) unlisten()
    const until = this.#parts.clock.now() + deadlineMs
    const patience = <T>(work: Promise<T>): Promise<T | undefined> =>
      Promise.race([
        work,
        new Promise<undefined>((resolve) => setTimeout(resolve, Math.max(0, until - this.#parts.clock.now()), undefined).unref()),
      ])
    const jobs = this.#workers.map((worker) => worker.close().catch(() => undefined))
    await patience(Promise.all([this.#refresh.drain(), this.#rollouts.drain(), ...jobs]))
    this.push.stop()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close(true).catch(() => undefined)))
    for (const connection of this.#connections) connection.disconnect()
  }
}
