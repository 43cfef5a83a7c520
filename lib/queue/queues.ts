/** The queues for producers and readers. services/worker has the processing of jobs. */
import { type Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import {
  type JobView,
  type ProvisionJob,
  type PushJob,
  queueName,
  type RefreshJob,
  type ResyncJob,
  type VerifyJob,
  type WebhookJob,
} from './jobs.js'
import { QUEUE_KINDS, type QueueKind } from './queue-kinds.js'
import { type Owners, WorkerQueues } from './worker-queues.js'

export const QUEUE_PREFIX = '{zonecast}'

/** Finished jobs are kept for operators, for a limited time. A failed resync is never retried: its targets heal anyway. */
const KEEP = { removeOnComplete: { count: 200, age: 86_400 }, removeOnFail: { count: 500, age: 7 * 86_400 } }
/** Parts of an order, which removes them. These are for the parts of a worker that is gone. */
const PART = { removeOnComplete: { count: 100, age: 600 }, removeOnFail: { count: 100, age: 600 } }
/** Some two days of growing waits. */
const WEBHOOK_RETRY = { attempts: 40, backoff: { type: 'webhook' } }
const PUSH_RETRY = { attempts: 1_000_000, backoff: { type: 'push' } }

export class JobQueues {
  readonly #queues: Record<QueueKind, Queue>
  /** Undefined where one worker process has all zones. */
  readonly workers: WorkerQueues | undefined

  /** `redis` must queue commands while away (connectRedis with queueing). `owners`: where several workers share the zones. */
  constructor(redis: Redis, hub: string, owners?: Owners) {
    this.workers = owners && new WorkerQueues(redis, hub, owners, { prefix: QUEUE_PREFIX, defaultJobOptions: KEEP })
    const open = (kind: QueueKind): Queue =>
      new Queue(queueName(kind, hub), { connection: redis, prefix: QUEUE_PREFIX, defaultJobOptions: KEEP, skipMetasUpdate: true })
    this.#queues = Object.fromEntries(QUEUE_KINDS.map((kind) => [kind, open(kind)])) as Record<QueueKind, Queue>
    for (const queue of Object.values(this.#queues)) queue.on('error', () => undefined)
  }

  /**
   * One refresh running and at most one waiting per zone and strength (RFC 1996 §4.4). A waiting refresh does not replace a
   * retransfer, and both at once do no harm: the zone's own lock runs them one after the other.
   */
  async enqueueRefresh(job: RefreshJob): Promise<string> {
    // A waiting refresh without polls does not replace an operator's order to poll the primaries.
    const id = `${job.strength}${job.askFirst ? ' asking' : ''} ${job.zone}`
    const owner = this.workers?.owners.ownerOf(job.zone)
    const queue = owner === undefined ? this.#queues.refresh : this.workers!.of('refresh', owner)
    const own = this.workers === undefined ? {} : { jobId: this.workers.newId() }
    const added = await queue.add('refresh', job, { deduplication: { id, keepLastIfActive: true }, ...own })
    return jobId('refresh', added)
  }

  /** One waiting push per node; `delayMs` gives the first try in memory time to succeed. */
  async enqueuePush(jobs: readonly PushJob[], delayMs: number): Promise<void> {
    const self = this.workers?.owners.self
    const queue = self === undefined ? this.#queues.push : this.workers!.of('push', self)
    await queue.addBulk(
      jobs.map((data) => ({
        name: 'push',
        data,
        opts: { delay: delayMs, deduplication: { id: data.node, keepLastIfActive: true }, ...PUSH_RETRY },
      })),
    )
  }

  async enqueueWebhooks(jobs: readonly WebhookJob[]): Promise<void> {
    await this.#queues.webhook.addBulk(jobs.map((data) => ({ name: 'webhook', data, opts: WEBHOOK_RETRY })))
  }

  async enqueueResync(job: ResyncJob): Promise<string> {
    return jobId('resync', await this.#queues.resync.add('resync', job, idOf(job)))
  }

  async enqueueProvision(job: ProvisionJob): Promise<string> {
    return jobId('provision', await this.#queues.provision.add('provision', job, idOf(job)))
  }

  /** Part of a resync, for the worker that owns its zones. */
  async enqueueResyncAt(worker: string, job: ResyncJob): Promise<string> {
    const { workers } = this
    const { jobId: id = workers!.newId() } = idOf(job)
    return jobId('resync', await workers!.of('resync', worker).add('resync', job, { jobId: id, ...PART }))
  }

  async enqueueVerify(job: VerifyJob): Promise<string> {
    return jobId('verify', await this.#queues.verify.add('verify', job))
  }

  /** Part of a verify, for the worker that owns its zones. */
  async enqueueVerifyAt(worker: string, job: VerifyJob): Promise<string> {
    const { workers } = this
    return jobId('verify', await workers!.of('verify', worker).add('verify', job, { jobId: workers!.newId(), ...PART }))
  }

  /** Undefined when the job does not exist (any more), and for a part of an order. */
  async find(id: string): Promise<JobView | undefined> {
    const [kind, number] = splitId(id)
    if (!kind || !number) return undefined
    for (const queue of await this.#shown(kind)) {
      const job = await queue.getJob(number)
      if (job) return await view(kind, queue, job)
    }
    return undefined
  }

  /** A part of an order, at the worker that it was queued for. */
  async findPart(worker: string, id: string): Promise<JobView | undefined> {
    const [kind, number] = splitId(id)
    const queue = kind && this.workers?.of(kind, worker)
    const job = queue && (await queue.getJob(number!))
    return job && (await view(kind!, queue, job))
  }

  /** The order has all that it needs of the part, which may run still. */
  async removePart(worker: string, id: string): Promise<void> {
    const [kind, number] = splitId(id)
    await (kind && this.workers?.of(kind, worker).remove(number!))
  }

  /** The queue of the kind, and those of single workers. */
  async #of(kind: QueueKind): Promise<Queue[]> {
    return [this.#queues[kind], ...((await this.workers?.all(kind)) ?? [])]
  }

  /** Queues whose jobs are shown: the order has the progress of its parts. */
  async #shown(kind: QueueKind): Promise<Queue[]> {
    return kind === 'resync' || kind === 'verify' ? [this.#queues[kind]] : await this.#of(kind)
  }

  /** Newest first. */
  async list(limit: number): Promise<JobView[]> {
    const queues = await Promise.all(QUEUE_KINDS.map(async (kind) => (await this.#shown(kind)).map((queue) => ({ kind, queue }))))
    const lists = await Promise.all(
      queues.flat().map(async ({ kind, queue }) => {
        const jobs = await queue.getJobs(['active', 'waiting', 'delayed', 'failed', 'completed'], 0, limit - 1)
        return await Promise.all(jobs.filter(Boolean).map((job) => view(kind, queue, job)))
      }),
    )
    return lists
      .flat()
      .sort((a, b) => b.createdAt - a.createdAt)
      .slice(0, limit)
  }

  /** For metrics: jobs by queue and state. */
  async counts(): Promise<Record<QueueKind, Record<string, number>>> {
    const entries = await Promise.all(
      QUEUE_KINDS.map(async (kind) => {
        const sum: Record<string, number> = {}
        for (const queue of await this.#of(kind))
          for (const [state, count] of Object.entries(
            await queue.getJobCounts('waiting', 'active', 'delayed', 'failed', 'completed'),
          ))
            sum[state] = (sum[state] ?? 0) + count
        return [kind, sum] as const
      }),
    )
    return Object.fromEntries(entries) as Record<QueueKind, Record<string, number>>
  }

  /** Moves refreshes of workers that are gone to the owners of their zones. Returns the number of jobs. */
  async moveJobs(): Promise<number> {
    return (await this.workers?.move(this.#queues.refresh)) ?? 0
  }

  /** For the read-only queue view. */
  get all(): readonly Queue[] {
    return Object.values(this.#queues)
  }

  async close(): Promise<void> {
    await Promise.all([...Object.values(this.#queues).map((queue) => queue.close()), this.workers?.close()])
  }
}

/** A sealed order names its job. */
const idOf = ({ id }: { id?: string | undefined }): { jobId?: string } => (id === undefined ? {} : { jobId: id })

const jobId = (kind: QueueKind, job: Job): string => `${kind}-${job.id}`

const JOB_ID = new RegExp(`^(${QUEUE_KINDS.join('|')})-([\\w.-]{1,64})$`)

function splitId(id: string): [QueueKind | undefined, string | undefined] {
  const match = JOB_ID.exec(id)
  return match ? [match[1] as QueueKind, match[2]] : [undefined, undefined]
}

async function view(kind: QueueKind, queue: Queue, read: Job): Promise<JobView> {
  const state = await read.getState()
  // The job may have ended after it was read: then the data lacks its result.
  const hasEnded = (state === 'completed' || state === 'failed') && read.finishedOn === undefined
  const job = hasEnded ? ((await queue.getJob(read.id!)) ?? read) : read
  return {
    id: jobId(kind, job),
    kind,
    state: state === 'completed' ? 'done' : state === 'failed' ? 'failed' : state === 'active' ? 'active' : 'waiting',
    progress: job.progress as JobView['progress'],
    error: job.failedReason || undefined,
    data: job.data,
    result: job.returnvalue ?? undefined,
    createdAt: job.timestamp,
    finishedAt: job.finishedOn,
  }
}
