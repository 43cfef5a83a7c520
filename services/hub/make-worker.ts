/** Puts the worker of a process together: the parts that only it has. */
import { commandEnvironment } from '../../config/env.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import { NodeObserver } from '../../lib/observe/node-observer.js'
import { NodePaths } from '../../lib/observe/node-paths.js'
import { NodeProber } from '../../lib/observe/node-prober.js'
import { NotifySender } from '../../lib/push/notify-sender.js'
import type { CheckThreads } from '../../lib/release/check-threads.js'
import { correctLostZones } from '../../lib/release/lost-zones.js'
import { type DeciderParts, ReleaseDecider } from '../../lib/release/release-decider.js'
import { VersionChecker } from '../../lib/release/version-check.js'
import { Verifier } from '../../lib/verify/verifier.js'
import { SharedOrders } from '../../lib/queue/shared-orders.js'
import { UsedOrders } from '../../lib/queue/used-orders.js'
import type { RedisLink } from '../../lib/state/redis-link.js'
import { ForcePermits } from '../../lib/state/force-permits.js'
import { StageClaims } from '../../lib/state/stage-claims.js'
import type { liveSettings } from './live-settings.js'
import type { Network } from './network.js'
import { PrimaryComparer } from '../worker/primary-comparer.js'
import { auditForces } from '../worker/audit-acts.js'
import type { WorkerParts } from '../worker/parts.js'
import { provisionerOf, type WholeFleet } from '../worker/provisioner.js'
import { WorkerService } from '../worker/service.js'

type SharedParts = Pick<
  WorkerParts,
  | 'store'
  | 'board'
  | 'bus'
  | 'controls'
  | 'clock'
  | 'log'
  | 'metrics'
  | 'queues'
  | 'soa'
  | 'canQueue'
  | 'audit'
  | 'seals'
  | 'owns'
  | 'connect'
  | 'shared'
>

export interface MakeWorkerParts extends SharedParts {
  hub: string
  live: ReturnType<typeof liveSettings>
  network: Network
  redis: RedisLink['data']
  checkThreads: CheckThreads
  catalogs: DeciderParts['catalogs'] & WholeFleet
  /** True when the report of every delivery before this time would have arrived. */
  hasHeardAll: (at: number) => boolean
}

/** `fleet`: the zones that this process owns. */
export function makeWorker(fleet: Fleet, parts: MakeWorkerParts): WorkerService {
  const { hub, live, network, board, clock, log, metrics, hasHeardAll } = parts
  const { client, querier, soa, plain, udp, bulk, tls } = network
  const { approvals, limits, rollout, webhooks, retention, observe, compare, connections, notify, unstick, verify } = live
  const paths = new NodePaths(board, clock, log)
  const checker = new VersionChecker(parts.checkThreads)
  auditForces(parts.audit, board)
  // Where several workers share the zones, another one may have written the cell, as its owner.
  if (parts.shared === undefined) correctLostZones({ ...parts, isOurs: (zone) => parts.catalogs.fleet.zones.has(zone) })
  return new WorkerService(
    fleet,
    { hub, transfers: connections.total, observe, verify },
    {
      ...parts,
      client,
      comparer: new PrimaryComparer({ ...parts, client, querier, limits, compare }),
      limits,
      rollout,
      webhooks,
      retention,
      notifyRetries: notify,
      orders: new UsedOrders(parts.catalogs.config.dataDir, () => clock.now(), ordersOfMachines(parts)),
      permits: new ForcePermits(parts.redis),
      unstick,
      claims: new StageClaims(parts.redis, hub),
      decider: new ReleaseDecider({ ...parts, hub, checker, rollout, approvals, env: commandEnvironment() }),
      paths,
      provisioner: provisionerOf(parts.catalogs, { ...parts, soa, paths }),
      prober: new NodeProber(querier, paths),
      verifier: new Verifier({ ...parts, paths, querier, limits, sources: network.sources, budget: verify }),
      observer: new NodeObserver({ ...parts, soa, plain, paths, bulk, observe, hasHeardAll }),
      notify: new NotifySender(udp, paths, clock, metrics, tls),
    },
  )
}

/** Where several machines share the zones: the orders that the others carry out. */
function ordersOfMachines({ catalogs, hub, queues, redis, seals }: MakeWorkerParts): SharedOrders | undefined {
  const { self, isAlive, runOf } = queues.workers?.owners ?? {}
  if (catalogs.config.workers.share !== 'machines' || self === undefined || isAlive === undefined) return undefined
  return new SharedOrders({ redis, hub, seals, worker: self, isAlive, runOf: (worker) => runOf?.(worker) })
}
