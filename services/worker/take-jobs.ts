/** Connects each kind of job with its work in this process. */
import { expectOwnResync, sealedResync } from '../../lib/queue/job-seals.js'
import { jobOf } from '../../lib/queue/job-schemas.js'
import type { PushJob, RefreshJob, ResyncJob, ResyncProgress, VerifyJob, WebhookJob } from '../../lib/queue/jobs.js'
import type { JobQueues } from '../../lib/queue/queues.js'
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
  provisioner: ProvisionParts
}

export function takeJobs(takers: JobTakers, queues: JobQueues, canQueue: () => boolean, work: JobWork): void {
  takers.take('refresh', work.refreshes, (data) => work.refresh(jobOf('refresh', data)), 'worker')
  takers.take('webhook', 4, (data) => work.deliver(jobOf('webhook', data)))
  takers.take('push', 64, (data) => work.catchUp(jobOf('push', data)), 'worker')
  takers.take('provision', 2, (data, report) => runProvision(jobOf('provision', data), work.provisioner, report))
  const { seals, now } = work.provisioner
  const resyncOf = async (data: unknown): Promise<ResyncJob> => {
    const job = jobOf('resync', data)
    await expectOwnResync(job, seals, now())
    return job
  }
  const resync = {
    runHere: work.resync,
    queueAt: async (worker: string, part: ResyncJob) => queues.enqueueResyncAt(worker, await sealedResync(part, seals)),
  }
  takers.take('resync', 8, async (data, report) => {
    const job = await resyncOf(data)
    const ended = await runOrder(job, {
      fleet: work.provisioner.fleet(),
      runSlice: (slice, note) => runEverywhere(slice, queues, resync, note),
      report,
      isCareful: job.strength === 'force',
    })
    expectNoneFailed(ended)
    return ended
  })
  const verify = {
    runHere: work.verify,
    queueAt: (worker: string, part: VerifyJob) => queues.enqueueVerifyAt(worker, part),
  }
  takers.take('verify', 8, async (data, report, isAgain) => {
    const job = jobOf('verify', data)
    // The first run compares everything: a comparison that was under way at the time of the order may have begun before it.
    const ended = await runOrder(isAgain ? job : { ...job, at: undefined }, {
      fleet: work.provisioner.fleet(),
      runSlice: (slice, note) => runEverywhere(slice, queues, verify, note),
      report,
      isCareful: false,
    })
    expectAllSame(ended)
    return ended
  })
  if (queues.workers?.owners.self === undefined) return
  takers.keepMoving(canQueue)
  takers.take('resync', 8, async (data, report) => work.resync(await resyncOf(data), report), 'worker')
  takers.take('verify', 8, (data, report) => work.verify(jobOf('verify', data), report), 'worker')
}
