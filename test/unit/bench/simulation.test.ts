/** The simulation of scheduling code in virtual time. */
import { expect } from 'chai'
import fc from 'fast-check'
import { Events } from '../../../bench/fleet/events.js'
import { simulate, sizesOf, tableOfSimulations } from '../../../bench/fleet/simulate.js'
import { type Scheduling, type SimulatedWires, Simulation } from '../../../bench/fleet/simulation.js'

const OPTIONS = {
  zones: 200,
  nodes: 5,
  latencyMs: [20, 200],
  loss: 0.05,
  pace: 50,
  tickMs: 50,
  limitMs: 600_000,
  restMs: 10_000,
  seed: 7,
} as const

/** A window per node; NOTIFYs again after five seconds; queries after a delivery, and one per tick at rest. */
class SmallScheduling implements Scheduling {
  readonly #wires: SimulatedWires
  readonly #window: number
  readonly #queues = Array.from({ length: OPTIONS.nodes }, (): number[] => [])
  readonly #open = Array.from({ length: OPTIONS.nodes }, () => new Map<number, number>())
  #next = 0

  constructor(wires: SimulatedWires, window: number) {
    this.#wires = wires
    this.#window = window
  }

  release(zone: number): void {
    for (const queue of this.#queues) queue.push(zone)
  }

  tick(): void {
    const now = this.#wires.now()
    for (const [node, open] of this.#open.entries()) {
      while (open.size < this.#window && this.#queues[node]!.length > 0) open.set(this.#queues[node]!.shift()!, -Infinity)
      for (const [zone, at] of open)
        if (now - at > 5000) {
          open.set(zone, now)
          this.#wires.notify(node, zone)
        }
    }
    this.#wires.query(0, this.#next++ % OPTIONS.zones)
  }

  notified(): void {}

  delivered(node: number, zone: number): void {
    this.#open[node]!.delete(zone)
    this.#wires.query(node, zone)
  }

  answered(node: number, zone: number, hasNewest: boolean | undefined): void {
    if (hasNewest === undefined) this.#wires.query(node, zone)
  }
}

describe('a simulation of a fleet', () => {
  it('confirms all pairs at the pace of the nodes, whatever is lost', async () => {
    const result = await new Simulation(OPTIONS).run((wires) => new SmallScheduling(wires, 10))
    // 200 zones at 50 per second.
    expect(result.allHaveSeconds).to.be.within(4, 60)
    expect(result.confirmedSeconds).to.be.least(result.allHaveSeconds!)
    expect(result.notifies).to.be.within(1000, 1400)
    expect(result.queries).to.be.least(1000)
    // One per tick, and again those that were lost.
    expect(result.restQueriesPerSecond).to.be.within(20, 25)
  })

  it('counts the NOTIFYs that wait at a node', async () => {
    const most = async (window: number) =>
      (await new Simulation(OPTIONS).run((wires) => new SmallScheduling(wires, window))).mostWaiting
    expect(await most(10)).to.be.most(20)
    expect(await most(200)).to.be.greaterThan(100)
  })

  it('is the same for the same seed', async () => {
    const run = async () => {
      const {
        mostMb: _,
        cpuSeconds: __,
        ...result
      } = await new Simulation(OPTIONS).run((wires) => new SmallScheduling(wires, 10))
      return result
    }
    expect(await run()).to.deep.equal(await run())
  })

  it('ends at its limit when a version is not pushed', async () => {
    const idle: Scheduling = { release() {}, tick() {}, notified() {}, delivered() {}, answered() {} }
    const result = await new Simulation({ ...OPTIONS, limitMs: 5000 }).run(() => idle)
    expect(result.confirmedSeconds).to.equal(undefined)
    expect(result.queries).to.equal(0)
  })
})

describe('the table of simulations', () => {
  it('multiplies by the workers what they add up to', async () => {
    const make = (wires: SimulatedWires) => new SmallScheduling(wires, 10)
    const table = tableOfSimulations(await simulate(sizesOf('800x5/4'), 200, make))
    expect(table).to.match(/^\| {2}\| 800 × 5, 4 workers \|$/m)
    const [, rest] = /queries per second at rest \| (\d+)/.exec(table)!
    expect(Number(rest)).to.be.within(800, 900)
    expect(table).to.match(/NOTIFYs per pair \| 1(\.\d)? \|/)
  })

  it('refuses what is not a size', () => {
    expect(() => sizesOf('10 zones')).to.throw('"10 zones" is not a size')
  })
})

describe('events of a simulation', () => {
  it('come in the order of their times', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 3000 }), (times) => {
        const events = new Events()
        for (const [zone, at] of times.entries()) events.push({ at, kind: zone % 9, node: zone, zone })
        const out = times.map(() => events.shift()!)
        expect(out.map(({ at }) => at)).to.deep.equal([...times].sort((a, b) => a - b))
        for (const { at, kind, node, zone } of out) expect([at, kind, node]).to.deep.equal([times[zone], zone % 9, zone])
        expect(events.shift()).to.equal(undefined)
      }),
    )
  })
})
