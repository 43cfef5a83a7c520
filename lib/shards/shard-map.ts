/** Which worker process owns which zones now: for processes that queue work, and for operators. */
import type { Redis } from 'ioredis'
import { SHARDS, type ShardPlaces } from '../fleet/shards.js'
import { guard } from '../runtime/guard.js'
import type { Board } from '../state/board.js'
import { hubsOf } from '../state/hub-presence.js'
import { ownerIn, readShards, type ShardTable, type WorkerReport } from '../state/shard-leases.js'

const READ_MS = 1_000

export interface WorkerView {
  name: string
  /** Undefined where the hub alone reports. */
  host: string | undefined
  pid: number | undefined
  /** Milliseconds since 1970; undefined when it never reported. */
  startedAt: number | undefined
  seenAt: number | undefined
  shards: number[]
  zones: number
  /** `idle`: it owns no shard. `failed`: it takes none, for the reason in `error`. `away`: it does not report. */
  state: 'working' | 'idle' | 'failed' | 'away'
  error: string | undefined
}

export interface ShardMap {
  /** Name of the worker that owns the zone; undefined when it is not known. */
  ownerOf(zone: string): string | undefined
  /** By name. */
  workers(): WorkerView[]
  isAlive(worker: string): boolean
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

/** The map as the queues need it; `self`: name of the worker of this process. */
export const ownersIn = (map: ShardMap | undefined, self: string | undefined) =>
  map && {
    self,
    ownerOf: (zone: string) => map.ownerOf(zone),
    isAlive: (worker: string) => map.isAlive(worker),
    runOf: (worker: string) => map.workers().find(({ name }) => name === worker)?.startedAt,
  }

/** The worker of a hub whose zones are not shared. It reports at intervals as the hub, to all processes. */
export function loneWorker(hub: string, board: Board, zones: number, now: number): WorkerView {
  const view = hubsOf(board, hub, now).find(({ name }) => name === hub)
  return {
    name: hub,
    host: undefined,
    pid: undefined,
    startedAt: view?.startedAt,
    seenAt: view?.seenAt,
    shards: view === undefined ? [] : Array.from({ length: SHARDS }, (_, shard) => shard),
    zones: view === undefined ? 0 : zones,
    state: view === undefined || view.isAway ? 'away' : 'working',
    error: undefined,
  }
}

/** The map for a process without a worker: read from Redis at intervals. Without Redis the last one is kept. */
export class ShardWatch implements ShardMap {
  readonly #redis: Redis
  readonly #hub: string
  readonly #places: ShardPlaces
  #table: ShardTable = { workers: new Map(), owners: [] }
  #timer: NodeJS.Timeout | undefined

  constructor(redis: Redis, hub: string, places: ShardPlaces) {
    this.#redis = redis
    this.#hub = hub
    this.#places = places
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
    return ownerIn(this.#table, this.#places.of(zone))
  }

  workers(): WorkerView[] {
    return workersIn(this.#table)
  }

  isAlive(worker: string): boolean {
    return this.#table.workers.has(worker)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
