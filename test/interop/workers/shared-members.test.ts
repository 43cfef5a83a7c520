/**
 *   owner ──▶ its disk, Redis ──▶ followers on other machines
 *
 * The members of catalogs of a hub on several machines, with a real Redis; no name server is needed.
 */
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import type { Member } from '../../../lib/catalog/membership.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import { SharedMembers } from '../../../lib/shards/shared-members.js'
import { connectRedis } from '../../../lib/state/redis.js'
import { Seals } from '../../../lib/state/seals.js'
import { MemberLog, withNews } from '../../../lib/store/member-log.js'
import type { MemberNews } from '../../../lib/store/member-rows.js'
import { eventually } from '../../support/eventually.js'
import { expectError } from '../../support/expect-error.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const CATALOG = 'cat.example.' as ZoneName
const member = (zone: string, id = 'a1'): Member => ({
  zone: zone as ZoneName,
  catalog: CATALOG,
  id,
  group: undefined,
  coo: undefined,
  since: 5,
  leftAt: undefined,
})
const row = (after: Member) => ({ zone: after.zone, after })
const MANY = Array.from({ length: 1_200 }, (_, i) => member(`m${i}.example.`))

interface Machine {
  store: SharedMembers
  dir: string
  epoch: number
  redis: Redis
  members: Map<ZoneName, Member>
}

describe('members of catalogs on several machines', function () {
  this.timeout(60_000)
  needsPeers('redis')
  const scratch = scratchDirs()
  const machines: Machine[] = []
  let server: LabRedis

  before(async () => {
    server = await startRedis()
  })
  after(async () => {
    for (const { store, redis } of machines) {
      await store.close()
      redis.disconnect()
    }
    await server?.stop()
  })

  const open = async (secret = 1): Promise<Machine> => {
    const redis = connectRedis({ kind: 'url', url: server.url }, { queueing: false })
    await eventually(() => expect(redis.status).to.equal('ready'))
    const dir = scratch()
    const machine: Machine = { dir, epoch: 1, redis, members: new Map(), store: undefined as never }
    const fence = { epoch: () => machine.epoch }
    machine.store = new SharedMembers({
      redis,
      hub: 'east',
      seals: new Seals(Buffer.alloc(32, secret), { hub: 'east', keys: new Map() }),
      log: new MemberLog(dir, fence),
      copy: new MemberLog(dir),
      fence,
      isOwnedHere: () => false,
    })
    machines.push(machine)
    return machine
  }
  const adopt = (machine: Machine, news: MemberNews): void => {
    machine.members = withNews(machine.members, news)
  }
  const follow = async (machine: Machine): Promise<string[]> => {
    adopt(machine, await machine.store.follow())
    return names(machine)
  }
  const begin = async (machine: Machine): Promise<void> => adopt(machine, await machine.store.begin(machine.members))
  const append = async (machine: Machine, ...rows: { zone: ZoneName; after: Member | undefined }[]): Promise<void> => {
    await machine.store.append(rows)
    adopt(machine, { rows, isWhole: false })
  }
  const names = ({ members }: Machine): string[] => [...members.keys()].sort()
  let [a, b]: Machine[] = []

  it('reach the followers, change by change', async () => {
    ;[a, b] = [await open(), await open()]
    await begin(a!)
    expect(await follow(b!)).to.deep.equal([])
    await append(a!, ...MANY.map(row))
    expect(await follow(b!)).to.deep.equal(names(a!))
    await append(a!, { zone: MANY[0]!.zone, after: undefined }, row(member('m1.example.', 'b2')))
    const { rows, isWhole } = await b!.store.follow()
    expect([isWhole, rows.length]).to.deep.equal([false, 2])
    adopt(b!, { rows, isWhole })
    expect(b!.members.get('m1.example.' as ZoneName)!.id).to.equal('b2')
    expect(names(b!)).to.deep.equal(names(a!))
  })

  it('are on the disk of a follower too', async () => {
    await b!.store.keep(b!.members)
    expect((await new MemberLog(b!.dir).load()).map(({ zone }) => zone).sort()).to.deep.equal(names(b!))
  })

  it('are forgotten by Redis when most of its lines are of dropped ones', async () => {
    const dropped = [...a!.members.values()].slice(0, 1_100).map(({ zone }) => ({ zone, after: undefined }))
    await append(a!, ...dropped)
    await follow(b!)
    expect(await a!.redis.hlen('zonecast:east:members')).to.equal(MANY.length)
    await a!.store.tend(a!.members)
    expect(await a!.redis.hlen('zonecast:east:members')).to.equal(names(a!).length)
    expect(await a!.redis.zcard('zonecast:east:members-order')).to.equal(0)
    expect(await follow(b!)).to.deep.equal(names(a!))
    await append(a!, ...MANY.map(row))
    expect(await follow(b!)).to.deep.equal(names(a!))
  })

  it('go on with the next owner, and the one before changes nothing any more', async () => {
    await begin(b!)
    await append(b!, row(member('next.example.')))
    await expectError('STATE_MEMBERS', () => a!.store.append([row(member('late.example.'))]))
    await expectError('STATE_MEMBERS', () => a!.store.tend(a!.members))
    const c = await open()
    expect(await follow(c))
      .to.deep.equal(names(b!))
      .and.to.include('next.example.')
      .and.to.not.include('late.example.')
  })

  it('are the same after Redis has lost its data', async () => {
    const c = await open()
    await follow(c)
    await b!.redis.flushall()
    expect(await follow(c)).to.deep.equal(names(b!))
    await b!.store.tend(b!.members)
    await append(b!, row(member('after.example.')))
    expect(await follow(c)).to.deep.equal(names(b!))
  })

  it('are not those that a client of Redis without the seal writes or removes', async () => {
    const c = await open()
    const before = await follow(c)
    const head = (await b!.redis.get('zonecast:east:members-head'))!
    await b!.redis.hset('zonecast:east:members', 'evil.example.', 'x {"z":"evil.example.","c":"cat.example.","i":"1","s":1}')
    await b!.redis.hdel('zonecast:east:members', 'm5.example.')
    const fresh = await open()
    expect(await follow(fresh)).to.deep.equal([])
    await b!.redis.set('zonecast:east:members-head', `${head}0`)
    expect(await follow(c)).to.deep.equal(before)
    // Its owner writes them again.
    await b!.store.tend(b!.members)
    expect(await follow(fresh)).to.deep.equal(names(b!))
  })

  it('of a hub with another secret are not read', async () => {
    expect(await follow(await open(2))).to.deep.equal([])
  })
})
