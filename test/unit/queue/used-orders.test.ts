/** A sealed order is carried out once, also when its copy is queued after a restart. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { UsedOrders } from '../../../lib/queue/used-orders.js'
import { expectError } from '../../support/expect-error.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 10, 30, 12)

describe('a sealed order', () => {
  const scratch = scratchDirs()
  let dataDir: string
  let now: number
  let runs: number
  const process = (): UsedOrders => new UsedOrders(dataDir, () => now)
  const order = { kind: 'resync' as const, id: 'a1', sealedAt: NOW }
  const work = async (): Promise<number> => (runs += 1)
  const isRefused = (orders: UsedOrders): Promise<Error> => expectError('QUEUE_FOREIGN_JOB', () => orders.run(order, work))

  beforeEach(() => {
    dataDir = scratch()
    now = NOW
    runs = 0
  })

  it('is not carried out a second time, by this process, another, or the next', async () => {
    const [first, beside] = [process(), process()]
    await first.run(order, work)
    await first.end(order.id)
    for (const again of [first, beside, process()]) await isRefused(again)
    expect(runs).to.equal(1)
  })

  it('runs beside what others put into the folder, and leaves that', async () => {
    for (const name of ['.snapshot', '2020-01-01']) mkdirSync(join(dataDir, 'orders', name), { recursive: true })
    writeFileSync(join(dataDir, 'orders', '.keep'), '')
    await process().run(order, work)
    expect(runs).to.equal(1)
    expect(readdirSync(join(dataDir, 'orders'))).to.include.members(['.snapshot', '2020-01-01', '.keep'])
  })

  it('that the queue gives again while it runs, as after a pause of Redis, has the result of its only run', async () => {
    const orders = process()
    let finish = (_result: number): void => undefined
    const begun = new Promise<void>((resolve) => {
      void orders.run(order, () => {
        resolve()
        return new Promise<number>((done) => {
          finish = done
        })
      })
    })
    await begun
    const again = orders.run(order, work)
    // The queue reports the first run as failed: the order has not ended.
    await orders.end(order.id)
    finish(7)
    expect(await again).to.equal(7)
    expect(runs).to.equal(0)
    await orders.end(order.id)
    await isRefused(orders)
  })

  it('that ended while Redis was away is not carried out again, whether it failed or not', async () => {
    const orders = process()
    expect(await orders.run(order, work)).to.equal(1)
    // The queue had no answer to the end of the job, and gives it again.
    expect(await orders.run(order, work)).to.equal(1)
    await orders.end(order.id)
    await isRefused(orders)
    const other = { ...order, id: 'a2' }
    const fail = async (): Promise<number> => {
      runs += 1
      throw new Error('no node answers')
    }
    for (let i = 0; i < 2; i++)
      expect(await orders.run(other, fail).catch((error: Error) => error.message)).to.equal('no node answers')
    expect(runs).to.equal(2)
  })

  it('goes on after a restart that cut it off, also hours later', async () => {
    await process().run(order, work)
    now += 20 * HOUR_MS
    await process().run(order, work)
    expect(runs).to.equal(2)
  })

  it('begins within an hour', async () => {
    now = NOW + HOUR_MS + 1
    await isRefused(process())
    now = NOW + HOUR_MS
    await process().run(order, work)
    expect(runs).to.equal(1)
  })

  it('of a machine that died does not go on in another dataDir after an hour, and the refusal states both causes', async () => {
    await process().run(order, work)
    now += HOUR_MS + 1
    dataDir = scratch()
    const { message } = await isRefused(process())
    expect(message).to.include('resync-a1 ').and.not.include('waited')
    expect(message).to.include('given over an hour ago').and.include('another machine may have begun it')
    expect(runs).to.equal(1)
  })

  it('has its end noted on the day of its seal, after midnight too', async () => {
    const orders = process()
    await orders.run(order, work)
    now += 20 * HOUR_MS
    await orders.end(order.id)
    await isRefused(process())
    expect(readdirSync(join(dataDir, 'orders'))).to.deep.equal(['2026-11-30'])
  })

  it('is refused after a line that a crash cut off', async () => {
    const orders = process()
    await orders.run({ ...order, id: 'b2' }, work)
    writeFileSync(join(dataDir, 'orders', '2026-11-30'), 'b2 beg', { flag: 'a' })
    await orders.run(order, work)
    await orders.end(order.id)
    await isRefused(process())
  })

  it('is forgotten when no copy would be valid any more', async () => {
    await process().run(order, work)
    now += 24 * 10 * HOUR_MS
    await process().run({ ...order, id: 'b2', sealedAt: now }, work)
    expect(readdirSync(join(dataDir, 'orders'))).to.deep.equal(['2026-12-10'])
  })

  it('does not begin on a disk that does not take the note', async () => {
    writeFileSync(join(dataDir, 'orders'), '')
    let error: unknown
    await process()
      .run(order, work)
      .catch((thrown: unknown) => (error = thrown))
    expect([(error as NodeJS.ErrnoException).code, runs]).to.deep.equal(['ENOTDIR', 0])
  })
})
