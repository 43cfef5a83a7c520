/** When a node that transferred a version, and does not show it, is notified again. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { noteAnswer, noteLost } from '../../../lib/observe/node-cells.js'
import { Delivery } from '../../../lib/push/delivery.js'
import { type LossFacts, LossWatch } from '../../../lib/push/loss-watch.js'
import { ServeDelays } from '../../../lib/push/serve-delay.js'
import { ServedTogether } from '../../../lib/push/served-together.js'
import { Alarms } from '../../../lib/runtime/alarms.js'
import { Board } from '../../../lib/state/board.js'
import { fleetNode } from '../fleet/facts.js'

const facts = (now: number, more: Partial<LossFacts> = {}): LossFacts => ({
  now,
  takenAt: 0,
  usualMs: 0,
  isBusy: false,
  ...more,
})
/** Times of the NOTIFYs to a node that is observed every 100 ms for a minute. */
function timesOf(watch: LossWatch, more: Partial<LossFacts> = {}): number[] {
  const times: number[] = []
  for (let now = 0; now <= 60_000; now += 100) if (watch.isDue(facts(now, more))) times.push(now)
  return times
}

describe('a node that transferred a version and does not show it', () => {
  it('has a second to load it, and is notified at growing intervals then', () => {
    expect(timesOf(new LossWatch())).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 32_000])
  })

  it('has twice its usual time', () => {
    expect(timesOf(new LossWatch(), { usualMs: 10_000 })[0]).to.equal(20_000)
  })

  it('has more time with many deliveries', () => {
    expect(timesOf(new LossWatch(), { isBusy: true })[0]).to.equal(5_000)
  })

  it('is notified at its first answer after it was silent', () => {
    const watch = new LossWatch()
    watch.noteSilence()
    expect(timesOf(watch, { usualMs: 10_000 })).to.deep.equal([0, 20_000, 22_000, 26_000, 34_000, 50_000])
  })

  it('is notified no sooner for being silent again', () => {
    const watch = new LossWatch()
    watch.noteSilence()
    expect(watch.isDue(facts(10))).to.equal(true)
    watch.noteSilence()
    expect(watch.isDue(facts(20))).to.equal(false)
    expect(watch.isDue(facts(1_010))).to.equal(true)
  })
})

const ZONE = { name: parseZoneName('example.') } as unknown as FleetZone

describe('a delivery whose node lost the version', () => {
  const board = new Board()
  const alarms = new Alarms('test')
  const scene = { notifies: 0, outcomes: [] as string[], now: 0 }
  let delivery: Delivery
  beforeEach(() => {
    Object.assign(scene, { notifies: 0, outcomes: [], now: 10_000 })
    delivery = new Delivery(
      {
        node: fleetNode('n1'),
        isBusy: false,
        takeMs: 0,
        onAnswer: () => undefined,
        onSilence: () => undefined,
        onRefusal: () => undefined,
        onEnd: (_, outcome) => scene.outcomes.push(outcome),
      },
      ZONE,
      2,
      Buffer.alloc(0),
      {
        board,
        clock: { now: () => scene.now },
        alarms,
        observer: { observe: () => new Promise(() => undefined) },
        notify: {
          send: (_node, _zone, _soa, _waitMs, done) => {
            scene.notifies += 1
            setImmediate(() => done({ kind: 'answered' }))
          },
        },
        delays: new ServeDelays(),
        serving: new ServedTogether(),
        notifyRetries: { retriesMs: [60_000] },
      },
    )
    delivery.start()
  })
  afterEach(() => delivery.supersede())
  after(() => alarms.stop())
  const report = (digest: string | undefined) => delivery.onDelivered(2, digest, 'ixfr', scene.now)
  const take = () => report('digest')
  const show = (serial: number | undefined) => {
    if (serial !== undefined) noteAnswer(board, ZONE.name, 'n1', serial, scene.now)
    delivery.onLacking(serial)
  }

  it('notifies it again, and notes its next transfer', () => {
    expect(take()).to.equal(true)
    expect(take(), 'the same report again').to.equal(false)
    show(undefined)
    expect(scene.notifies, 'silent').to.equal(1)
    show(1)
    show(1)
    expect(scene.notifies).to.equal(2)
    expect(report(undefined), 'it has the version').to.equal(false)
    scene.now += 50
    expect(take()).to.equal(true)
    show(1)
    expect(scene.notifies).to.equal(2)
    scene.now += 1_000
    show(1)
    expect(scene.notifies).to.equal(3)
  })

  it('notifies it when it no longer serves the zone', () => {
    take()
    scene.now += 1_000
    noteLost(board, ZONE.name, 'n1', 'SERVFAIL', false, scene.now)
    show(undefined)
    expect(scene.notifies).to.equal(2)
  })

  it('waits for the transfer before that', () => {
    show(undefined)
    show(1)
    expect(scene.notifies).to.equal(1)
  })
})
