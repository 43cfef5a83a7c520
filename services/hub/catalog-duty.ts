/**
 * The work on catalogs, where several workers share the zones of a hub: it begins and ends in this process as the shard of the
 * catalogs comes and goes. Here too is where the members are kept then.
 */
import type { Redis } from 'ioredis'
import type { Config } from '../../config/config.js'
import { describeError } from '../../lib/errors.js'
import { CATALOG_SHARD } from '../../lib/fleet/shards.js'
import type { Fleet, FleetDiff } from '../../lib/fleet/fleet.js'
import type { RefreshJob } from '../../lib/queue/jobs.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import { sleep } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { SharedMembers } from '../../lib/shards/shared-members.js'
import type { BoardSync } from '../../lib/state/board-sync.js'
import type { Seals } from '../../lib/state/seals.js'
import { StoreError } from '../../lib/store/errors.js'
import { MemberLog } from '../../lib/store/member-log.js'
import type { MemberFence, MemberStore } from '../../lib/store/member-rows.js'
import type { ShardLocks } from '../../lib/store/shard-locks.js'
import type { FleetSource } from '../fleet/fleet-source.js'
import type { NearWorker } from '../watcher/refresh-starts.js'
import type { CatalogPublisher } from '../worker/catalog-publisher.js'

const RETRY_MS = 1_000

export class CatalogDuty {
  readonly #source: FleetSource
  readonly #publisher: CatalogPublisher
  readonly #sync: Pick<BoardSync, 'followShards'>
  readonly #log: Logger
  #isWanted = false
  /** The end of the last step: they follow one another. */
  #step: Promise<void> = Promise.resolve()

  constructor(source: FleetSource, publisher: CatalogPublisher, sync: Pick<BoardSync, 'followShards'>, log: Logger) {
    this.#source = source
    this.#publisher = publisher
    this.#sync = sync
    this.#log = log
  }

  /**
   * After a reload, once its config counts. Where it adds the first published catalog, its publisher needs to know which zones are
   * released, and where it adds another one, every worker needs the versions that its nodes have.
   */
  async adopt(before: Config, fleet: Fleet, diff: FleetDiff): Promise<void> {
    const { published } = this.#source.config.catalogs
    await this.#sync.followShards([...published.keys()].some((name) => !before.catalogs.published.has(name)))
    void this.#publisher.adopt(fleet, diff)
  }

  /** Does not wait for the work to begin or end: the lease must be renewed meanwhile. */
  set(isOurs: boolean): void {
    this.#isWanted = isOurs
    this.#step = this.#step.then(() => (isOurs ? this.#begin() : this.#end()))
  }

  async #begin(): Promise<void> {
    while (this.#isWanted) {
      try {
        await this.#source.own()
        await this.#publisher.begin(this.#source.fleet)
        this.#log.info({ op: 'catalog' }, 'catalogs acquired')
        return
      } catch (error) {
        this.#log.error({ op: 'catalog', err: describeError(error) }, 'catalogs not acquired; retrying')
        await sleep(RETRY_MS)
      }
    }
  }

  async #end(): Promise<void> {
    this.#publisher.clear()
    await this.#source
      .disown()
      .catch((error) => this.#log.error({ op: 'catalog', err: describeError(error) }, 'catalogs not released cleanly'))
  }

  /** Resolves when no step is under way. */
  async stop(): Promise<void> {
    this.#isWanted = false
    await this.#step
  }
}

/** Refreshes zones here, or by the worker that owns them. */
export const refreshByOwner =
  (owns: (zone: string) => boolean, worker: NearWorker | undefined, queues: JobQueues) =>
  (job: RefreshJob): void => {
    if (owns(job.zone)) worker?.beginRefresh(job)
    else void queues.enqueueRefresh(job).catch(() => undefined)
  }

/** Undefined where one process writes the members: they are on disk then. `locks`: those of a worker. */
export function sharedMembers(
  config: Config,
  redis: Redis,
  seals: Seals,
  locks: ShardLocks | undefined,
): MemberStore | undefined {
  const { workers, dataDir, hub } = config
  if (workers.share === 'none') return undefined
  const fence: MemberFence = {
    epoch: () => {
      const epoch = locks?.epochOf(CATALOG_SHARD)
      if (epoch !== undefined) return epoch
      throw new StoreError(
        { code: 'STORE_NOT_OWNED', zone: 'catalogs', shard: CATALOG_SHARD },
        `the catalogs belong to another worker (shard ${CATALOG_SHARD}); this process changes no members`,
      )
    },
  }
  const log = new MemberLog(dataDir, fence)
  if (workers.share === 'disk') return log
  return new SharedMembers({
    redis,
    hub,
    seals,
    log,
    copy: locks && new MemberLog(dataDir),
    fence,
    isOwnedHere: () => locks?.state(CATALOG_SHARD) === 'alive',
  })
}
