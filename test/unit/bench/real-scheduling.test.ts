/** The scheduling code of a worker in virtual time, and what follows from it for larger fleets. */
import { expect } from 'chai'
import { fullestShare, projected } from '../../../bench/fleet/project.js'
import { namesOf, RealScheduling } from '../../../bench/fleet/real-scheduling.js'
import type { SimulatedColumn } from '../../../bench/fleet/simulate.js'
import { Simulation } from '../../../bench/fleet/simulation.js'
import { VirtualTime } from '../../../bench/fleet/virtual-time.js'
import { planShards, shardOf } from '../../../lib/fleet/shards.js'

const OPTIONS = {
  zones: 60,
  nodes: 6,
  latencyMs: [20, 200],
  loss: 0,
  pace: 50,
  tickMs: 5,
  turnMs: 1,
  limitMs: 600_000,
  restMs: 120_000,
  seed: 7,
} as const

describe('the scheduling code of a worker in virtual time', function () {
  this.timeout(60_000)
  const run = (options: Partial<typeof OPTIONS> | { loss: number } = {}) =>
    new Simulation({ ...OPTIONS, ...options }).run((wires) => new RealScheduling(wires, OPTIONS, 8))

  it('confirms all pairs with one NOTIFY and few queries each, at the pace of the nodes', async () => {
    const { allHaveSeconds, confirmedSeconds, notifies, queries, restQueriesPerSecond } = await run()
    const pairs = OPTIONS.zones * OPTIONS.nodes
    expect(allHaveSeconds).to.be.within(OPTIONS.zones / OPTIONS.pace, 10)
    expect(confirmedSeconds).to.be.within(allHaveSeconds!, 20)
    expect(notifies).to.be.within(pairs, 1.2 * pairs)
    expect(queries).to.be.within(pairs, 5 * pairs)
    // Every pair once a minute.
    expect(restQueriesPerSecond).to.be.within(0.8 * (pairs / 60), 1.6 * (pairs / 60))
  })

  it('confirms all pairs when one message of ten is lost', async () => {
    const { confirmedSeconds, notifies } = await run({ loss: 0.1 })
    expect(confirmedSeconds).to.be.within(1, 120)
    expect(notifies).to.be.greaterThan(OPTIONS.zones * OPTIONS.nodes)
  })

  it('leaves the timers of the process as they were', async () => {
    const before = [setTimeout, setInterval, setImmediate, performance.now]
    await run({ restMs: 0 } as never)
    expect([setTimeout, setInterval, setImmediate, performance.now]).to.deep.equal(before)
  })

  it('has the zones of the shards of one worker', () => {
    const plan = planShards(['worker-0', 'worker-1', 'worker-2'], () => undefined)
    for (const name of namesOf(50, 3)) expect(plan[shardOf(name)]).to.equal('worker-0')
  })
})

describe('virtual time', () => {
  let now: number
  let time: VirtualTime
  let ran: string[]
  const until = (at: number): void =>
    within(() => {
      for (; now < at; now++) time.runDue()
      time.runDue()
    })
  /** Timers are made and run in virtual time. */
  const within = (work: () => void): void => {
    const restore = time.install()
    try {
      work()
    } finally {
      restore()
    }
  }

  beforeEach(() => {
    now = 0
    ran = []
    time = new VirtualTime(() => now)
  })

  it('runs timers in the order of their times, and of their calls at one time', () => {
    within(() => {
      setTimeout(() => ran.push('b'), 20)
      setTimeout(() => ran.push('a'), 10)
      setTimeout(() => ran.push('c'), 20)
      setImmediate(() => ran.push(`now ${performance.now()}`))
    })
    until(15)
    expect(ran).to.deep.equal(['now 0', 'a'])
    until(20)
    expect(ran).to.deep.equal(['now 0', 'a', 'b', 'c'])
    expect(time.size).to.equal(0)
  })

  it('repeats intervals until they are cleared, and forgets cleared timers', () => {
    within(() => {
      const interval = setInterval(() => ran.push(String(now)), 10)
      clearTimeout(setTimeout(() => ran.push('cleared'), 5))
      setTimeout(() => clearInterval(interval), 35)
    })
    until(100)
    expect(ran).to.deep.equal(['10', '20', '30'])
  })
})

describe('what a larger fleet needs', () => {
  it('follows from slopes, the fullest worker and the budget of queries', () => {
    const column = (zones: number, nodes: number): SimulatedColumn => {
      const pairs = zones * nodes
      const result = {
        allHaveSeconds: 1,
        confirmedSeconds: 1,
        notifies: pairs,
        mostWaiting: 1,
        queries: 2 * pairs,
        mostQueriesPerSecond: 1,
        mostQueriesPerSecondToOne: 1,
        restQueriesPerSecond: 1,
        mostMb: 50 + pairs / 1e4,
        cpuSeconds: pairs / 1e5,
      }
      return { size: { zones, nodes, workers: 1 }, result }
    }
    const columns = [column(1000, 10), column(2000, 10), column(1000, 20), column(2000, 20)]
    const table = projected({ zones: 1_000_000, nodes: 500, workers: 1 }, columns, { pace: 200, cpuMs: 0.2 })
    const value = (name: string) => new RegExp(`\\| ${name} \\| ([^|]+) \\|`).exec(table)?.[1]
    expect(value('its pairs')).to.equal('500,000,000')
    expect(value('its scheduling: memory')).to.equal('50,050 MB')
    expect(value('a change of all zones: NOTIFYs')).to.equal('500,000,000')
    expect(value('a change of all zones: decided by')).to.equal('the CPU of the fullest worker, 28 h')
    // A quarter of 2,000 a second.
    expect(value('at rest: SOA queries per second, all workers')).to.equal('500')
    expect(value('at rest: a pair is observed again after')).to.equal('278 h')
  })

  it('has no worker with much more than its share', () => {
    expect(fullestShare(1)).to.equal(1)
    expect(fullestShare(8)).to.be.within(1 / 8, 1.1 / 8)
  })
})
