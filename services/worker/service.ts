/** The worker: runs refresh, push, resync and webhook jobs, releases versions, and observes the nodes. */
import { guard, reportFault } from '../../lib/runtime/guard.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { isNewer, type Serial } from '../../lib/dns/serial.js'
import type { Fleet, FleetDiff, FleetZone } from '../../lib/fleet/fleet.js'
import { FleetObserver } from '../../lib/observe/fleet-observer.js'
import { PushFleet } from '../../lib/push/push-fleet.js'
import type { PushJob, RefreshJob, ResyncJob, ResyncProgress } from '../../lib/queue/jobs.js'
import { type PrimaryCell, splitPair } from '../../lib/state/tables.js'
import { sleep } from '../../lib/runtime/clock.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import { pause } from '../../lib/runtime/turns.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import { WorkerError } from './errors.js'
import { auditCommit, auditProgress } from './audit-acts.js'
import { CatalogPublisher } from './catalog-publisher.js'
import { JobTakers } from './job-takers.js'
import { NodeProofs } from '../../lib/observe/node-proofs.js'
import { RefreshProcessor } from './refresh-processor.js'
import { runResync } from './resync-processor.js'
import { Unsticker } from './unstick.js'
import { takeJobs } from './take-jobs.js'
import { VerifyService } from './verify-service.js'
import type { WorkerParts, WorkerSettings } from './parts.js'
import { tendStore } from './tend-store.js'
import { ZoneRestorer } from './restore-zones.js'
import { RolloutDriver } from '../../lib/release/rollout-driver.js'
import { Webhooks } from './webhooks.js'
import { noteProgress } from '../../lib/release/zone-cells.js'

/** A first try in memory has this long before the queue takes over. */
const HAND_OVER_MS = 15_000
/** Most refreshes wait for an answer or for their turn; the pool of connections has the limit on transfers. */
const REFRESHES_PER_TRANSFER = 8
/** Time for our own primaries to give what a peer hub has. */
const PEER_FIRST_MS = 1_500
/** How often memory is freed and damaged zones are transferred again. */
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
  readonly #proofs: NodeProofs
  readonly #unsticker: Unsticker
  readonly verify: VerifyService
  readonly catalogs: CatalogPublisher
  readonly #takers: JobTakers
  readonly #restorer: ZoneRestorer
  #coolDown: NodeJS.Timeout | undefined
  #unlisten: (() => void)[] = []
  #isStopping = false

  constructor(fleet: Fleet, settings: WorkerSettings, parts: WorkerParts) {
    this.#fleet = fleet
    this.#settings = settings
    this.#parts = parts
    this.#restorer = new ZoneRestorer(parts)
    this.push = new PushFleet(fleet, {
      ...parts,
      observe: settings.observe,
      isUnlisted: (zone, node) => this.catalogs.isUnlisted(zone, node),
      handOver: (zone, node) => {
        this.#observer.watch(zone, node)
        this.#handOver([node.id])
      },
    })
    this.#refresh = new RefreshProcessor(fleet, {
      ...parts,
      onCommitted: (zone, version) => {
        // A transfer that ends after a reload removed its zone.
        if (!this.#fleet.zones.has(zone.name)) return
        this.#onCommitted(zone, version)
        auditCommit(parts.audit, parts.board, zone, version, parts.store.zone(zone.name).versions.at(-2))
      },
      onConflict: (zone) => this.#rollouts.review(zone),
    })
    this.#rollouts = new RolloutDriver(fleet, {
      ...parts,
      hub: settings.hub,
      observe: settings.observe,
      inTurn: (zone, work) => this.#refresh.inTurn(zone, work),
      onProgress: (zone, stored, version) => this.#onProgress(zone, stored, version),
    })
    this.catalogs = new CatalogPublisher(fleet, {
      ...parts,
      hub: settings.hub,
      inTurn: (zone, work) => this.#refresh.inTurn(zone, work),
      refresh: (job) => this.#refresh.run(job),
      onCommitted: (zone, version) => this.#onCommitted(zone, version),
    })
    this.#webhooks = new Webhooks({ ...parts, hub: settings.hub })
    this.#proofs = new NodeProofs(fleet, parts)
    this.verify = new VerifyService(fleet, { ...parts, schedule: settings.verify })
    const isDrained = (node: string): boolean => this.push.isDrained(node)
    this.#unsticker = new Unsticker(fleet, { ...parts, verify: this.verify.faults, isDrained })
    this.#takers = new JobTakers({ ...parts, hub: settings.hub })
    this.#observer = new FleetObserver(settings.observe, parts.observer, this.push, parts.store, parts.clock)
  }

  async start(): Promise<void> {
    await this.#restorer.restore(this.#fleet.zones.keys())
    const taking = this.#takeJobs()
    // Without Redis there is no job to take, and everything else goes on.
    if (this.#parts.canQueue()) await taking
    else taking.catch(() => undefined)
    this.#observer.start(this.#fleet)
    await this.#proofs.start()
    await this.#unsticker.start()
    this.verify.start()
    await this.#rollouts.start()
    this.#webhooks.start()
    void this.catalogs.start()
    for (const [pair, cell] of this.#parts.board.entries('primaries')) {
      this.#onAnswer(pair, cell, 'here')
      await pause()
    }
    this.#unlisten = [
      this.#parts.board.onChange(
        (change, origin) => {
          if (change.table === 'primaries') this.#onAnswer(change.key, change.value, origin)
          else if (change.table === 'drains') this.#onDrain(change.key, change.value.drained)
        },
        { tables: ['primaries', 'drains'] },
      ),
      this.#parts.bus.on('peer-committed', ({ zone, serial }) => this.#onPeerCommitted(zone, serial)),
    ]
    this.#coolDown = setInterval(
      guard('store timer', () => this.#tend()),
      TEND_MS,
    )
  }

  /** The store's regular upkeep. A zone that could not be read before is served like the others once it can be. */
  async #tend(): Promise<void> {
    tendStore(this.#parts, (job) => void this.beginRefresh(job))
    for (const name of await this.#restorer.retry((zone) => this.#fleet.zones.has(zone))) {
      const zone = this.#fleet.zones.get(name)
      if (zone) this.push.onReleased(zone)
      if (zone) this.catalogs.noteRelease(zone)
    }
    await this.#rollouts.unread.retry()
  }

  /** Refreshes, deliveries to nodes that answer, comparisons or jobs are under way. */
  get isBusy(): boolean {
    return this.#refresh.isBusy() || this.push.isBusy || this.#takers.isBusy || this.verify.isBusy
  }

  /** As NearWorker of the watcher. An error is on the zone's cell, and the job in the queue ends with the same error. */
  beginRefresh(job: RefreshJob): boolean {
    if (this.#isStopping) return false
    void this.#refresh.run(job).catch(() => undefined)
    return true
  }

  comparePrimary(zone: ZoneName, primary: string): void {
    if (!this.#isStopping) this.#refresh.compare(zone, primary)
  }

  async #takeJobs(): Promise<void> {
    const takers = this.#takers
    await takers.removeOrphans()
    if (this.#isStopping) return
    takeJobs(takers, this.#parts, {
      refreshes: this.#settings.transfers * REFRESHES_PER_TRANSFER,
      refresh: (job) => this.#refresh.run(job),
      deliver: (job) => this.#webhooks.deliver(job),
      catchUp: (job) => this.#catchUp(job),
      resync: (job, report) => this.#resyncHere(job, report),
      verify: (job, report) => this.verify.run(job, report),
    })
  }

  #resyncHere(job: ResyncJob, report: (progress: ResyncProgress) => Promise<void>): Promise<ResyncProgress> {
    const parts = {
      ...this.#parts,
      verify: this.verify.faults,
      verifySoon: (zone: ZoneName, node: string) => this.verify.verifySoon(zone, node),
      push: this.push,
      refresh: (refresh: RefreshJob) => this.#refresh.run(refresh),
    }
    return runResync(job, () => this.#fleet, parts, report)
  }

  /** Resolves when the refreshes of these zones have ended, or the time is over. */
  async settle(zones: ReadonlySet<ZoneName>, ms: number): Promise<void> {
    await Promise.race([this.#refresh.settled(zones), sleep(ms)])
  }

  /** Resolves when all parts have the zones that changed; works in slices. */
  async adopt(fleet: Fleet, diff: FleetDiff): Promise<void> {
    this.#fleet = fleet
    await this.#restorer.restore(diff.added.map(({ name }) => name))
    for (const { name } of diff.removed) this.#parts.store.forget(name)
    this.push.adopt(fleet, diff)
    this.#refresh.adopt(fleet)
    this.#observer.adopt(fleet, diff)
    this.#proofs.adopt(fleet)
    await this.#unsticker.adopt(fleet)
    this.verify.adopt(fleet)
    await this.#rollouts.adopt(fleet, diff)
    // Where several processes share the zones, one publishes the catalogs of all.
    if (this.#parts.shared === undefined) void this.catalogs.adopt(fleet, diff)
  }

  #onCommitted(zone: FleetZone, version: Version): void {
    this.push.onReleased(zone)
    this.verify.onReleased(zone.name, version)
    this.#rollouts.onCommitted(zone, version)
    this.catalogs.noteRelease(zone)
    this.catalogs.noteProgress(zone)
  }

  /** A rollout advanced: NOTIFY goes at once to the nodes that may have the version now. */
  #onProgress(zone: FleetZone, stored: StoredZone, version: Version): void {
    const { audit, board, bus, clock } = this.#parts
    noteProgress(board, stored, clock.now())
    auditProgress(audit, zone, version)
    this.push.onReleased(zone)
    this.verify.onReleased(zone.name, version)
    this.catalogs.noteRelease(zone)
    this.catalogs.noteProgress(zone)
    bus.emit('committed', { zone: zone.name, serial: version.serial, at: clock.now() })
  }

  async #catchUp({ node: id }: PushJob): Promise<void> {
    const node = this.#fleet.nodes.get(id)
    if (!node) return
    const behind = await this.push.catchUp(node)
    if (behind.length > 0)
      throw new WorkerError(
        { code: 'WORKER_NODE_BEHIND', node: id, zones: behind.length },
        `${id} still lacks ${behind.length} zones, ${behind[0]} among them`,
      )
  }

  /** A peer hub has a version that this hub lacks: as a rule a primary gives it here too, else the peer hub does. */
  #onPeerCommitted(zone: ZoneName, serial: Serial): void {
    if (!this.#fleet.zones.has(zone)) return
    const { store } = this.#parts
    const lacks = (): boolean => isNewer(serial, store.zone(zone).latest?.serial)
    if (!lacks()) return
    const askForIt = guard('peer timer', () => {
      if (this.#isStopping || !lacks()) return
      const job: RefreshJob = { zone, strength: 'refresh', askFirst: true, reason: 'poll', elsewhere: serial, seen: undefined }
      void this.#refresh.run(job).catch(() => undefined)
    })
    setTimeout(askForIt, PEER_FIRST_MS).unref()
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

  /** The watcher may be in another process: the board has what primaries answer. */
  #onAnswer(pair: string, cell: PrimaryCell, origin: 'here' | 'there'): void {
    const [zone, primary] = splitPair(pair)
    this.#refresh.onAnswer(zone as ZoneName, primary, cell, origin)
  }

  #onDrain(node: string, drained: boolean): void {
    const known = this.#fleet.nodes.get(node)
    if (!known) return
    if (drained) this.push.stopNode(node)
    else void this.push.healAll(known).catch((error) => reportFault('drain', error))
  }

  async finish(graceMs: number): Promise<void> {
    this.#isStopping = true
    this.#webhooks.stop()
    this.#observer.stop()
    this.#proofs.stop()
    this.#unsticker.stop()
    this.verify.stop()
    this.catalogs.stop()
    clearInterval(this.#coolDown)
    for (const unlisten of this.#unlisten) unlisten()
    const graceOver = new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref())
    await Promise.race([Promise.all([this.#refresh.finish(), this.#rollouts.finish(), this.#takers.finish()]), graceOver])
    this.push.stop()
  }

  async stop(): Promise<void> {
    await this.#takers.stop()
  }
}
