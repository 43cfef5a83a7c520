/**
 * Grants to withdraw nodes from their service addresses, in Redis, for all hubs together: at most so many units of one cloud, units of
 * one cloud only, and never the last one of a cloud. A unit is a node, or a local cluster with a withdrawn member. Each hub has grants
 * of its own; a unit with grants of several hubs counts once. A grant ends unless it is asked for again: a hub that is gone withdraws
 * nothing. Without Redis there is no grant.
 *
 *   zonecast:withdrawn           hash: `UNIT HUB` → `CLOUD EXPIRY`
 *   zonecast:withdrawn-partly    hash: the same, of clusters whose other members serve in the view of the hub
 *   zonecast:withdrawn-members   hash: `NODE HUB` → `CLUSTER EXPIRY`
 */
import type { Redis } from 'ioredis'
import { sleep } from '../runtime/clock.js'

const KEYS = ['zonecast:withdrawn', 'zonecast:withdrawn-members', 'zonecast:withdrawn-partly'] as const
/** Longer than a verdict counts at the hub and at the node together: the budget never has room for a node that is still withdrawn. */
const LEASE_MS = 90_000
/** A silent Redis grants nothing. */
const WAIT_MS = 2_000

const CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function live(key, handle)
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local name = string.match(all[i], '^%S+')
    local group, expiry = string.match(all[i + 1], '^(%S+) (%d+)$')
    if not name or not expiry or tonumber(expiry) < now then redis.call('HDEL', key, all[i])
    elseif handle then handle(name, group, all[i]) end
  end
end`

/**
 * ARGV: unit, hub, cloud, lease in ms, most units of the cloud, units of the cloud; for a member also its name, the members of its
 * cluster, and 1 when its whole cluster is out with it. Times are those of Redis.
 */
const TAKE = `${CLOCK}
local unit, hub, cloud, member = ARGV[1], ARGV[2], ARGV[3], ARGV[7]
local expiry = ' ' .. string.format('%.0f', now + ARGV[4])
if member ~= '' and ARGV[9] ~= '1' then
  local mates, seen = 0, {}
  live(KEYS[2], function(name, cluster)
    if cluster == unit and name ~= member and not seen[name] then
      seen[name] = true
      mates = mates + 1
    end
  end)
  if (mates + 1) * 2 > tonumber(ARGV[8]) then return 'cluster' end
end
local partly = {}
live(KEYS[3], function(_, _, field) partly[field] = true end)
local counted, others, out, outs, foreign = {}, 0, {}, 0, false
live(KEYS[1], function(name, other, field)
  if name == unit then return end
  if not partly[field] and not out[name] then
    out[name] = true
    outs = outs + 1
  end
  if other ~= cloud then foreign = true end
  if not counted[name] then
    counted[name] = true
    others = others + 1
  end
end)
if foreign then return 'other-cloud' end
if others + 1 > tonumber(ARGV[5]) then return 'budget' end
local whole = member == '' or ARGV[9] == '1'
if whole and outs + 1 >= tonumber(ARGV[6]) then return 'last' end
redis.call('HSET', KEYS[1], unit .. ' ' .. hub, cloud .. expiry)
if whole then redis.call('HDEL', KEYS[3], unit .. ' ' .. hub)
else redis.call('HSET', KEYS[3], unit .. ' ' .. hub, cloud .. expiry) end
if member ~= '' then redis.call('HSET', KEYS[2], member .. ' ' .. hub, unit .. expiry) end
return 'granted'`

/** ARGV: member, hub, cluster. The grant of the cluster ends with that of the last member which this hub withdraws. */
const GIVE_MEMBER = `
redis.call('HDEL', KEYS[2], ARGV[1] .. ' ' .. ARGV[2])
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local hub = string.match(all[i], '^%S+ (%S+)$')
  local cluster = string.match(all[i + 1], '^(%S+) ')
  if hub == ARGV[2] and cluster == ARGV[3] then return 1 end
end
redis.call('HDEL', KEYS[1], ARGV[3] .. ' ' .. ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[3] .. ' ' .. ARGV[2])
return 1`

/** Names of units and members with a grant that has not ended. */
const LIST = `${CLOCK}
local names = {}
for i = 1, 2 do live(KEYS[i], function(name) names[#names + 1] = name end) end
return names`

const REFUSALS = ['budget', 'other-cloud', 'last', 'cluster'] as const

/**
 * `budget`: enough units of the cloud are withdrawn · `other-cloud`: a unit of another cloud is · `last`: every other unit of the
 * cloud is out · `cluster`: so many members are withdrawn that the whole cluster is out · `away`: Redis gives no answer.
 */
export type Grant = 'granted' | (typeof REFUSALS)[number] | 'away'

export interface WithdrawalWish {
  /** The node, or the cluster of the member. */
  unit: string
  cloud: string
  /** `size`: members of the cluster. `isWhole`: the cluster is out with this member. */
  member?: { node: string; size: number; isWhole: boolean } | undefined
}

export class Withdrawals {
  readonly #redis: Redis
  readonly #hub: string

  constructor(redis: Redis, hub: string) {
    this.#redis = redis
    this.#hub = hub
  }

  /** Asks for a grant for this hub, or renews it. `size`: units of the cloud. Never throws. */
  async take({ unit, cloud, member }: WithdrawalWish, most: number, size: number): Promise<Grant> {
    if (this.#redis.status !== 'ready') return 'away'
    const ofMember = member === undefined ? ['', 0, '0'] : [member.node, member.size, member.isWhole ? '1' : '0']
    const asked = this.#redis.eval(TAKE, KEYS.length, ...KEYS, unit, this.#hub, cloud, LEASE_MS, most, size, ...ofMember).then(
      (answer): Grant => (answer === 'granted' ? answer : (REFUSALS.find((refusal) => refusal === answer) ?? 'away')),
      () => 'away' as const,
    )
    return await Promise.race([asked, sleep(WAIT_MS).then(() => 'away' as const)])
  }

  /** Ends the grant of this hub; those of other hubs stay. Never throws; without an answer the grant ends by itself. */
  async giveBack(node: string, cluster?: string): Promise<void> {
    if (this.#redis.status !== 'ready') return
    const given =
      cluster === undefined
        ? this.#redis.hdel(KEYS[0], `${node} ${this.#hub}`)
        : this.#redis.eval(GIVE_MEMBER, KEYS.length, ...KEYS, node, this.#hub, cluster)
    await Promise.race([given.catch(() => 0), sleep(WAIT_MS)])
  }

  /** Nodes and clusters with a grant, of any hub; empty while Redis is away. A hub that starts reads them: its nodes stay withdrawn. */
  async list(): Promise<ReadonlySet<string>> {
    if (this.#redis.status !== 'ready') return new Set()
    const listed = this.#redis.eval(LIST, KEYS.length, ...KEYS).then(
      (nodes) => (Array.isArray(nodes) ? nodes.map(String) : []),
      (): string[] => [],
    )
    return new Set(await Promise.race([listed, sleep(WAIT_MS).then((): string[] => [])]))
  }
}
