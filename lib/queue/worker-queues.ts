/**
 * Queues of single worker processes, where several share the zones of a hub: a job goes to the queue of the worker that owns its
 * zone. Jobs of a worker that is gone are moved to the owners of their zones.
 */
import { randomUUID } from 'node:crypto'
import { type DefaultJobOptions, type Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { queueName } from './jobs.js'
import type { QueueKind } from './queue-kinds.js'

export interface Owners {
  /** Name of this worker process; undefined in a process without a worker. */
  self: string | undefined
  /** Name of the worker that owns the zone; undefined when it is not known. */
  ownerOf: (zone: string) => string | undefined
  /** The worker runs, as far as this process knows. */
  isAlive: (worker: string) => boolean
  /** Time when the process with this name started, milliseconds since 1970; undefined when it is not known. */
  runOf?: (worker: string) => number | undefined
}

/** Kinds that have a queue for each worker. */
const KINDS = ['refresh', 'push', 'resync', 'verify'] as const satisfies readonly QueueKind[]
/** A queue is read in parts. */
const BATCH = 100

export class WorkerQueues {
  readonly owners: Owners
  readonly #redis: Redis
  readonly #hub: string
  readonly #open: (name: string) => Queue
  readonly #queues = new Map<string, Queue>()

  constructor(redis: Redis, hub: string, owners: Owners, options: { prefix: string; defaultJobOptions: DefaultJobOptions }) {
    this.#redis = redis
    this.#hub = hub
    this.owners = owners
    this.#open = (name) => new Queue(name, { connection: redis, skipMetasUpdate: true, ...options })
  }

  /** Names of all workers that have queues. */
  get #known(): string {
    return `zonecast:${this.#hub}:worker-queues`
  }

  of(kind: QueueKind, worker: string): Queue {
    const name = queueName(kind, this.#hub, worker)
    let queue = this.#queues.get(name)
    if (queue === undefined) {
      queue = this.#open(name)
      queue.on('error', () => undefined)
      this.#queues.set(name, queue)
    }
    return queue
  }

  /** Makes the queues of this worker known. Others may forget them while its lease has not begun, or after a pause. */
  async announce(): Promise<void> {
    if (this.owners.self !== undefined) await this.#redis.sadd(this.#known, this.owners.self)
  }

  /** Every queue of a kind that may have jobs. */
  async all(kind: QueueKind): Promise<Queue[]> {
    if (!KINDS.some((each) => each === kind)) return []
    return (await this.#redis.smembers(this.#known)).map((worker) => this.of(kind, worker))
  }

  /** An id that no job of another queue has: moved jobs keep theirs. */
  readonly newId = (): string => randomUUID()

  /**
   * Moves refreshes from the queues of workers that are gone, and from `front`, to the owners of their zones. Two movers at once do no harm: a job has one id everywhere.
   */
  async move(front: Queue): Promise<number> {
    await this.announce()
    const gone = (await this.#redis.smembers(this.#known)).filter((worker) => !this.owners.isAlive(worker))
    let moved = await this.#moveFrom(front, ['waiting', 'prioritized'])
    for (const worker of gone) {
      moved += await this.#moveFrom(this.of('refresh', worker), ['waiting', 'active', 'delayed', 'prioritized'])
      // Observations begin the pushes again, and the order that is followed divides a resync again.
      await this.of('push', worker).obliterate({ force: true })
      if ((await this.of('refresh', worker).getJobCountByTypes('waiting', 'active', 'delayed')) > 0) continue
      for (const kind of ['resync', 'verify'] as const) await this.of(kind, worker).obliterate({ force: true })
      await this.#redis.srem(this.#known, worker)
    }
    return moved
  }

  async #moveFrom(queue: Queue, states: ('waiting' | 'active' | 'delayed' | 'prioritized')[]): Promise<number> {
    let moved = 0
    for (const job of await queue.getJobs(states, 0, BATCH - 1)) if (job && (await this.#moveOne(queue, job))) moved += 1
    return moved
  }

  async #moveOne(from: Queue, job: Job): Promise<boolean> {
    const zone: unknown = (job.data as { zone?: unknown }).zone
    const owner = typeof zone === 'string' ? this.owners.ownerOf(zone) : undefined
    if (owner === undefined) return false
    const to = this.of('refresh', owner)
    if (to.name === from.name) return false
    await to.add(job.name, job.data, {
      jobId: job.id!,
      deduplication: { id: job.deduplicationId ?? job.id!, keepLastIfActive: true },
    })
    // The worker that had it locked is gone.
    await this.#redis.del(`${from.opts.prefix}:${from.name}:${job.id}:lock`)
    await job.remove().catch(() => undefined)
    return true
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()))
  }
}
