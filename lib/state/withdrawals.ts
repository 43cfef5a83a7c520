/**
 * Grants to withdraw nodes from their service addresses, in Redis, for all hubs together: at most so many of one cloud, and nodes of
 * one cloud only. A grant ends unless it is asked for again: a hub that is gone withdraws nothing. Without Redis there is no grant.
 *
 *   zonecast:withdrawn   hash: `NODE` → `CLOUD EXPIRY`
 */
import type { Redis } from 'ioredis'
import { sleep } from '../runtime/clock.js'

const KEY = 'zonecast:withdrawn'
const LEASE_MS = 30_000
/** A silent Redis grants nothing. */
const WAIT_MS = 2_000

/** ARGV: node, cloud, lease in ms, most nodes of the cloud. Times are those of Redis. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most = tonumber(ARGV[4])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local cloud, expiry = string.match(all[i + 1], '^(%S+) (%d+)$')
  if not expiry or tonumber(expiry) < now then redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= ARGV[1] then
    if cloud ~= ARGV[2] then return 'other-cloud' end
    most = most - 1
  end
end
if most < 1 then return 'budget' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', now + ARGV[3]))
return 'granted'`

/** `budget`: enough nodes of the cloud are withdrawn · `other-cloud`: a node of another cloud is · `away`: Redis gives no answer. */
export type Grant = 'granted' | 'budget' | 'other-cloud' | 'away'

export class Withdrawals {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Asks for a grant, or renews it. Never throws. */
  async take(node: string, cloud: string, most: number): Promise<Grant> {
    if (this.#redis.status !== 'ready') return 'away'
    const asked = this.#redis.eval(TAKE, 1, KEY, node, cloud, LEASE_MS, most).then(
      (answer) => (answer === 'granted' || answer === 'budget' || answer === 'other-cloud' ? answer : 'away'),
      () => 'away' as const,
    )
    return await Promise.race([asked, sleep(WAIT_MS).then(() => 'away' as const)])
  }

  /** Never throws; without an answer the grant ends by itself. */
  async giveBack(node: string): Promise<void> {
    if (this.#redis.status !== 'ready') return
    await Promise.race([this.#redis.hdel(KEY, node).catch(() => 0), sleep(WAIT_MS)])
  }

  /** Nodes with a grant, of any hub; empty while Redis is away. A hub that starts reads them: its nodes stay withdrawn. */
  async list(): Promise<ReadonlySet<string>> {
    if (this.#redis.status !== 'ready') return new Set()
    const all = this.#redis.hgetall(KEY).catch((): Record<string, string> => ({}))
    return new Set(Object.keys(await Promise.race([all, sleep(WAIT_MS).then((): Record<string, string> => ({}))])))
  }
}
