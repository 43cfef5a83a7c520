/** The parts and settings of a worker. */
import type { Audit } from '../../lib/audit/trail.js'
import type { NodeControls } from '../../lib/control/node-controls.js'
import type { ObserveRules } from '../../lib/observe/fleet-observer.js'
import type { NodeObserver } from '../../lib/observe/node-observer.js'
import type { NodePaths } from '../../lib/observe/node-paths.js'
import type { NodeProber } from '../../lib/observe/node-prober.js'
import type { NotifySender } from '../../lib/push/notify-sender.js'
import type { RolloutRules } from '../../lib/fleet/rollout-rules.js'
import type { UsedOrders } from '../../lib/queue/used-orders.js'
import type { ForcePermits } from '../../lib/state/force-permits.js'
import type { StageClaims } from '../../lib/state/stage-claims.js'
import type { ProvisionParts } from './provision-processor.js'
import type { PublisherParts } from './catalog-publisher.js'
import type { JobTakerParts } from './job-takers.js'
import type { VerifySchedule } from '../../lib/verify/verify-sweep.js'
import type { VerifyParts } from './verify-service.js'
import type { RefreshParts } from './refresh-processor.js'
import type { WebhookParts } from './webhooks.js'

export interface WorkerParts extends Omit<RefreshParts, 'onCommitted' | 'onConflict'>, Omit<JobTakerParts, 'hub'> {
  canQueue: () => boolean
  audit: Audit
  observer: NodeObserver
  notify: NotifySender
  notifyRetries: { retriesMs: readonly number[] }
  prober: NodeProber
  verifier: VerifyParts['verifier']
  paths: NodePaths
  controls: NodeControls
  permits: ForcePermits
  unstick: { afterMs: number; atOnce: number }
  claims: StageClaims
  rollout: RolloutRules
  webhooks: WebhookParts['webhooks']
  seals: WebhookParts['seals']
  owns: WebhookParts['owns']
  provisioner: ProvisionParts
  orders: UsedOrders
  shared: PublisherParts['shared']
}

export interface WorkerSettings {
  hub: string
  /** Transfers under way at once. */
  transfers: number
  observe: ObserveRules & { unknownAfterMissed: number }
  verify: VerifySchedule
}
