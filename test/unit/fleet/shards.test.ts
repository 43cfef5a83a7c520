/** How zones are spread over shards, and shards over workers. */
import { expect } from 'chai'
import { CATALOG_SHARD, planShards, ShardPlaces, SHARDS, shardOf } from '../../../lib/fleet/shards.js'

const zones = Array.from({ length: 20_000 }, (_, i) => `zone${i}.example.`)
const none = (): undefined => undefined
const countsOf = (plan: readonly (string | undefined)[]): Map<string | undefined, number> => {
  const counts = new Map<string | undefined, number>()
  for (const owner of plan) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return counts
}

describe('shards', () => {
  it('have a zone at one place, in every process and version', () => {
    expect(['example.', 'shop.example.', 'a.b.c.example.', '.'].map(shardOf)).to.deep.equal([43, 29, 32, 29])
  })

  it('have about equal numbers of zones', () => {
    const sizes = new Array<number>(SHARDS).fill(0)
    for (const zone of zones) sizes[shardOf(zone)]! += 1
    const even = zones.length / SHARDS
    expect(Math.min(...sizes)).to.be.greaterThan(even * 0.75)
    expect(Math.max(...sizes)).to.be.lessThan(even * 1.25)
  })

  it('have no owner without workers', () => {
    expect(new Set(planShards([], () => 'gone'))).to.deep.equal(new Set([undefined]))
  })

  it('are all of a worker that is alone', () => {
    expect(new Set(planShards(['w1'], none))).to.deep.equal(new Set(['w1']))
  })

  for (const count of [2, 3, 5, 8, 63])
    it(`are spread evenly over ${count} workers`, () => {
      const workers = Array.from({ length: count }, (_, i) => `w${i}`)
      const sizes = [...countsOf(planShards(workers, none)).values()]
      expect(sizes).to.have.length(count)
      expect(Math.max(...sizes) - Math.min(...sizes)).to.be.at.most(1)
    })

  it('are planned in the same way by every worker, in any order of their names', () => {
    expect(planShards(['c', 'a', 'b'], none)).to.deep.equal(planShards(['a', 'b', 'c', 'a'], none))
  })

  it('of a lost worker move, and no others', () => {
    const before = planShards(['a', 'b', 'c', 'd'], none)
    const after = planShards(['a', 'b', 'd'], (shard) => before[shard])
    for (const [shard, owner] of before.entries()) if (owner !== 'c') expect(after[shard]).to.equal(owner)
    expect(countsOf(after).get('c')).to.equal(undefined)
  })

  it('move to a new worker alone, no more than its share', () => {
    const before = planShards(['a', 'b', 'c'], none)
    const after = planShards(['a', 'b', 'c', 'new'], (shard) => before[shard])
    const moved = after.filter((owner, shard) => owner !== before[shard])
    expect(new Set(moved)).to.deep.equal(new Set(['new']))
    expect(moved).to.have.length(SHARDS / 4)
  })

  it('stay when every worker follows the plan', () => {
    const plan = planShards(['a', 'b', 'c', 'd', 'e'], none)
    expect(planShards(['e', 'd', 'c', 'b', 'a'], (shard) => plan[shard])).to.deep.equal(plan)
  })

  it('without an owner go to the same worker again when it comes back alone', () => {
    const before = planShards(['a', 'b'], none)
    const without = before.map((owner) => (owner === 'b' ? undefined : owner))
    expect(planShards(['a', 'b'], (shard) => without[shard])).to.deep.equal(before)
  })
})

describe('the places of zones', () => {
  it('put all catalogs into one shard, and other zones where every hub has them', () => {
    const places = new ShardPlaces(['shop.example.'])
    expect([places.of('shop.example.'), places.of('example.')]).to.deep.equal([CATALOG_SHARD, 43])
    places.adopt(['example.'])
    expect([places.of('shop.example.'), places.of('example.')]).to.deep.equal([29, CATALOG_SHARD])
  })
})
