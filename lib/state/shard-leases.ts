/**
 * Leases of shards in Redis. A worker process owns shards for as long as its report is there, which expires unless the worker
 * renews it; each new owner of a shard gets a larger number than the one before (the fencing number). Each change is one script,
 * so that two workers never both get a shard.
 *
 *   zonecast:HUB:worker:NAME   report of a worker, expires     zonecast:HUB:workers   set of names
 *   zonecast:HUB:shards        hash: shard → `NAME TOKEN`      zonecast:HUB:epochs    hash: shard → number of its last owner
 */
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { SHARDS } from '../fleet/shards.js'
import { fitting } from '../runtime/fitting.js'
import { parseJson } from './cell-door.js'

/** The report of a worker process with each renewal. Times are milliseconds since 1970, by its own clock. */
export interface WorkerReport {
  /** Distinguishes this process from an earlier one with its name. */
  token: string
  host: string
  pid: number
  startedAt: number
  at: number
  /** Identifies its data directory. */
  directory: string
  shards: number
  zones: number
  /** False: it takes no shards, for the reason in `error`. */
  isWorking: boolean
  error?: string | undefined
}

/** The workers and shards of a hub. */
export interface ShardTable {
  /** Workers whose report has not expired, by name. */
  workers: ReadonlyMap<string, WorkerReport>
  /** Name and token of the last owner of each shard, which may be gone. */
  owners: readonly ({ name: string; token: string } | undefined)[]
}

/** `isNew`: there was no report of this worker. */
export type Renewal =
  | { kind: 'renewed'; table: ShardTable; isNew: boolean }
  | { kind: 'name-in-use'; by: WorkerReport | undefined }

const REPORT = z.object({
  token: z.string().max(100),
  host: z.string().max(300),
  pid: z.int().min(0),
  startedAt: z.number().min(-8e15).max(8e15),
  at: z.number().min(-8e15).max(8e15),
  directory: z.string().max(100),
  shards: z.int().min(0).max(SHARDS),
  zones: z.int().min(0),
  isWorking: z.boolean(),
  error: z.string().max(2_000).optional(),
})

/** Names, each with its report or '', then the fields of the hash of owners. Names without a report and shards are removed. */
const READ = `
local owners = redis.call('HGETALL', KEYS[2])
local reports = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local report = redis.call('GET', ARGV[1] .. name)
  if report then reports[#reports + 1] = name; reports[#reports + 1] = report
  elseif ARGV[2] then redis.call('SREM', KEYS[1], name) end
end
return {'ok', reports, owners}`

/** ARGV: prefix of reports, name, token, report, lease, token of a process with our name that is known to be dead. */
const RENEW = `
local before = redis.call('GET', KEYS[3])
if before then
  local ok, known = pcall(cjson.decode, before)
  if ok and type(known) == 'table' and known.token ~= ARGV[3] and known.token ~= ARGV[6] then return {'used', before} end
end
redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[5])
redis.call('SADD', KEYS[1], ARGV[2])
${READ.replace("'ok'", "before and 'ok' or 'new'")}`

/** ARGV: prefix of reports, name, token, shard, least number, token of an owner that is known to be dead. */
const CLAIM = `
local function tokenOf(name)
  local report = redis.call('GET', ARGV[1] .. name)
  local ok, known = pcall(cjson.decode, report or '')
  return ok and type(known) == 'table' and known.token
end
if tokenOf(ARGV[2]) ~= ARGV[3] then return 0 end
local owner = redis.call('HGET', KEYS[2], ARGV[4])
if owner and owner ~= ARGV[2] .. ' ' .. ARGV[3] then
  local name, token = owner:match('^(%S+) (%S+)$')
  if name and token ~= ARGV[6] and tokenOf(name) == token then return 0 end
end
local epoch = math.max(tonumber(redis.call('HGET', KEYS[4], ARGV[4])) or 0, tonumber(ARGV[5])) + 1
redis.call('HSET', KEYS[4], ARGV[4], epoch)
redis.call('HSET', KEYS[2], ARGV[4], ARGV[2] .. ' ' .. ARGV[3])
return epoch`

const RELEASE = `
if redis.call('HGET', KEYS[2], ARGV[4]) == ARGV[2] .. ' ' .. ARGV[3] then return redis.call('HDEL', KEYS[2], ARGV[4]) end
return 0`

const LEAVE = `
local before = redis.call('GET', KEYS[3])
local ok, known = pcall(cjson.decode, before or '')
if not ok or type(known) ~= 'table' or known.token ~= ARGV[3] then return 0 end
local owners = redis.call('HGETALL', KEYS[2])
for i = 1, #owners, 2 do
  if owners[i + 1] == ARGV[2] .. ' ' .. ARGV[3] then redis.call('HDEL', KEYS[2], owners[i]) end
end
redis.call('SREM', KEYS[1], ARGV[2])
return redis.call('DEL', KEYS[3])`

export class ShardLeases {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #keys: readonly string[]
  readonly #name: string
  readonly #token: string
  readonly #leaseMs: number

  /** `name` has no space. */
  constructor(redis: Redis, hub: string, own: { name: string; token: string }, leaseMs: number) {
    this.#redis = redis
    this.#prefix = reportsOf(hub)
    this.#name = own.name
    this.#token = own.token
    this.#leaseMs = leaseMs
    this.#keys = [...sharedKeys(hub), this.#prefix + own.name, `zonecast:${hub}:epochs`]
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready'
  }

  /**
   * Renews the lease of this process for all its shards, and reads the others. `deadToken`: an earlier process with our name that
   * is known to be dead. Throws the error of Redis.
   */
  async renew(report: Omit<WorkerReport, 'token'>, deadToken = ''): Promise<Renewal> {
    const answer = await this.#run(RENEW, JSON.stringify({ ...report, token: this.#token }), this.#leaseMs, deadToken)
    const [outcome, rest, owners] = answer as ['ok' | 'new' | 'used', unknown, string[]]
    if (outcome === 'used')
      return { kind: 'name-in-use', by: fitting(REPORT, parseJson(rest as string)) as WorkerReport | undefined }
    return { kind: 'renewed', table: tableOf(rest as string[], owners), isNew: outcome === 'new' }
  }

  /**
   * Makes this process the owner of a shard. `leastEpoch`: the number of the last owner on disk, which Redis may have forgotten.
   * `deadToken`: an owner that is known to be dead. Returns the number of the new owner; undefined while another worker owns it.
   * Throws the error of Redis.
   */
  async claim(shard: number, leastEpoch: number, deadToken = ''): Promise<number | undefined> {
    const epoch = Number(await this.#run(CLAIM, shard, leastEpoch, deadToken))
    return epoch > 0 ? epoch : undefined
  }

  async release(shard: number): Promise<void> {
    await this.#run(RELEASE, shard)
  }

  /** Ends the lease, so that others need not wait for its expiry. */
  async leave(): Promise<void> {
    await this.#run(LEAVE)
  }

  #run(script: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#redis.eval(script, this.#keys.length, ...this.#keys, this.#prefix, this.#name, this.#token, ...args)
  }
}

/** The workers and shards, for a process without a worker. Throws the error of Redis. */
export async function readShards(redis: Redis, hub: string): Promise<ShardTable> {
  const keys = sharedKeys(hub)
  const [, reports, owners] = (await redis.eval(READ, keys.length, ...keys, reportsOf(hub))) as ['ok', string[], string[]]
  return tableOf(reports, owners)
}

const sharedKeys = (hub: string): string[] => [`zonecast:${hub}:workers`, `zonecast:${hub}:shards`]
const reportsOf = (hub: string): string => `zonecast:${hub}:worker:`

/** Reports and owners that do not match were written by no worker, and count as absent. */
function tableOf(reports: readonly string[], fields: readonly string[]): ShardTable {
  const workers = new Map<string, WorkerReport>()
  for (let i = 0; i + 1 < reports.length; i += 2) {
    const report = fitting(REPORT, parseJson(reports[i + 1]!)) as WorkerReport | undefined
    if (report !== undefined) workers.set(reports[i]!, report)
  }
  const owners = new Array<{ name: string; token: string } | undefined>(SHARDS).fill(undefined)
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const shard = Number(fields[i])
    const [name, token, ...rest] = fields[i + 1]!.split(' ')
    if (!Number.isInteger(shard) || shard < 0 || shard >= SHARDS || !name || !token || rest.length > 0) continue
    owners[shard] = { name, token }
  }
  return { workers, owners }
}

/** The name of the worker that owns the shard now; undefined when the last owner is gone. */
export function ownerIn({ workers, owners }: ShardTable, shard: number): string | undefined {
  const owner = owners[shard]
  return owner !== undefined && workers.get(owner.name)?.token === owner.token ? owner.name : undefined
}
