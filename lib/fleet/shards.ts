/**
 * Shards: the zones of a hub in 64 parts, each of which one worker process owns at a time. Zones are spread over shards, and
 * shards over workers, by rendezvous hashing: a new worker gets some shards of each other one, and a lost worker's shards move
 * alone. Not here: leases and locks (lib/shards).
 */

/** Fixed: every process of a hub, of any version, must find the same shard for a zone. */
export const SHARDS = 64

/** FNV-1a, 32 bits, over the UTF-16 units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The finalizer of MurmurHash3: every input bit changes half of the output bits. */
function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const SEEDS = Array.from({ length: SHARDS }, (_, shard) => mix(shard + 1))

/** The shard of a zone, 0 to SHARDS − 1. Some hundred nanoseconds. */
export function shardOf(zone: string): number {
  const hash = hashText(zone)
  let best = 0
  let heaviest = -1
  for (let shard = 0; shard < SHARDS; shard++) {
    const weight = mix(hash ^ SEEDS[shard]!)
    if (weight <= heaviest) continue
    heaviest = weight
    best = shard
  }
  return best
}

/** All catalogs are in this shard: their lists depend on one another, so one worker has them all. */
export const CATALOG_SHARD = 0

/** The shards of the zones of one hub. Every process of it has the same config, and so finds the same. */
export class ShardPlaces {
  #catalogs: ReadonlySet<string>

  constructor(catalogs: Iterable<string> = []) {
    this.#catalogs = new Set(catalogs)
  }

  /** Called after a reload, with the names of all consumed and published catalogs. */
  adopt(catalogs: Iterable<string>): void {
    this.#catalogs = new Set(catalogs)
  }

  get catalogs(): Iterable<string> {
    return this.#catalogs
  }

  readonly of = (zone: string): number => (this.#catalogs.has(zone) ? CATALOG_SHARD : shardOf(zone))
}

const weightOf = (worker: string, shard: number): number => mix(hashText(worker) ^ SEEDS[shard]!)

/**
 * The worker that should own each shard; undefined without workers. A worker keeps the shards that it has, up to its share: so a
 * lost worker moves its own shards alone, and a new one gets no more than its share. Shares differ by one shard at most. Every
 * process that knows the same workers and owners gets the same plan.
 */
export function planShards(
  workers: Iterable<string>,
  ownerOf: (shard: number) => string | undefined,
): readonly (string | undefined)[] {
  const names = [...new Set(workers)].sort()
  if (names.length === 0) return new Array<undefined>(SHARDS).fill(undefined)
  const plan = Array.from({ length: SHARDS }, (_, shard) => {
    const owner = ownerOf(shard)
    return owner !== undefined && names.includes(owner) ? owner : undefined
  })
  const owned = new Map(names.map((name) => [name, plan.flatMap((owner, shard) => (owner === name ? [shard] : []))]))
  const room = sharesOf(names, (name) => owned.get(name)!.length)
  for (const name of names) {
    const mine = owned.get(name)!.sort((a, b) => weightOf(name, b) - weightOf(name, a) || a - b)
    for (const shard of mine.slice(room.get(name)!)) plan[shard] = undefined
    room.set(name, Math.max(0, room.get(name)! - mine.length))
  }
  for (const [shard, owner] of plan.entries()) {
    if (owner !== undefined) continue
    const [next] = names
      .filter((name) => room.get(name)! > 0)
      .sort((a, b) => weightOf(b, shard) - weightOf(a, shard) || (a < b ? -1 : 1))
    plan[shard] = next
    room.set(next!, room.get(next!)! - 1)
  }
  return plan
}

/** The number of shards for each worker. The larger shares go to the workers that have most. */
function sharesOf(names: readonly string[], has: (name: string) => number): Map<string, number> {
  const byLoad = names.toSorted((a, b) => has(b) - has(a) || (a < b ? -1 : 1))
  const [least, larger] = [Math.floor(SHARDS / names.length), SHARDS % names.length]
  return new Map(byLoad.map((name, i) => [name, least + (i < larger ? 1 : 0)]))
}
