/** The queues as producers and readers see them. What a worker does with a job is in services/worker. */
import { type Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import {
  type JobView,
  type PushJob,
  QUEUE_KINDS,
  type QueueKind,
  queueName,
  type RefreshJob,
  type ResyncJob,
  type WebhookJob,
} from './jobs.js'

export const QUEUE_PREFIX = '{zonecast}'

/** Finished jobs are kept for people to look at, not for ever. */
const KEEP = { removeOnComplete: { count: 200, age: 86_400 }, removeOnFail: { count: 500, age: 7 * 86_400 } }
/** Seconds a resync that failed stays visible are those of KEEP; it is never tried again by itself: its targets heal anyway. */
/** Some two days of growing waits. */
const WEBHOOK_RETRY = { attempts: 40, backoff: { type: 'webhook' } }
const PUSH_RETRY = { attempts: 1_000_000, backoff: { type: 'push' } }

export class JobQueues {
  readonly #queues: Record<QueueKind, Queue>

  /** `redis` must queue while away (connectRedis with queueing). */
  constructor(redis: Redis, hub: string) {
    const open = (kind: QueueKind): Queue =>
      new Queue(queueName(kind, hub), { connection: redis, prefix: QUEUE_PREFIX, defaultJobOptions: KEEP, skipMetasUpdate: true })
    this.#queues = { refresh: open('refresh'), push: open('push'), resync: open('resync'), webhook: open('webhook') }
    for (const queue of Object.values(this.#queues)) queue.on('error', () => undefined)
  }

  /**
   * One refresh running and at most one waiting per zone and strength (RFC 1996 §4.4); a retransfer is not swallowed by a
   * waiting refresh, and both at once do no harm: the zone's own lock puts them in a row.
   */
  async enqueueRefresh(job: RefreshJob): Promise<string> {
    // Nor is a person's wish to ask the primaries swallowed by a poll that asks nobody.
    const id = `${job.strength}${job.askFirst ? ' asking' : ''} ${job.zone}`
    const added = await this.#queues.refresh.add('refresh', job, { deduplication: { id, keepLastIfActive: true } })
    return jobId('refresh', added)
  }

  /** One waiting push per node; `delayMs` gives the first try in memory time to get there. */
  async enqueuePush(jobs: readonly PushJob[], delayMs: number): Promise<void> {
    await this.#queues.push.addBulk(
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
    return jobId('resync', await this.#queues.resync.add('resync', job))
  }

  /** Undefined when there is no such job (any more). */
  async find(id: string): Promise<JobView | undefined> {
    const [kind, number] = splitId(id)
    if (!kind || !number) return undefined
    const job = await this.#queues[kind].getJob(number)
    return job ? await view(kind, this.#queues[kind], job) : undefined
  }

  /** Newest first. */
  async list(limit: number): Promise<JobView[]> {
    const kinds = Object.keys(this.#queues) as QueueKind[]
    const lists = await Promise.all(
      kinds.map(async (kind) => {
        const jobs = await this.#queues[kind].getJobs(['active', 'waiting', 'delayed', 'failed', 'completed'], 0, limit - 1)
        return await Promise.all(jobs.filter(Boolean).map((job) => view(kind, this.#queues[kind], job)))
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
      (Object.keys(this.#queues) as QueueKind[]).map(
        async (kind) =>
          [kind, await this.#queues[kind].getJobCounts('waiting', 'active', 'delayed', 'failed', 'completed')] as const,
      ),
    )
    return Object.fromEntries(entries) as Record<QueueKind, Record<string, number>>
  }

  /** For the read-only queue view. */
  get all(): readonly Queue[] {
    return Object.values(this.#queues)
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#queues).map((queue) => queue.close()))
  }
}

const jobId = (kind: QueueKind, job: Job): string => `${kind}-${job.id}`

const JOB_ID = new RegExp(`^(${QUEUE_KINDS.join('|')})-([\\w.-]{1,64})$`)

function splitId(id: string): [QueueKind | undefined, string | undefined] {
  const match = JOB_ID.exec(id)
  return match ? [match[1] as QueueKind, match[2]] : [undefined, undefined]
}

async function view(kind: QueueKind, queue: Queue, read: Job): Promise<JobView> {
  const state = await read.getState()
  // It may have ended since it was read: then what it says of its end is not in what we have.
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
