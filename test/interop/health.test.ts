/**
 *   hub east ──╮
 *              ├── Redis: the budget of withdrawals
 *   hub west ──╯
 */
import { expect } from 'chai'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { RedisLink } from '../../lib/state/redis-link.js'
import { HubView, NODES, RULES } from '../support/hub-view.js'
import { needsPeers } from '../support/peers.js'

describe('withdrawals of nodes', function () {
  this.timeout(60_000)
  needsPeers('redis')
  let redis: LabRedis
  const links: RedisLink[] = []
  let east: HubView
  let west: HubView

  beforeEach(async () => {
    redis = await startRedis()
    for (let i = 0; i < 2; i++) links.push(await RedisLink.open({ kind: 'url', url: redis.url }, silentLogger))
    east = new HubView(links[0]!, 'east')
    west = new HubView(links[1]!, 'west')
  })
  afterEach(async () => {
    for (const link of links.splice(0)) link.close()
    await redis.stop()
  })

  it('are granted for one node of a cloud, by both hubs together', async () => {
    east.others.set('a1', 1)
    west.others.set('a2', 1)
    expect(await east.verdicts()).to.deep.equal({ a1: 'withdraw' })
    expect(await west.verdicts()).to.deep.equal({ a2: 'degrade' })
    expect(west.rounds.of('a2').why).to.equal(
      '1 zone has other content than the released one; not withdrawn: enough nodes of the cloud are withdrawn',
    )
    // Each hub that sees the fault may renew the grant.
    west.others.set('a1', 1)
    expect(await west.verdicts()).to.deep.equal({ a1: 'withdraw', a2: 'degrade' })
  })

  it('are never granted in two clouds', async () => {
    for (const id of ['a1', 'b1']) for (const hub of [east, west]) hub.others.set(id, 3)
    expect(await east.verdicts()).to.deep.equal({ a1: 'withdraw', b1: 'degrade' })
    expect(await west.verdicts()).to.deep.equal({ a1: 'withdraw', b1: 'degrade' })
  })

  it('are never granted for the last node that serves', async () => {
    east.others.set('a1', 1)
    east.others.set('a2', 1)
    east.drained.add('a3')
    expect(await east.verdicts()).to.deep.equal({ a1: 'degrade', a2: 'degrade' })
    expect(east.rounds.of('a1').why).to.include('no other node of the cloud serves')
  })

  it('are not granted when every node is bad: none is withdrawn', async () => {
    for (const id of NODES) east.others.set(id, 1)
    expect(new Set(Object.values(await east.verdicts()))).to.deep.equal(new Set(['degrade']))
  })

  it('end with the fault, and make room for another node', async () => {
    for (const id of ['a1', 'a2']) east.others.set(id, 1)
    await east.verdicts()
    east.others.delete('a1')
    expect(await east.verdicts()).to.deep.equal({ a2: 'withdraw' })
    expect(east.notes).to.deep.equal([
      'a1 {"verdict":"withdraw"}',
      'a2 {"verdict":"degrade"}',
      'a1 {"verdict":"serve"}',
      'a2 {"verdict":"withdraw"}',
    ])
  })

  it('end when Redis is away, and when the hub stops judging', async () => {
    east.others.set('a1', 1)
    expect(await east.verdicts()).to.deep.equal({ a1: 'withdraw' })
    await redis.stop()
    expect(await east.verdicts()).to.deep.equal({ a1: 'degrade' })
    expect(east.rounds.of('a1').why).to.include('Redis does not answer')
    east.pass(31_000)
    expect(east.rounds.of('a1')).to.deep.include({ verdict: 'serve', why: 'this hub has no fresh verdict' })
  })

  it('stay through a restart of the hub, without its patience', async () => {
    const rules = { ...RULES, afterMs: 60_000 }
    const hub = new HubView(links[0]!, 'east', rules)
    hub.others.set('a1', 1)
    expect(await hub.verdicts()).to.deep.equal({ a1: 'degrade' })
    hub.pass(60_000)
    expect(await hub.verdicts()).to.deep.equal({ a1: 'withdraw' })
    const next = new HubView(links[0]!, 'east', rules)
    for (const id of ['a1', 'b1']) next.others.set(id, 1)
    expect(next.rounds.of('a1').verdict).to.equal('serve')
    expect(await next.verdicts()).to.deep.equal({ a1: 'withdraw', b1: 'degrade' })
  })

  it('do not stay through a restart after they ended', async () => {
    await links[0]!.data.hset('zonecast:withdrawn', 'a1 east', 'A 1000')
    const hub = new HubView(links[0]!, 'east', { ...RULES, afterMs: 60_000 })
    hub.others.set('a1', 1)
    expect(await hub.verdicts()).to.deep.equal({ a1: 'degrade' })
  })

  it('stay while another hub sees the fault, and this one does not any more', async () => {
    for (const hub of [east, west]) hub.others.set('a1', 1)
    await east.verdicts()
    await west.verdicts()
    east.others.delete('a1')
    east.others.set('a2', 1)
    expect(await east.verdicts()).to.deep.equal({ a2: 'degrade' })
    expect(await west.verdicts()).to.deep.equal({ a1: 'withdraw' })
  })

  it('are never granted for every node of a cloud by hubs of different views', async () => {
    const rules = { ...RULES, atMost: 9 }
    const hubs = [new HubView(links[0]!, 'east', rules), new HubView(links[1]!, 'west', rules)] as const
    for (const id of ['a1', 'a2']) hubs[0].others.set(id, 1)
    hubs[1].others.set('a3', 1)
    expect(await hubs[0].verdicts()).to.deep.equal({ a1: 'withdraw', a2: 'withdraw' })
    expect(await hubs[1].verdicts()).to.deep.equal({ a3: 'degrade' })
    expect(hubs[1].rounds.of('a3').why).to.include('every other node of the cloud is withdrawn')
  })

  it('are within the budget of each hub, whatever a writer in Redis deletes', async () => {
    for (const id of ['a1', 'a2', 'b1']) east.others.set(id, 1)
    await east.verdicts()
    await links[1]!.data.del('zonecast:withdrawn')
    expect(await east.verdicts()).to.deep.equal({ a1: 'withdraw', a2: 'degrade', b1: 'degrade' })
  })

  for (const [name, spoil] of [
    ['is silent now', (id: string) => east.silent.add(id)],
    ['was not heard for three minutes', (id: string) => east.ages.set(id, 181_000)],
    ['has unknown zones', (id: string) => east.states.set(id, { 'in-sync': 2, unknown: 1 })],
    ['has no zone in sync', (id: string) => east.states.set(id, { lagging: 3 })],
  ] as const)
    it(`are not granted when every other node ${name}`, async () => {
      east.others.set('a1', 1)
      for (const id of ['a2', 'a3']) spoil(id)
      expect(await east.verdicts()).to.deep.equal({ a1: 'degrade' })
      expect(east.rounds.of('a1').why).to.include('no other node of the cloud serves')
    })

  it('are not granted for a conflict or an expiry of the zone', async () => {
    for (const id of NODES) east.states.set(id, { conflict: 1, expired: 2 })
    east.states.delete('a3')
    expect(await east.verdicts()).to.deep.equal({})
  })

  it('need patience by the steady clock: a step of the clock is no time', async () => {
    const hub = new HubView(links[0]!, 'east', { ...RULES, afterMs: 60_000 })
    hub.others.set('a1', 1)
    await hub.verdicts()
    hub.now += 3_600_000
    expect(await hub.verdicts()).to.deep.equal({ a1: 'degrade' })
    hub.now -= 7_200_000
    hub.steady += 60_000
    expect(await hub.verdicts()).to.deep.equal({ a1: 'withdraw' })
    hub.steady += 29_000
    expect(hub.rounds.of('a1')).to.include({ verdict: 'withdraw', ttlMs: 1_000 })
    hub.steady += 1_000
    expect(hub.rounds.of('a1').verdict).to.equal('serve')
  })

  it('hold for a node that was heard within three intervals of observation', async () => {
    east.others.set('a1', 1)
    east.ages.set('a1', 150_000)
    expect(await east.verdicts()).to.deep.equal({ a1: 'withdraw' })
  })

  it('end for a node whose answers are from the future', async () => {
    east.others.set('a1', 1)
    east.ages.set('a1', -3_600_000)
    expect(await east.verdicts()).to.deep.equal({})
  })
})
