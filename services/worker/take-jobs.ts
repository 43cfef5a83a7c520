/** Connects each kind of job with its work in this process. */
import { ownProvision, ownResync, sealedResync } from '../../lib/queue/job-seals.js'
import type { TextSeals } from '../../lib/queue/text-seals.js'
import { jobOf } from '../../lib/queue/job-schemas.js'
import type { PushJob, RefreshJob, ResyncJob, ResyncProgress, VerifyJob, WebhookJob } from '../../lib/queue/jobs.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import type { UsedOrders } from '../../lib/queue/used-orders.js'
import type { JobTakers } from './job-takers.js'
import { type ProvisionParts, runProvision } from './provision-processor.js'
import { expectNoneFailed } from './resync-processor.js'
import { runOrder } from './run-order.js'
import { runEverywhere } from './shared-resync.js'
import { expectAllSame } from './verify-service.js'

type Report = (progress: ResyncProgress) => Promise<void>

export interface JobWork {
  /** Refreshes at once. */
  refreshes: number
  refresh: (job: RefreshJob) => Promise<unknown>
  deliver: (job: WebhookJob) => Promise<unknown>
  catchUp: (job: PushJob) => Promise<unknown>
  /** Runs targets of zones that this process owns. */
  resync: (job: ResyncJob, report: Report) => Promise<ResyncProgress>
  verify: (job: VerifyJob, report: Report) => Promise<ResyncProgress>
}

export interface TakeJobsParts {
  queues: JobQueues
  canQueue: () => boolean
  provisioner: ProvisionParts
  seals: TextSeals
  orders: UsedOrders
  clock: { now(): number }
}

export function takeJobs(takers: JobTakers, parts: TakeJobsParts, work: JobWork): void {
  const { queues, canQueue, provisioner, seals, orders, clock } = parts
  takers.take('refresh', work.refreshes, (data) => work.refresh(jobOf('refresh', data)), 'worker')
  takers.take('webhook', 4, (data) => work.deliver(jobOf('webhook', data)))
  takers.take('push', 64, (data) => work.catchUp(jobOf('push', data)), 'worker')
  takers.take('provision', 2, (data, report, { id }) => {
    const job = jobOf('provision', data)
    return orders.run(ownProvision(job, id, seals, clock.now()), () => runProvision(job, provisioner, report))
  })
  const once = async <T>(job: ResyncJob, id: string, run: () => Promise<T>): Promise<T> => {
    const order = await ownResync(job, id, seals, clock.now())
    return order === undefined ? await run() : await orders.run(order, run)
  }
  const resync = {
    runHere: work.resync,
    queueAt: async (worker: string, part: ResyncJob) =>
      queues.enqueueResyncAt(worker, await sealedResync(part, seals, clock.now())),
  }
  takers.take('resync', 8, (data, report, { id }) => {
    const job = jobOf('resync', data)
    return once(job, id, async () => {
      const ended = await runOrder(job, {
        fleet: provisioner.fleet(),
        runSlice: (slice, note) => runEverywhere(slice, queues, resync, note),
        report,
        isCareful: job.strength === 'force',
      })
      expectNoneFailed(ended)
      return ended
    })
  })
  const verify = {
    runHere: work.verify,
    queueAt: (worker: string, part: VerifyJob) => queues.enqueueVerifyAt(worker, part),
  }
  takers.take('verify', 8, async (data, report, { isAgain }) => {
    const job = jobOf('verify', data)
    // The first run compares everything: a comparison that was under way at the time of the order may have begun before it.
    const ended = await runOrder(isAgain ? job : { ...job, at: undefined }, {
      fleet: provisioner.fleet(),
      runSlice: (slice, note) => runEverywhere(slice, queues, verify, note),
      report,
      isCareful: false,
    })
    expectAllSame(ended)
    return ended
  })
  if (queues.workers?.owners.self === undefined) return
  takers.keepMoving(canQueue)
  const resyncPart = (data: unknown, report: Report, { id }: { id: string }): Promise<ResyncProgress> => {
    const job = jobOf('resync', data)
    return once(job, id, () => work.resync(job, report))
  }
  takers.take('resync', 8, resyncPart, 'worker')
  takers.take('verify', 8, (data, report) => work.verify(jobOf('verify', data), report), 'worker')
}
