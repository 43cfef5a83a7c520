/** A sealed order of one machine is not carried out by another, and goes on there when its machine is gone. */
import { readdirSync, readFileSync } from 'node:fs'
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
  readonly eval = async (...args: unknown[]): Promise<unknown> => {
    if (this.isAway) throw new Error('away')
    this.add(String(args[3]))
    return null
  }
  readonly zrangebyscore = async (...args: unknown[]): Promise<string[]> => {
    if (this.isAway) throw new Error('away')
    const [since, most] = [Number(args[1]), Number(args[6])]
    const found = this.lines.filter(({ score }) => score >= since).slice(0, most)
    return found.flatMap(({ score, line }) => [line, String(score)])
  }
}

describe('a sealed order on several machines', () => {
  const scratch = scratchDirs()
  let redis: FakeRedis
  let alive: Set<string>
  let runs: string[]
  beforeEach(() => {
    redis = new FakeRedis()
    alive = new Set(['w1', 'w2'])
    runs = []
  })
  const machine = (worker: string, secret = 1) => {
    const dataDir = scratch()
    const seals = new Seals(Buffer.alloc(32, secret), { hub: 'east', keys: new Map() })
    const parts = { redis: redis as never, hub: 'east', seals, worker, isAlive: (name: string) => alive.has(name) }
    const orders = new UsedOrders(dataDir, () => NOW, new SharedOrders(parts))
    const notes = (): string => {
      const folder = join(dataDir, 'orders')
      return readdirSync(folder)
        .map((day) => readFileSync(join(folder, day), 'utf8'))
        .join('')
    }
    const run = () => orders.run(order, async () => runs.push(worker))
    return { orders, notes, run }
  }
  const refusal = async (run: () => Promise<unknown>) => (await expectError('QUEUE_FOREIGN_JOB', run)).message

  it('that ended on one is refused by the other', async () => {
    const [one, other] = [machine('w1'), machine('w2')]
    await one.run()
    await one.orders.end(order.id)
    expect(await refusal(other.run)).to.include('was carried out before, by worker w1')
    expect(runs).to.deep.equal(['w1'])
  })

  it('that runs on one is refused by the other, and goes on there when the first is gone', async () => {
    const [one, other, next] = [machine('w1'), machine('w2'), machine('w3')]
    await one.run()
    expect(await refusal(other.run)).to.include('is carried out by worker w1')
    alive.delete('w1')
    await next.run()
    expect(runs).to.deep.equal(['w1', 'w3'])
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
    expect(await one.run().catch((error: Error) => error.message)).to.equal('away')
    expect(runs).to.deep.equal([])
  })

  it('is not refused because of lines without a seal, however many', async () => {
    for (let i = 0; i < 2_500; i++) redis.add(`x a1 ended w${i}`)
    for (const line of ['', 'a', 'x a1', 'x a1 ended', 'x a1 other w2']) redis.add(line)
    await machine('w2', 2).run()
    await machine('w1').run()
    expect(runs).to.deep.equal(['w2', 'w1'])
  })
})
