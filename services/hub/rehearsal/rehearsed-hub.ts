/**
 * The parts of a hub through which a change goes, for a rehearsal: the same classes as in the hub, with a board, a store, metrics and
 * sockets of their own. Without Redis, API and audit.
 */
import type { Config } from '../../../config/config.js'
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { Fleet, FleetZone } from '../../../lib/fleet/fleet.js'
import { NodeObserver } from '../../../lib/observe/node-observer.js'
import { NodePaths } from '../../../lib/observe/node-paths.js'
import { NotifySender } from '../../../lib/push/notify-sender.js'
import { PushFleet } from '../../../lib/push/push-fleet.js'
import { CheckThreads } from '../../../lib/release/check-threads.js'
import { ReleaseDecider } from '../../../lib/release/release-decider.js'
import { VersionChecker } from '../../../lib/release/version-check.js'
import { systemClock } from '../../../lib/runtime/clock.js'
import { createLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { fleetOfConfig } from '../../fleet/fleet-of-config.js'
import { TransferService } from '../../transfer/service.js'
import { WatcherService } from '../../watcher/service.js'
import { PrimaryComparer } from '../../worker/primary-comparer.js'
import { RefreshProcessor } from '../../worker/refresh-processor.js'
import { liveSettings } from '../live-settings.js'
import { Network } from '../network.js'
import { ZONE } from './zone-of-rehearsal.js'

const MEMORY = 1 << 20
/** Addresses from which it asks. */
const SOURCE = ['127.0.0.1']

export class RehearsedHub {
  readonly #store: ZoneStore
  readonly #network: Network
  readonly #threads = new CheckThreads()
  readonly #push: PushFleet
  readonly #refresh: RefreshProcessor
  readonly #watcher: WatcherService
  readonly #transfer: TransferService
  readonly #zone: FleetZone

  /** `config`: that of the rehearsed fleet; `folder`: for its zone. Throws StoreError. */
  constructor(config: Config, folder: string) {
    const { hub, transfer } = config
    const fleet: Fleet = fleetOfConfig(config)
    const live = liveSettings(config)
    this.#zone = fleet.zones.get(parseZoneName(ZONE))!
    this.#store = ZoneStore.open({ dataDir: folder, hub, mode: 'write', warmOctets: MEMORY })
    this.#network = new Network({ ...transfer, source: SOURCE }, live, () => this.#store.memory)
    const { client, querier, soa, plain, udp, bulk } = this.#network
    const [clock, board, metrics] = [systemClock, new Board(), new Metrics({ ofProcess: false })]
    const log = createLogger({ level: 'silent', isTerminal: false })
    const parts = { store: this.#store, board, bus: new SignalBus(), clock, log, metrics, soa, querier, client }
    const paths = new NodePaths(board, clock, log)
    const { limits, compare, observe, notify, approvals, rollout, retention } = live
    const checker = new VersionChecker(this.#threads)
    this.#push = new PushFleet(fleet, {
      ...parts,
      paths,
      observe,
      observer: new NodeObserver({ ...parts, paths, plain, bulk, observe, hasHeardAll: () => true }),
      notify: new NotifySender(udp, paths, clock, metrics),
      notifyRetries: notify,
      handOver: () => undefined,
    })
    this.#refresh = new RefreshProcessor(fleet, {
      ...parts,
      limits,
      retention,
      comparer: new PrimaryComparer({ ...parts, limits, compare }),
      decider: new ReleaseDecider({ ...parts, hub, checker, rollout, approvals, env: {} }),
      onCommitted: (zone) => this.#push.onReleased(zone),
      onConflict: () => undefined,
    })
    this.#watcher = new WatcherService(fleet, {
      ...parts,
      queues: { enqueueRefresh: () => Promise.resolve('') },
      canQueue: () => false,
      worker: {
        beginRefresh: (job) => {
          void this.#refresh.run(job).catch(() => undefined)
          return true
        },
        comparePrimary: () => undefined,
      },
    })
    // Another port than that of the hub, and no TLS.
    const listen = SOURCE.map((ip) => ({ ip, port: 0 }))
    this.#transfer = new TransferService(
      fleet,
      { ...transfer, listen, tls: undefined, processes: 1, repeats: 0, preparedOctets: MEMORY },
      parts,
    )
  }

  /** Returns the address of its transfer server. */
  async start(): Promise<Endpoint> {
    await this.#transfer.start()
    await this.#watcher.start()
    return this.#transfer.addresses[0]!
  }

  /** All nodes have shown the serial, by their own answers. */
  hasDelivered(serial: number): boolean {
    return this.#store.zone(this.#zone.name).released?.serial === serial && !this.#push.isBusy
  }

  /** Resolves when its sockets and files are closed. */
  async stop(): Promise<void> {
    await this.#watcher.stop()
    this.#push.stop()
    this.#network.close()
    await this.#refresh.finish()
    await this.#transfer.stop()
    this.#threads.close()
    await this.#store.close()
  }
}
