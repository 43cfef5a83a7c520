/**
 *   worker w1 ──▶ Redis ◀── worker w2        a foreign writer, which has no seal
 *
 * Which machine carries a sealed order out, with a real Redis; no name server is needed.
 */
import { expect } from 'chai'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import { OrderBusyError } from '../../../lib/queue/job-schemas.js'
import { queueName } from '../../../lib/queue/jobs.js'
import { QUEUE_PREFIX } from '../../../lib/queue/queues.js'
import { SharedOrders } from '../../../lib/queue/shared-orders.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { connectRedis } from '../../../lib/state/redis.js'
import { Seals } from '../../../lib/state/seals.js'
import { JobTakers } from '../../../services/worker/job-takers.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'

const KEY = 'zonecast:east:used-orders'

describe('used orders in Redis', function () {
  this.timeout(30_000)
  needsPeers('redis')
  let server: LabRedis
  let redis: Redis
  before(async () => {
    server = await startRedis()
    redis = connectRedis({ kind: 'url', url: server.url }, { queueing: false })
    await eventually(() => expect(redis.status).to.equal('ready'))
  })
  beforeEach(() => redis.del(KEY))
  after(async () => {
    redis?.disconnect()
    await server?.stop()
  })
  const machine = (worker: string): SharedOrders => {
    const seals = new Seals(Buffer.alloc(32, 1), { hub: 'east', keys: new Map() })
    return new SharedOrders({ redis, hub: 'east', seals, worker, isAlive: () => true, runOf: () => 1 })
  }

  it('are known whatever lines a foreign writer adds, with whatever times', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    const lines = Array.from({ length: 2_500 }, (_, i) => [i % 2 === 0 ? '9e15' : String(Date.now()), `junk${i}`]).flat()
    await redis.zadd(KEY, ...lines, 'inf', 'x a1 ended w3', '-inf', 'x')
    for (const id of ['a0', 'a1']) {
      expect(await other.claim(id === 'a0' ? 'b' : 'c')).to.equal(undefined)
      expect(await one.claim(id)).to.equal(undefined)
      expect(await other.claim(id)).to.deep.equal({ step: 'begun', worker: 'w1' })
      await redis.zadd(KEY, 'inf', 'y', '9e15', 'z')
      await one.noteEnd(id)
      expect(await other.newlyEnded()).to.include(id)
      expect(await other.claim(id)).to.deep.equal({ step: 'ended', worker: 'w1' })
    }
    expect(await redis.zcount(KEY, Date.now() + 3_600_000, '+inf')).to.equal(0)
  })

  it('begin on one machine, also when two get them at once', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    for (let i = 0; i < 50; i++) {
      const [a, b] = await Promise.all([one.claim(`a${i}`), other.claim(`a${i}`)])
      expect([a, b].filter((elsewhere) => elsewhere === undefined)).to.have.length(1)
    }
  })

  it('that are busy keep their job, which the queue gives again', async () => {
    const connect = (): Redis => connectRedis({ kind: 'url', url: server.url }, { queueing: true })
    const connection = connect()
    const queue = new Queue(queueName('provision', 'east'), { connection, prefix: QUEUE_PREFIX })
    const orders = { end: async () => undefined, follow: async () => undefined }
    const takers = new JobTakers({ hub: 'east', queues: { workers: undefined } as never, orders, log: silentLogger, connect })
    let runs = 0
    takers.take('provision', 1, async () => {
      if (++runs === 1) throw new OrderBusyError({ code: 'QUEUE_ORDER_BUSY', kind: 'provision' }, 'busy')
      return runs
    })
    try {
      const { id } = await queue.add('provision', {})
      await eventually(async () => expect(await (await queue.getJob(id!))!.getState()).to.equal('completed'), {
        timeoutMs: 20_000,
      })
      expect(runs).to.equal(2)
    } finally {
      await takers.stop()
      await queue.close()
      connection.disconnect()
    }
  })
})
