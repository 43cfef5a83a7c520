/** Which worker process owns which zones now: for processes that queue work, and for operators. */
import type { Redis } from 'ioredis'
import { SHARDS, shardOf } from '../fleet/shards.js'
import { guard } from '../runtime/guard.js'
import { ownerIn, readShards, type ShardTable, type WorkerReport } from '../state/shard-leases.js'

const READ_MS = 1_000

export interface WorkerView {
  name: string
  host: string
  pid: number
  /** Milliseconds since 1970. */
  startedAt: number
  seenAt: number
  shards: number[]
  zones: number
  /** `idle`: it owns no shard. `failed`: it takes none, for the reason in `error`. */
  state: 'working' | 'idle' | 'failed'
  error: string | undefined
}

export interface ShardMap {
  /** Name of the worker that owns the zone; undefined when it is not known. */
  ownerOf(zone: string): string | undefined
  /** By name. */
  workers(): WorkerView[]
}

export function workersIn(table: ShardTable): WorkerView[] {
  const shards = new Map<string, number[]>()
  for (let shard = 0; shard < SHARDS; shard++) {
    const owner = ownerIn(table, shard)
    if (owner !== undefined) shards.set(owner, [...(shards.get(owner) ?? []), shard])
  }
  return [...table.workers]
    .map(([name, report]) => viewOf(name, report, shards.get(name) ?? []))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export const viewOf = (name: string, report: Omit<WorkerReport, 'token'>, shards: number[]): WorkerView => ({
  name,
  host: report.host,
  pid: report.pid,
  startedAt: report.startedAt,
  seenAt: report.at,
  shards,
  zones: report.zones,
  state: !report.isWorking ? 'failed' : shards.length === 0 ? 'idle' : 'working',
  error: report.error,
})

/** The map for a process without a worker: read from Redis at intervals. Without Redis the last one is kept. */
export class ShardWatch implements ShardMap {
  readonly #redis: Redis
  readonly #hub: string
  #table: ShardTable = { workers: new Map(), owners: [] }
  #timer: NodeJS.Timeout | undefined

  constructor(redis: Redis, hub: string) {
    this.#redis = redis
    this.#hub = hub
  }

  async start(): Promise<void> {
    await this.#read()
    this.#timer = setInterval(
      guard('shard timer', () => this.#read()),
      READ_MS,
    )
    this.#timer.unref()
  }

  async #read(): Promise<void> {
    if (this.#redis.status !== 'ready') return
    const table = await readShards(this.#redis, this.#hub).catch(() => undefined)
    if (table !== undefined) this.#table = table
  }

  ownerOf(zone: string): string | undefined {
    return ownerIn(this.#table, shardOf(zone))
  }

  workers(): WorkerView[] {
    return workersIn(this.#table)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
