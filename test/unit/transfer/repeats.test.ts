/** A node that transfers one version repeatedly is logged, counted and slowed down, whatever serial it answers; no other node is. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { Logger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Repeats } from '../../../services/transfer/repeats.js'
import { SummedLines } from '../../../services/transfer/summed-lines.js'

const FREE = 6
const V1 = { serial: 1, digest: 'd1' }
const V2 = { serial: 2, digest: 'd2' }
/** The same serial with other content. */
const V2_CHOSEN = { serial: 2, digest: 'd2b' }

class Scene {
  readonly clock = { at: 1_000, now: () => this.clock.at }
  readonly lines: Record<string, unknown>[] = []
  readonly metrics = new Metrics()
  readonly repeats: Repeats

  constructor(free = FREE) {
    const { clock, metrics } = this
    const log = { warn: (line: Record<string, unknown>) => this.lines.push(line) } as unknown as Logger
    this.repeats = new Repeats(free, { clock, log, metrics }, new SummedLines(clock, { waitMs: 1, everyMs: 60_000 }))
  }

  waits(n: number, version = V1, nodes: readonly string[] = ['n1'], zone = 'example.'): number[] {
    const channel = { peer: { ip: '192.0.2.1', port: 53, proto: 'tcp' } }
    const sending = { asker: { kind: 'nodes', nodes }, offer: { zone: { name: zone }, version }, channel }
    return Array.from({ length: n }, () => this.repeats.count(sending as never))
  }
}

describe('a node that transfers one version repeatedly', () => {
  // The board does not matter: a node that never served the zone, and one that serves this version, are counted alike.
  it('may do so a few times, then waits twice as long each time, up to half a minute', () => {
    const waits = [0, 0, 0, 0, 0, 0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
    expect(new Scene().waits(14)).to.deep.equal(waits)
  })

  it('starts anew with another version, with a conflicting version, and after a while', () => {
    const scene = new Scene()
    scene.waits(10)
    expect(scene.waits(1, V2)).to.deep.equal([0])
    scene.waits(10, V2)
    expect(scene.waits(1, V2_CHOSEN)).to.deep.equal([0])
    scene.waits(10, V2_CHOSEN)
    scene.clock.at += 300_001
    expect(scene.waits(1, V2_CHOSEN)).to.deep.equal([0])
  })

  it('is counted for each node and zone', () => {
    const scene = new Scene()
    scene.waits(10)
    expect(scene.waits(1, V1, ['n2'])).to.deep.equal([0])
    expect(scene.waits(1, V1, ['n1'], 'other.example.')).to.deep.equal([0])
  })

  it('may do so as often for each of the nodes that cannot be distinguished', () => {
    const waits = new Scene().waits(20, V1, ['n1', 'n2', 'n3'])
    expect(waits.slice(0, 18).every((ms) => ms === 0)).to.equal(true)
    expect(waits.slice(18)).to.deep.equal([500, 500])
  })

  it('never waits with a limit of 0, and a peer hub never waits', async () => {
    expect(Math.max(...new Scene(0).waits(50))).to.equal(0)
    const scene = new Scene()
    for (let i = 0; i < 50; i++)
      await scene.repeats.slowDown({ asker: { kind: 'hub', id: 'h2' }, offer: { version: V1 }, channel: {} } as never)
  })

  it('is logged in one line with a count of zones, and each repetition is counted', async () => {
    const scene = new Scene()
    for (let zone = 0; zone < 100; zone++) scene.waits(8, V1, ['n1'], `z${zone}.example.`)
    await sleep(20)
    expect(scene.lines).to.have.length(1)
    expect(scene.lines[0]).to.deep.include({ node: 'n1', zones: 100, times: 200 })
    expect(await scene.metrics.registry.metrics()).to.contain('zonecast_repeated_transfers_total{node="n1"} 700')
  })

  it('is found among the 15,000 pairs of 5,000 zones', () => {
    const scene = new Scene()
    const round = () => {
      const waits: number[] = []
      for (let zone = 0; zone < 5_000; zone++)
        for (const node of ['n1', 'n2', 'n3']) waits.push(...scene.waits(1, V1, [node], `z${zone}.example.`))
      return Math.min(...waits)
    }
    expect(Array.from({ length: 7 }, round)).to.deep.equal([0, 0, 0, 0, 0, 0, 500])
  })
})
