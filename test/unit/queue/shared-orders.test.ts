/** A sealed order of one machine is not carried out by another, and goes on there when its machine is gone. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { SharedOrders } from '../../../lib/queue/shared-orders.js'
import { UsedOrders } from '../../../lib/queue/used-orders.js'
import { Seals } from '../../../lib/state/seals.js'
import { expectError } from '../../support/expect-error.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const NOW = Date.UTC(2026, 10, 30, 12)
const order = { kind: 'resync' as const, id: 'a1', sealedAt: NOW }

/** A sorted set with the used commands of Redis. */
class FakeRedis {
  lines: { score: number; line: string }[] = []
  isAway = false
  #now = 1_000

  add(line: string): void {
    this.#now += 1
    this.lines.push({ score: this.#now, line })
  }
  /** The scripts of shared-orders.ts: one writes a line, the other reads lines. */
  readonly eval = async (...args: unknown[]): Promise<unknown> => {
    if (this.isAway) throw new Error('away')
    this.lines = this.lines.filter(({ score }) => score <= this.#now + 60_000)
    const counted = (from: unknown) => this.lines.filter(({ score }) => score >= Number(from))
    if (args.length === 5) {
      const found = counted(args[3]).slice(Number(args[4]), Number(args[4]) + 1_000)
      return [String(this.#now), found.map(({ line }) => line)]
    }
    if (args[4] !== '' && counted(args[4]).length !== args[5]) return 0
    this.add(String(args[3]))
    return 1
  }
}

describe('a sealed order on several machines', () => {
  const scratch = scratchDirs()
  let redis: FakeRedis
  let alive: Set<string>
  let started: number
  let now: number
  let runs: string[]
  beforeEach(() => {
    redis = new FakeRedis()
    alive = new Set(['w1', 'w2'])
    runs = []
    started = 1
    now = NOW
  })
  const machine = (worker: string, secret = 1, dataDir = scratch()) => {
    const seals = new Seals(Buffer.alloc(32, secret), { hub: 'east', keys: new Map() })
    const isAlive = (name: string) => alive.has(name)
    const runOf = (name: string) => (name === 'w1' ? started : 7)
    const parts = { redis: redis as never, hub: 'east', seals, worker, isAlive, runOf }
    const orders = new UsedOrders(dataDir, () => now, new SharedOrders(parts))
    const notes = (): string => {
      const folder = join(dataDir, 'orders')
      return readdirSync(folder)
        .map((day) => readFileSync(join(folder, day), 'utf8'))
        .join('')
    }
    const run = () => orders.run(order, async () => runs.push(worker))
    return { orders, notes, run, dataDir }
  }
  const refusal = async (run: () => Promise<unknown>) => (await expectError('QUEUE_FOREIGN_JOB', run)).message

  it('that ended on one is refused by the other', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    await one.run()
    await one.orders.end(order.id)
    expect(await refusal(other.run)).to.include('was carried out before, by worker w1')
    expect(runs).to.deep.equal(['w1'])
  })

  it('that runs on one waits on the other, and goes on there when the first is gone', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    await one.run()
    for (let i = 0; i < 2; i++) {
      const error = await expectError('QUEUE_ORDER_BUSY', other.run)
      expect(error).to.include({ nextMove: 'later', message: 'resync-a1 is carried out by worker w1' })
    }
    alive.delete('w1')
    await other.run()
    expect(runs).to.deep.equal(['w1', 'w2'])
  })

  it('goes on on the other when the first has restarted under its name, and on the first too', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    await one.run()
    started = 2
    await other.run()
    alive.delete('w2')
    await machine('w1', 1, one.dataDir).run()
    expect(runs).to.deep.equal(['w1', 'w2', 'w1'])
  })

  it('waits on the other after an hour too, while the first carries it out', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    await one.run()
    now = NOW + 2 * 3_600_000
    await expectError('QUEUE_ORDER_BUSY', other.run)
    alive.delete('w1')
    expect(await refusal(other.run)).to.include('was given over an hour ago')
    expect(runs).to.deep.equal(['w1'])
  })

  it('is not carried out by a machine that knows of an earlier run only', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    started = 2
    await one.run()
    started = 1
    await expectError('QUEUE_ORDER_BUSY', other.run)
    expect(runs).to.deep.equal(['w1'])
  })

  it('begins on one of two that get it at once', async () => {
    const both = await Promise.allSettled([machine('w1'), machine('w2')].map(({ run }) => run()))
    expect(both.map(({ status }) => status)).to.have.members(['fulfilled', 'rejected'])
    expect(runs).to.have.length(1)
  })

  it('has its end noted by the other when the disk of that has room again', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    await one.run()
    await one.orders.end(order.id)
    const folder = join(other.dataDir, 'orders')
    writeFileSync(folder, '')
    expect(await other.orders.follow().catch((error: NodeJS.ErrnoException) => error.code)).to.equal('EEXIST')
    rmSync(folder)
    await other.orders.follow()
    expect(other.notes()).to.include('a1 ended')
  })

  it('is known to the disk of the other, also when Redis has lost it', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    await one.run()
    await one.orders.end(order.id)
    await other.orders.follow()
    expect(other.notes()).to.include('a1 ended')
    redis.lines = []
    expect(await refusal(other.run)).to.include('was carried out before; give')
  })

  it('that ended while Redis was away is known to the other later', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    await one.run()
    redis.isAway = true
    await one.orders.end(order.id)
    redis.isAway = false
    await one.orders.follow()
    expect(await refusal(other.run)).to.include('was carried out before, by worker w1')
  })

  it('does not begin while Redis is away', async () => {
    const one = machine('w1')
    redis.isAway = true
    expect((await expectError('QUEUE_ORDER_BUSY', one.run)).message).to.equal('resync-a1 cannot begin: away')
    expect(runs).to.deep.equal([])
    redis.isAway = false
    await one.run()
    expect(runs).to.deep.equal(['w1'])
  })

  it('is known also behind lines from the future', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    for (let i = 0; i < 1_000; i++) redis.lines.push({ score: i === 0 ? Number.POSITIVE_INFINITY : 9e15, line: `junk${i}` })
    await other.orders.follow()
    await one.run()
    await expectError('QUEUE_ORDER_BUSY', other.run)
    await one.orders.end(order.id)
    expect(await refusal(other.run)).to.include('was carried out before, by worker w1')
  })

  it('is not refused because of lines without a seal, however many', async () => {
    for (let i = 0; i < 2_500; i++) redis.add(`x a1 ended w${i}`)
    for (const line of ['', 'a', 'x a1', 'x a1 ended', 'x a1 other w2']) redis.add(line)
    await machine('w2', 2).run()
    await machine('w1').run()
    expect(runs).to.deep.equal(['w2', 'w1'])
  })
})
