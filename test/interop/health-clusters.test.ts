/**
 *   hub east ──╮
 *              ├── Redis: the budget of withdrawals
 *   hub west ──╯
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { RedisLink } from '../../lib/state/redis-link.js'
import { HubView, RULES } from '../support/hub-view.js'
import { needsPeers } from '../support/peers.js'
import { seededRuns } from '../support/seed.js'

describe('withdrawals of members of a local cluster', function () {
  this.timeout(60_000)
  needsPeers('redis')
  let redis: LabRedis
  const links: RedisLink[] = []

  before(async () => {
    redis = await startRedis()
    for (let i = 0; i < 2; i++) links.push(await RedisLink.open({ kind: 'url', url: redis.url }, silentLogger))
  })
  beforeEach(() => links[0]!.data.flushall())
  after(async () => {
    for (const link of links) link.close()
    await redis?.stop()
  })

  const CLUSTERS = ['a1', 'a2', 'a3.1', 'a3.2', 'b1', 'b2.1', 'b2.2']
  const hubs = (rules = RULES): [HubView, HubView] => [
    new HubView(links[0]!, 'east', rules, CLUSTERS),
    new HubView(links[1]!, 'west', rules, CLUSTERS),
  ]
  const clusterOf = (hub: HubView, name: string): string =>
    hub.rounds.ofCluster(hub.nodes.filter(({ cluster }) => cluster === name)).verdict

  it('have the place of their cluster in the budget of the cloud, and leave no second cloud', async () => {
    const [hub, other] = hubs()
    hub.others.set('a3.1', 1)
    expect(await hub.verdicts()).to.deep.equal({ 'a3.1': 'withdraw' })
    expect(clusterOf(hub, 'a3')).to.equal('serve')
    // The other hub has no withdrawal of its own: the grants of both count.
    for (const id of ['a1', 'b2.2']) other.others.set(id, 1)
    expect(await other.verdicts()).to.deep.equal({ a1: 'degrade', 'b2.2': 'degrade' })
    expect(other.rounds.of('a1').why).to.include('enough nodes of the cloud are withdrawn')
    expect(other.rounds.of('b2.2').why).to.include('a node of another cloud is withdrawn')
    hub.others.clear()
    await hub.verdicts()
    expect(await other.verdicts()).to.deep.equal({ a1: 'withdraw', 'b2.2': 'degrade' })
  })

  it('are withdrawn in so many clusters as the budget has places', async () => {
    const [hub] = hubs({ ...RULES, atMost: 2 })
    for (const id of ['a1', 'a2', 'a3.1']) hub.others.set(id, 1)
    expect(await hub.verdicts()).to.deep.equal({ a1: 'withdraw', a2: 'withdraw', 'a3.1': 'degrade' })
    hub.others.delete('a2')
    await hub.verdicts()
    expect(await hub.verdicts()).to.deep.equal({ a1: 'withdraw', 'a3.1': 'withdraw' })
  })

  it('count as one node when the last member leaves', async () => {
    const [hub] = hubs()
    for (const id of ['a3.1', 'a3.2']) hub.others.set(id, 1)
    expect(await hub.verdicts()).to.deep.equal({ 'a3.1': 'withdraw', 'a3.2': 'withdraw' })
    expect(clusterOf(hub, 'a3')).to.equal('withdraw')
    hub.others.set('a1', 1)
    hub.others.set('b1', 1)
    expect(await hub.verdicts()).to.deep.equal({ a1: 'degrade', 'a3.1': 'withdraw', 'a3.2': 'withdraw', b1: 'degrade' })
    // Its place is free again when all members are back.
    hub.others.delete('a3.1')
    expect(await hub.verdicts()).to.deep.equal({ a1: 'degrade', 'a3.2': 'withdraw', b1: 'degrade' })
    expect(clusterOf(hub, 'a3')).to.equal('serve')
    for (const id of ['a3.2', 'b1']) hub.others.delete(id)
    await hub.verdicts()
    expect(await hub.verdicts()).to.deep.equal({ a1: 'withdraw' })
  })

  it('are counted by both hubs together', async () => {
    const [one, other] = hubs()
    for (const hub of [one, other]) hub.silent.add('a1').add('a2')
    one.others.set('a3.1', 1)
    other.others.set('a3.2', 1)
    expect(await one.verdicts()).to.deep.equal({ 'a3.1': 'withdraw' })
    expect(await other.verdicts(), 'the last one that serves').to.deep.equal({ 'a3.2': 'degrade' })
    expect(other.rounds.of('a3.2').why).to.include('no other node of the cloud serves')
  })

  it('need a place when the rest of the cluster cannot serve', async () => {
    const [hub] = hubs()
    hub.others.set('a3.1', 1)
    hub.silent.add('a3.2')
    hub.others.set('b1', 1)
    expect(await hub.verdicts()).to.deep.equal({ 'a3.1': 'withdraw', b1: 'degrade' })
    expect(clusterOf(hub, 'a3')).to.equal('withdraw')
  })

  it('leave a cluster in service: another unit of the cloud may go, and never the last one', async () => {
    const [one, other] = hubs({ ...RULES, atMost: 3 })
    one.others.set('a3.1', 1)
    expect(await one.verdicts()).to.deep.equal({ 'a3.1': 'withdraw' })
    for (const hub of [one, other]) for (const id of ['a1', 'a2']) hub.others.set(id, 1)
    expect(await other.verdicts(), 'the rest of the cluster serves').to.deep.equal({ a1: 'withdraw', a2: 'withdraw' })
    one.others.set('a3.2', 1)
    expect(await one.verdicts(), 'the cluster is the last unit').to.include({ 'a3.1': 'degrade', 'a3.2': 'degrade' })
  })

  it('leave no cluster in service whose rest another hub sees dead', async () => {
    const [one, other] = hubs({ ...RULES, atMost: 3 })
    one.others.set('a3.1', 1)
    one.silent.add('a3.2')
    expect(await one.verdicts()).to.deep.equal({ 'a3.1': 'withdraw' })
    for (const id of ['a1', 'a2']) other.others.set(id, 1)
    expect(await other.verdicts()).to.deep.equal({ a1: 'withdraw', a2: 'degrade' })
    expect(other.rounds.of('a2').why).to.include('every other node of the cloud is withdrawn')
    one.silent.delete('a3.2')
    await one.verdicts()
    expect(await other.verdicts(), 'the rest is back').to.deep.equal({ a1: 'withdraw', a2: 'withdraw' })
  })

  it('stay through a restart, and end with the fault', async () => {
    const rules = { ...RULES, afterMs: 60_000 }
    const [hub] = hubs(rules)
    hub.others.set('a3.1', 1)
    await hub.verdicts()
    hub.pass(60_000)
    expect(await hub.verdicts()).to.deep.equal({ 'a3.1': 'withdraw' })
    const [next] = hubs(rules)
    next.others.set('a3.1', 1)
    expect(await next.verdicts()).to.deep.equal({ 'a3.1': 'withdraw' })
    next.others.clear()
    await next.verdicts()
    for (const name of ['', '-members', '-partly'])
      expect(await links[0]!.data.hgetall(`zonecast:withdrawn${name}`), name).to.deep.equal({})
  })

  it('are in one unit at most, whatever two hubs see', async () => {
    const sight = fc.array(fc.constantFrom('well', 'bad', 'silent'), { minLength: CLUSTERS.length, maxLength: CLUSTERS.length })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(sight, sight), { minLength: 1, maxLength: 3 }), async (rounds) => {
        await links[0]!.data.flushall()
        const pair = hubs()
        for (const seen of rounds) {
          const withdrawn = new Set<string>()
          for (const [h, hub] of pair.entries()) {
            hub.others.clear()
            hub.silent.clear()
            for (const [i, id] of CLUSTERS.entries()) {
              if (seen[h]![i] === 'bad') hub.others.set(id, 1)
              if (seen[h]![i] === 'silent') hub.silent.add(id)
            }
          }
          for (const hub of pair) await hub.verdicts()
          // Both have judged: each withdrawal counts as long as one hub sees the fault.
          for (const hub of pair)
            for (const [id, verdict] of Object.entries(await hub.verdicts())) if (verdict === 'withdraw') withdrawn.add(id)
          const units = new Set([...withdrawn].map((id) => id.split('.')[0]!))
          expect(units.size, `withdrawn: ${[...withdrawn].join()}`).to.be.at.most(1)
        }
      }),
      seededRuns(40),
    )
  })
})
