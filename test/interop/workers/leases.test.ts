/**
 *   worker a ──▶ Redis ◀── worker b        one data directory, or one each
 *
 * Shards and their owners with a real Redis; no name server is needed.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import { SHARDS } from '../../../lib/fleet/shards.js'
import { createLogger } from '../../../lib/runtime/logger.js'
import { systemClock } from '../../../lib/runtime/clock.js'
import { ShardOwner } from '../../../lib/shards/shard-owner.js'
import { connectRedis } from '../../../lib/state/redis.js'
import { ownerIn, readShards, ShardLeases } from '../../../lib/state/shard-leases.js'
import { ShardLocks } from '../../../lib/store/shard-locks.js'
import { eventually } from '../../support/eventually.js'
import { expectError } from '../../support/expect-error.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const LEASE_MS = 2_000
const log = createLogger({ level: 'silent', isTerminal: false })

interface Member {
  owner: ShardOwner
  locks: ShardLocks
  redis: Redis
  shards: Set<number>
  /** Shards gained and lost by force, in order. */
  story: string[]
}

describe('leases of shards', function () {
  this.timeout(60_000)
  needsPeers('redis')
  const scratch = scratchDirs()
  let server: LabRedis
  let hub: string
  const members: Member[] = []

  before(async () => {
    server = await startRedis()
  })
  after(() => server?.stop())
  beforeEach(() => {
    hub = `h-${randomUUID().slice(0, 8)}`
  })
  afterEach(async () => {
    for (const { owner, redis } of members.splice(0)) {
      await owner.stop()
      redis.disconnect()
    }
  })

  const connect = async (): Promise<Redis> => {
    const redis = connectRedis({ kind: 'url', url: server.url }, { queueing: false })
    await eventually(() => expect(redis.status).to.equal('ready'))
    return redis
  }

  const make = async (name: string, dataDir: string, isSpread = false): Promise<Member> => {
    const locks = ShardLocks.open({ dataDir, hub, worker: name, silentMs: LEASE_MS })
    const redis = await connect()
    const leases = new ShardLeases(redis, hub, { name, token: randomUUID() }, LEASE_MS)
    const shards = new Set<number>()
    const story: string[] = []
    const owner = new ShardOwner({
      name,
      locks,
      leases,
      leaseMs: LEASE_MS,
      isSpread,
      clock: systemClock,
      log,
      zones: () => shards.size,
      onChange: async ({ gained, lost, isForced }) => {
        for (const shard of gained) shards.add(shard)
        for (const shard of lost) shards.delete(shard)
        if (isForced) story.push(`lost ${lost.length}`)
      },
    })
    const member = { owner, locks, redis, shards, story }
    members.push(member)
    return member
  }
  const join_ = async (...args: Parameters<typeof make>): Promise<Member> => {
    const member = await make(...args)
    await member.owner.start()
    return member
  }
  const holds = (member: Member, count: number) =>
    eventually(() => expect(member.shards.size).to.equal(count), { timeoutMs: 10_000 })
  const expectApart = (a: Member, b: Member) => {
    for (const shard of a.shards) expect(b.shards.has(shard)).to.equal(false)
  }

  it('are all of a worker that is alone, at its start', async () => {
    const a = await join_('a', scratch())
    expect(a.shards.size).to.equal(SHARDS)
    expect(a.owner.mayWrite('any.example.')).to.equal(true)
  })

  it('are shared by two workers, and go back to the first when the second stops', async () => {
    const dataDir = scratch()
    const a = await join_('a', dataDir)
    const b = await join_('b', dataDir)
    await Promise.all([holds(a, SHARDS / 2), holds(b, SHARDS / 2)])
    expectApart(a, b)
    await eventually(() =>
      expect(a.owner.workers().map(({ name, shards }) => [name, shards.length])).to.deep.equal([
        ['a', SHARDS / 2],
        ['b', SHARDS / 2],
      ]),
    )
    await b.owner.stop()
    await holds(a, SHARDS)
    expect(a.story).to.deep.equal([])
  })

  it('have a larger number with each owner, also when Redis forgot the last one', async () => {
    const dataDir = scratch()
    const a = await join_('a', dataDir)
    const before = a.locks.holder(5)!.epoch!
    await a.owner.stop()
    await a.redis.set(`zonecast:${hub}:epochs`, '').then(() => a.redis.del(`zonecast:${hub}:epochs`))
    const b = await join_('b', dataDir)
    expect(b.locks.holder(5)!.epoch!).to.be.greaterThan(0)
    expect(before).to.equal(1)
    // A dead owner's lock stays on disk, with its number.
    const leases = new ShardLeases(b.redis, hub, { name: 'c', token: 'c' }, LEASE_MS)
    expect(await leases.claim(5, 41)).to.equal(undefined)
    await b.owner.stop()
    await leases.renew({ host: 'x', pid: 1, startedAt: 1, at: 1, directory: 'd', shards: 0, zones: 0, isWorking: true })
    expect(await leases.claim(5, 41)).to.equal(42)
  })

  it('are refused to a process whose own lease has expired', async () => {
    const redis = await connect()
    const leases = new ShardLeases(redis, hub, { name: 'late', token: 't' }, 100)
    const report = { host: 'x', pid: 1, startedAt: 1, at: 1, directory: 'd', shards: 0, zones: 0, isWorking: true }
    await leases.renew(report)
    expect(await leases.claim(1, 0)).to.equal(1)
    await eventually(async () => expect(ownerIn(await readShards(redis, hub), 1)).to.equal(undefined))
    expect(await leases.claim(2, 0)).to.equal(undefined)
    redis.disconnect()
  })

  it('of a worker that is cut off from Redis stay with it while it renews its locks', async () => {
    const dataDir = scratch()
    const a = await join_('a', dataDir)
    const b = await join_('b', dataDir)
    await Promise.all([holds(a, SHARDS / 2), holds(b, SHARDS / 2)])
    a.redis.disconnect()
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 2_500))
    expect([a.shards.size, b.shards.size, b.story]).to.deep.equal([SHARDS / 2, SHARDS / 2, []])
    expect([...a.shards].every((shard) => a.locks.isHeld(shard))).to.equal(true)
    await a.redis.connect()
    await eventually(() => expect(b.owner.workers().map(({ name }) => name)).to.deep.equal(['a', 'b']))
    expectApart(a, b)
  })

  it('of a dead process on the same disk go to another worker without Redis', async () => {
    const dataDir = scratch()
    const a = await join_('a', dataDir)
    a.redis.disconnect()
    const b = await make('b', dataDir)
    b.redis.disconnect()
    await b.owner.start()
    expect(b.shards.size).to.equal(0)
    // As kill -9 leaves them: locks of a process that does not run.
    const folder = join(dataDir, 'shards')
    await a.owner.stop()
    expect(readdirSync(folder).filter((file) => file.endsWith('.lock'))).to.deep.equal([])
    await holds(b, SHARDS)
  })

  it('of a worker whose disk is gone are released with the error, and go to a worker with another disk', async () => {
    const [disk, other] = [scratch(), scratch()]
    const a = await join_('a', disk, true)
    const b = await join_('b', other, true)
    await Promise.all([holds(a, SHARDS / 2), holds(b, SHARDS / 2)])
    renameSync(disk, `${disk}.gone`)
    await Promise.all([holds(a, 0), holds(b, SHARDS)])
    expect(a.owner.mayWrite('any.example.')).to.equal(false)
    await eventually(() => {
      const view = b.owner.workers().find(({ name }) => name === 'a')
      expect(view).to.include({ state: 'failed' })
      expect(view!.error).to.include(disk)
    })
    renameSync(`${disk}.gone`, disk)
    await Promise.all([holds(a, SHARDS / 2), holds(b, SHARDS / 2)])
  })

  it('of another machine are lost to it only after the lease', async () => {
    const a = await join_('a', scratch(), true)
    const b = await join_('b', scratch(), true)
    await Promise.all([holds(a, SHARDS / 2), holds(b, SHARDS / 2)])
    const zone = Array.from({ length: 100 }, (_, i) => `z${i}.example.`).find((name) => a.owner.owns(name))!
    // Its lease expires while it cannot renew it: it goes on, as the last owner.
    a.redis.disconnect()
    await holds(b, SHARDS)
    expect(a.shards.size).to.equal(SHARDS / 2)
    expect(a.owner.mayWrite(zone)).to.equal(true)
    await a.redis.connect()
    await eventually(() => expect(a.story).to.deep.equal([`lost ${SHARDS / 2}`]))
    await Promise.all([holds(a, SHARDS / 2), holds(b, SHARDS / 2)])
    expectApart(a, b)
  })

  it('are refused to a second worker with one name, on one machine and on two', async () => {
    const dataDir = scratch()
    await join_('same', dataDir, true)
    await expectError('STORE_WORKER_NAME', () => make('same', dataDir, true))
    const second = await make('same', scratch(), true)
    await expectError('STATE_WORKER_NAME', () => second.owner.start())
  })

  it('are refused to a second machine with one hub name, which does not disturb the first', async () => {
    const a = await join_('a', scratch())
    const b = await make('b', scratch())
    await expectError('STATE_OTHER_DIRECTORY', () => b.owner.start())
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect([a.shards.size, a.story]).to.deep.equal([SHARDS, []])
  })

  it('are claimed again when Redis has lost its data', async () => {
    const dataDir = scratch()
    const a = await join_('a', dataDir)
    await a.redis.flushall()
    await eventually(async () => expect(ownerIn(await readShards(a.redis, hub), 63)).to.equal('a'))
    expect(a.story).to.deep.equal([])
  })

  it('stay with their workers when Redis has lost its data, also on two machines', async () => {
    const [a, b] = [await join_('a', scratch(), true), await join_('b', scratch(), true)]
    await Promise.all([holds(a, SHARDS / 2), holds(b, SHARDS / 2)])
    const before = [...a.shards].sort()
    await a.redis.flushall()
    await eventually(
      async () => {
        const table = await readShards(a.redis, hub)
        const owners = Array.from({ length: SHARDS }, (_, shard) => ownerIn(table, shard))
        expect(owners.filter((name) => name === 'a')).to.have.length(SHARDS / 2)
        expect(owners.filter((name) => name === 'b')).to.have.length(SHARDS / 2)
      },
      { timeoutMs: 10_000 },
    )
    expect([[...a.shards].sort(), a.story, b.story]).to.deep.equal([before, [], []])
  })

  for (const [where, isSpread] of [
    ['on one disk', false],
    ['on two machines', true],
  ] as const)
    it(`survive a Redis that goes away during a hand-over ${where}`, async () => {
      const dataDir = scratch()
      const a = await join_('a', dataDir, isSpread)
      const b = await make('b', isSpread ? scratch() : dataDir, isSpread)
      await b.owner.start()
      // The first worker hands over in its next round; both lose Redis before the second can claim.
      a.redis.disconnect()
      b.redis.disconnect()
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      expectApart(a, b)
      await Promise.all([a.redis.connect(), b.redis.connect()])
      await Promise.all([holds(a, SHARDS / 2), holds(b, SHARDS / 2)])
      expectApart(a, b)
      expect([a.story, b.story]).to.deep.equal([[], []])
    })
})
