/**
 * Permits to force nodes, in Redis, for all workers of all hubs: at most so many nodes of one cloud at once, nodes of one cloud only,
 * and each node once. A permit expires unless its holder renews it.
 *
 *   zonecast:forcing   hash: `NODE` → `CLOUD TOKEN EXPIRY`      zonecast:forced:…   the versions that were forced by hubs themselves
 */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { guard } from '../runtime/guard.js'

const KEY = 'zonecast:forcing'
const LEASE_MS = 30_000
const RENEW_MS = 10_000
/** Longer than any version is the newest. */
const KEEP_SECONDS = 30 * 86_400

/** ARGV: node, cloud, token, lease in ms, most nodes of the cloud, 1 if other clouds do not count. Times are those of Redis. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most = tonumber(ARGV[5])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local cloud, token, expiry = string.match(all[i + 1], '^(%S+) (%S+) (%d+)$')
  if not expiry or tonumber(expiry) < now then redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] == ARGV[1] then
    if token ~= ARGV[3] then return 0 end
  elseif cloud == ARGV[2] then most = most - 1
  elseif ARGV[6] ~= '1' then return 0 end
end
if most < 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. string.format('%.0f', now + ARGV[4]))
return 1`

/** ARGV: node, token, lease in ms, its cloud. 0: the permit has expired, or another holds it. */
const RENEW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local cloud, token, expiry = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%S+) (%S+) (%d+)$')
if token ~= ARGV[2] or tonumber(expiry) < now then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4] .. ' ' .. token .. ' ' .. string.format('%.0f', now + ARGV[3]))
return 1`

/** ARGV: node, token. */
const GIVE = `
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and string.match(held, '^%S+ (%S+) ') == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1`

export interface ForceWish {
  node: string
  cloud: string
  /** Its cloud at any later time: a reload may move it; undefined: it left the config. */
  cloudNow?: () => string | undefined
  /** Nodes of the cloud at once. */
  most: number
  /** Nodes of other clouds may be forced at the same time. */
  acrossClouds: boolean
}

export interface Permit {
  /** Another may hold it by now: it was not renewed in time. Nothing more may begin under it. */
  readonly isLost: boolean
  /** Never throws. */
  giveBack(): Promise<void>
}

const claimKey = (pair: string, { serial, digest }: { serial: number; digest: string }): string =>
  `zonecast:forced:${pair} ${serial} ${digest}`

export class ForcePermits {
  readonly #redis: Redis
  /** Claims without an answer, by pair. */
  readonly #claims = new Map<string, { key: string; token: string }>()

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Undefined while others are being forced, and while Redis is away: then nothing is forced. */
  async take({ node, cloud, cloudNow, most, acrossClouds }: ForceWish): Promise<Permit | undefined> {
    if (this.#redis.status !== 'ready') return undefined
    const token = randomUUID()
    // Counted from before the request: Redis never ends the lease earlier.
    let until = performance.now() + LEASE_MS
    let isRefused = false
    const taken = await this.#redis
      .eval(TAKE, 1, KEY, node, cloud, token, LEASE_MS, most, acrossClouds ? '1' : '0')
      .catch(() => 0)
    if (taken !== 1) return undefined
    const renew = async (): Promise<void> => {
      const asked = performance.now()
      // Without an answer the lease counts.
      const answer = await this.#redis.eval(RENEW, 1, KEY, node, token, LEASE_MS, cloudNow?.() ?? cloud).catch(() => undefined)
      if (answer === 1) until = Math.max(until, asked + LEASE_MS)
      else if (answer !== undefined) isRefused = true
    }
    const renewing = setInterval(guard('permit timer', renew), RENEW_MS)
    renewing.unref()
    return {
      get isLost() {
        return isRefused || performance.now() >= until
      },
      giveBack: async () => {
        clearInterval(renewing)
        await this.#redis.eval(GIVE, 1, KEY, node, token).catch(() => undefined)
      },
    }
  }

  /**
   * `ours` for the first hub that asks for this version of the zone on the node, and never again · `claimed`: it was forced before ·
   * `away`: Redis gave no answer; ask again later.
   */
  async claimOnce(zone: string, node: string, version: { serial: number; digest: string }): Promise<'ours' | 'claimed' | 'away'> {
    if (this.#redis.status !== 'ready') return 'away'
    const pair = `${zone} ${node}`
    const key = claimKey(pair, version)
    // Redis may have stored a claim whose answer was lost.
    const open = this.#claims.get(pair)
    const claim = open?.key === key ? open : { key, token: randomUUID() }
    this.#claims.set(pair, claim)
    try {
      const isFirst = (await this.#redis.set(key, claim.token, 'EX', KEEP_SECONDS, 'NX')) === 'OK'
      const isOurs = isFirst || (await this.#redis.get(key)) === claim.token
      this.#claims.delete(pair)
      return isOurs ? 'ours' : 'claimed'
    } catch {
      return 'away'
    }
  }

  /** The version was claimed and not forced. Without an answer of Redis the claim stays. Never throws. */
  async giveClaimBack(zone: string, node: string, version: { serial: number; digest: string }): Promise<void> {
    if (this.#redis.status === 'ready') await this.#redis.del(claimKey(`${zone} ${node}`, version)).catch(() => undefined)
  }
}
