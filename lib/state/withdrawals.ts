/**
 * Grants to withdraw nodes from their service addresses, in Redis, for all hubs together: at most so many of one cloud, nodes of
 * one cloud only, and never the last node of a cloud. Each hub has grants of its own; a node with grants of several hubs counts
 * once. A grant ends unless it is asked for again: a hub that is gone withdraws nothing. Without Redis there is no grant.
 *
 *   zonecast:withdrawn   hash: `NODE HUB` → `CLOUD EXPIRY`
 */
import type { Redis } from 'ioredis'
import { sleep } from '../runtime/clock.js'

const KEY = 'zonecast:withdrawn'
/** Longer than a verdict counts at the hub and at the node together: the budget never has room for a node that is still withdrawn. */
const LEASE_MS = 90_000
/** A silent Redis grants nothing. */
const WAIT_MS = 2_000

/** ARGV: node, hub, cloud, lease in ms, most nodes of the cloud, nodes of the cloud. Times are those of Redis. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local all = redis.call('HGETALL', KEYS[1])
local counted, others = {}, 0
for i = 1, #all, 2 do
  local node = string.match(all[i], '^%S+')
  local cloud, expiry = string.match(all[i + 1], '^(%S+) (%d+)$')
  if not node or not expiry or tonumber(expiry) < now then redis.call('HDEL', KEYS[1], all[i])
  elseif node ~= ARGV[1] then
    if cloud ~= ARGV[3] then return 'other-cloud' end
    if not counted[node] then
      counted[node] = true
      others = others + 1
    end
  end
end
if others + 1 > tonumber(ARGV[5]) then return 'budget' end
if others + 1 >= tonumber(ARGV[6]) then return 'last' end
redis.call('HSET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], ARGV[3] .. ' ' .. string.format('%.0f', now + ARGV[4]))
return 'granted'`

/** Names of nodes with a grant that has not ended. */
const LIST = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local all = redis.call('HGETALL', KEYS[1])
local nodes = {}
for i = 1, #all, 2 do
  local node, expiry = string.match(all[i], '^%S+'), string.match(all[i + 1], '^%S+ (%d+)$')
  if node and expiry and tonumber(expiry) >= now then nodes[#nodes + 1] = node end
end
return nodes`

const REFUSALS = ['budget', 'other-cloud', 'last'] as const

/**
 * `budget`: enough nodes of the cloud are withdrawn · `other-cloud`: a node of another cloud is · `last`: every other node of the
 * cloud is · `away`: Redis gives no answer.
 */
export type Grant = 'granted' | (typeof REFUSALS)[number] | 'away'

export class Withdrawals {
  readonly #redis: Redis
  readonly #hub: string

  constructor(redis: Redis, hub: string) {
    this.#redis = redis
    this.#hub = hub
  }

  /** Asks for a grant for this hub, or renews it. `size`: nodes of the cloud. Never throws. */
  async take(node: string, cloud: string, most: number, size: number): Promise<Grant> {
    if (this.#redis.status !== 'ready') return 'away'
    const asked = this.#redis.eval(TAKE, 1, KEY, node, this.#hub, cloud, LEASE_MS, most, size).then(
      (answer): Grant => (answer === 'granted' ? answer : (REFUSALS.find((refusal) => refusal === answer) ?? 'away')),
      () => 'away' as const,
    )
    return await Promise.race([asked, sleep(WAIT_MS).then(() => 'away' as const)])
  }

  /** Ends the grant of this hub; those of other hubs stay. Never throws; without an answer the grant ends by itself. */
  async giveBack(node: string): Promise<void> {
    if (this.#redis.status !== 'ready') return
    await Promise.race([this.#redis.hdel(KEY, `${node} ${this.#hub}`).catch(() => 0), sleep(WAIT_MS)])
  }

  /** Nodes with a grant, of any hub; empty while Redis is away. A hub that starts reads them: its nodes stay withdrawn. */
  async list(): Promise<ReadonlySet<string>> {
    if (this.#redis.status !== 'ready') return new Set()
    const listed = this.#redis.eval(LIST, 1, KEY).then(
      (nodes) => (Array.isArray(nodes) ? nodes.map(String) : []),
      (): string[] => [],
    )
    return new Set(await Promise.race([listed, sleep(WAIT_MS).then((): string[] => [])]))
  }
}
