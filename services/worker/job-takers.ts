/** Gets jobs from the queues and passes them to their processors. The only file that uses BullMQ's worker side. */
import { DelayedError, type Job, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import { describeError } from '../../lib/errors.js'
import { OrderBusyError } from '../../lib/queue/job-schemas.js'
import { queueName } from '../../lib/queue/jobs.js'
import type { QueueKind } from '../../lib/queue/queue-kinds.js'
import type { UsedOrders } from '../../lib/queue/used-orders.js'
import { type JobQueues, QUEUE_PREFIX } from '../../lib/queue/queues.js'
import { sleep } from '../../lib/runtime/clock.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { retryMs, toBullWords } from './retry-policy.js'

/** After this long another worker continues the job of a dead one. */
const LOCK_MS = 30_000
/**
 * BullMQ fails a job that was cut off more often. Orders of operators survive every restart of a hub; other kinds are given again by
 * those that gave them.
 */
const CUT_OFF_AT_MOST: { [K in QueueKind]?: number } = { resync: 1_000, verify: 1_000, provision: 1_000 }

/** Settings of BullMQ for the worker of one kind. */
export const settingsOf = (kind: QueueKind): Pick<WorkerOptions, 'lockDuration' | 'maxStalledCount'> => ({
  lockDuration: LOCK_MS,
  maxStalledCount: CUT_OFF_AT_MOST[kind] ?? 1,
})
/** The jobs themselves had their time in `finish`. */
const CLOSE_WITHIN_MS = 1_000
const MOVE_MS = 2_000
/** A job whose order another worker carries out is given again after this time. */
const BUSY_MS = 5_000

export interface JobTakerParts {
  hub: string
  queues: JobQueues
  orders: Pick<UsedOrders, 'end' | 'follow'>
  log: Logger
  /** For blocking reads; must queue commands while Redis is unreachable. */
  connect: () => Redis
}

/** `id`: of the job, without its kind. `isAgain`: an earlier run of the job was cut off. */
type JobProcessor = (
  data: unknown,
  report: (progress: object) => Promise<void>,
  run: { id: string; isAgain: boolean },
) => Promise<unknown>

export class JobTakers {
  readonly #parts: JobTakerParts
  readonly #workers: Worker[] = []
  readonly #connections: Redis[] = []
  #moving: NodeJS.Timeout | undefined
  /** Jobs under way. */
  #running = 0

  constructor(parts: JobTakerParts) {
    this.#parts = parts
  }

  /**
   * Refreshes of this hub that a dead process left "active" would keep the zone's next one waiting until their lock runs out.
   * Only the process with the lock of the data directory, or of the name of the worker, works on them: so no process works on
   * them now.
   */
  async removeOrphans(): Promise<void> {
    const { queues, hub } = this.#parts
    const redis = this.#connect()
    const { workers } = queues
    const self = workers?.owners.self
    await workers?.announce()
    const queue =
      self === undefined ? queues.all.find(({ name }) => name === queueName('refresh', hub))! : workers!.of('refresh', self)
    try {
      for (const job of await queue.getActive()) {
        await redis.del(`${QUEUE_PREFIX}:${queue.name}:${job.id}:lock`)
        await job.remove()
      }
    } finally {
      redis.disconnect()
    }
  }

  #connect(): Redis {
    const connection = this.#parts.connect()
    this.#connections.push(connection)
    return connection
  }

  get isBusy(): boolean {
    return this.#running > 0
  }

  take(kind: QueueKind, concurrency: number, work: JobProcessor, of: 'hub' | 'worker' = 'hub'): void {
    const self = of === 'worker' ? this.#parts.queues.workers?.owners.self : undefined
    const worker = new Worker(
      queueName(kind, this.#parts.hub, self),
      async (job, token) => {
        this.#running += 1
        try {
          const run = { id: job.id!, isAgain: job.attemptsStarted > 1 }
          return await work(job.data, (progress) => job.updateProgress(progress), run)
        } catch (error) {
          if (error instanceof OrderBusyError) {
            await job.moveToDelayed(Date.now() + BUSY_MS, token)
            throw new DelayedError()
          }
          throw toBullWords(error, UnrecoverableError)
        } finally {
          this.#running -= 1
        }
      },
      {
        connection: this.#connect(),
        prefix: QUEUE_PREFIX,
        concurrency,
        ...settingsOf(kind),
        settings: { backoffStrategy: (attempts, type) => retryMs(type, attempts ?? 1, Math.random()) },
      },
    )
    // Connection failures are in readyz.
    worker.on('error', () => undefined)
    worker.on(
      'failed',
      guard('job failed', (job: Job | undefined, error: Error) => {
        // The board has the error of a refresh.
        if (kind !== 'refresh') this.#parts.log.debug({ op: kind, job: job?.id, err: describeError(error) }, 'job failed')
        return this.#end(job)
      }),
    )
    worker.on(
      'completed',
      guard('job completed', (job: Job) => this.#end(job)),
    )
    this.#workers.push(worker)
  }

  /** The queue has the end of the job. */
  async #end(job: Job | undefined): Promise<void> {
    if (job?.id !== undefined) await this.#parts.orders.end(job.id)
  }

  /** Moves the jobs of workers that are gone, and those that were queued while no owner was known, to the owners of their zones. */
  keepMoving(canQueue: () => boolean): void {
    const { log, queues } = this.#parts
    const move = async (): Promise<void> => {
      const moved = canQueue() ? await queues.moveJobs().catch(() => 0) : 0
      if (moved > 0) log.info({ op: 'queue', jobs: moved }, 'jobs moved to the owners of their zones')
      await this.#parts.orders.follow()
    }
    this.#moving = setInterval(guard('queue timer', move), MOVE_MS)
  }

  /** Accepts no new job, and resolves when the running ones are done. */
  async finish(): Promise<void> {
    clearInterval(this.#moving)
    await Promise.all(this.#workers.map((worker) => worker.close().catch(() => undefined)))
  }

  async stop(): Promise<void> {
    const closing = Promise.all(this.#workers.map((worker) => worker.close(true).catch(() => undefined)))
    // While Redis is unreachable they would wait for it for ever.
    await Promise.race([closing, sleep(CLOSE_WITHIN_MS)])
    for (const connection of this.#connections) connection.disconnect()
  }
}
