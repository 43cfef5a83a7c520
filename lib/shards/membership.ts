/**
 * The membership of a worker process among the workers of its hub: it reports at intervals, and so keeps its lease, and reads the
 * reports of the others. Finds a second worker with one name, and a second machine with one hub name.
 */
import { hostname } from 'node:os'
import { SHARDS } from '../fleet/shards.js'
import { type Clock, sleep } from '../runtime/clock.js'
import { StateError } from '../state/errors.js'
import { ownerIn, type ShardLeases, type ShardTable, type WorkerReport } from '../state/shard-leases.js'
import type { ShardLocks } from '../store/shard-locks.js'

const TRY_MS = 500
/** The lease of an earlier process has ended for certain so long after its time. */
const MARGIN_MS = 2_000

export interface MembershipParts {
  name: string
  locks: ShardLocks
  leases: ShardLeases
  leaseMs: number
  /** Workers of this hub may have other data directories, on other machines. */
  isSpread: boolean
  clock: Clock
  /** Number of zones in the owned shards. */
  zones: () => number
}

export class Membership {
  readonly #parts: MembershipParts
  readonly #startedAt: number
  #table: ShardTable = { workers: new Map(), owners: new Array<undefined>(SHARDS).fill(undefined) }
  #isRead = false
  /** The workers and owners before Redis lost them, and the time until which they count; `performance.now()`. */
  #before: { table: ShardTable; until: number } | undefined
  /** Why this worker takes no shards. */
  error: string | undefined
  isLeaving = false

  constructor(parts: MembershipParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
  }

  /** The workers and owners at the last renewal. */
  get table(): ShardTable {
    return this.#table
  }

  /**
   * Joins the workers of the hub, or waits for Redis. A machine that restarts has its earlier lease to outlast. Throws StateError
   * STATE_WORKER_NAME, STATE_OTHER_DIRECTORY.
   */
  async join(): Promise<void> {
    const { leases, leaseMs } = this.#parts
    const until = performance.now() + leaseMs + MARGIN_MS
    for (;;) {
      const refusal = leases.isReady ? await this.renew().catch(() => undefined) : undefined
      if (refusal === undefined) return
      if (refusal.code !== 'STATE_WORKER_NAME' || performance.now() > until) {
        await leases.leave().catch(() => undefined)
        throw refusal
      }
      await sleep(TRY_MS)
    }
  }

  /** Renews the lease. Returns why this process may not work. Throws the error of Redis. */
  async renew(): Promise<StateError | undefined> {
    const { name, locks, leases } = this.#parts
    const first = await leases.renew(this.report())
    // Our lock on the name proves that an earlier process of this directory is gone.
    const isOurDead = first.kind === 'name-in-use' && first.by?.directory === locks.directoryId
    const answer = isOurDead ? await leases.renew(this.report(), first.by!.token) : first
    if (answer.kind === 'name-in-use') {
      const by = answer.by ? `process ${answer.by.pid} on ${answer.by.host}` : 'another process'
      return new StateError(
        { code: 'STATE_WORKER_NAME', worker: name },
        `worker name ${name} is in use by ${by}; give each worker its own name (start --worker)`,
      )
    }
    // Redis lost its data, or this process slept: the others report again, and claim their shards, within one lease.
    if (answer.isNew && this.#isRead) this.#before = { table: this.#table, until: performance.now() + this.#parts.leaseMs }
    this.#table = answer.table
    this.#isRead = true
    return this.#strangerIn(answer.table)
  }

  /** The machine that began later does not work, where two have one hub name. */
  #strangerIn({ workers }: ShardTable): StateError | undefined {
    const { name, locks, isSpread } = this.#parts
    if (isSpread) return undefined
    const isEarlier = (other: string, at: number): boolean => at < this.#startedAt || (at === this.#startedAt && other < name)
    const stranger = [...workers].find(
      ([other, { directory, startedAt }]) => directory !== locks.directoryId && isEarlier(other, startedAt),
    )
    if (stranger === undefined) return undefined
    return new StateError(
      { code: 'STATE_OTHER_DIRECTORY', worker: stranger[0] },
      `worker ${stranger[0]} on ${stranger[1].host} has this hub's name and another data directory; give each machine its own hub name, or set workers.share to machines on all`,
    )
  }

  report(): Omit<WorkerReport, 'token'> {
    const { clock, locks, zones } = this.#parts
    return {
      host: hostname(),
      pid: process.pid,
      startedAt: this.#startedAt,
      at: clock.now(),
      directory: locks.directoryId,
      shards: locks.owned.length,
      zones: zones(),
      isWorking: this.error === undefined && !this.isLeaving,
      ...(this.error === undefined ? {} : { error: this.error.slice(0, 2_000) }),
    }
  }

  /** The worker that owns the shard by its lease. */
  ownerOf(shard: number): string | undefined {
    return ownerIn(this.#table, shard)
  }

  /** The worker that owns the shard by its lease, or will claim it again. */
  expectedOwnerOf(shard: number): string | undefined {
    return this.ownerOf(shard) ?? (this.#remembered === undefined ? undefined : ownerIn(this.#remembered, shard))
  }

  get #remembered(): ShardTable | undefined {
    if (this.#before !== undefined && performance.now() > this.#before.until) this.#before = undefined
    return this.#before?.table
  }

  /** True also while the workers are not known. */
  isAlive(worker: string): boolean {
    return !this.#isRead || (this.#table.workers.has(worker) && !this.isGone(worker))
  }

  /** Workers that may have shards, this one included. */
  get working(): string[] {
    const known = new Map([...(this.#remembered?.workers ?? []), ...this.#table.workers])
    const others = [...known].filter(([other, { isWorking }]) => isWorking && !this.isGone(other))
    return [this.#parts.name, ...others.map(([other]) => other).filter((other) => other !== this.#parts.name)]
  }

  /** The worker has the data directory of this one. */
  isNear(worker: string): boolean {
    return this.#table.workers.get(worker)?.directory === this.#parts.locks.directoryId
  }

  /** The process of the worker has ended, as its lock on our disk shows: its lease need not be waited for. */
  isGone(worker: string): boolean {
    return worker !== this.#parts.name && this.isNear(worker) && this.#parts.locks.isWorkerGone(worker)
  }

  /** Makes this worker the owner of a shard; undefined while another one is. Throws the error of Redis. */
  claim(shard: number): Promise<number | undefined> {
    const owner = this.#table.owners[shard]
    const deadToken = owner !== undefined && this.isGone(owner.name) ? owner.token : ''
    return this.#parts.leases.claim(shard, this.#parts.locks.holder(shard)?.epoch ?? 0, deadToken)
  }
}
