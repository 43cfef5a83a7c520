/** The SOA in a NOTIFY: a transfer at once when a false serial is cheap, otherwise an SOA query first. */
import { expect } from 'chai'
import { type Soa, soaOf } from '../../../lib/dns/message.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { RefreshJob } from '../../../lib/queue/jobs.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { SignalBus } from '../../../lib/state/signals.js'
import type { ZoneCell } from '../../../lib/state/tables.js'
import type { VersionTrail } from '../../../lib/state/version-marks.js'
import { WatcherService } from '../../../services/watcher/service.js'
import { eventually } from '../../support/eventually.js'
import { record } from '../../support/record-lines.js'
import { fleetOf } from '../../support/transfer-scene.js'
import { soa } from '../../support/transfer-script.js'

const ZONE = parseZoneName('example.')
const CURRENT = 7

function zoneCell(newest: number, kind: VersionTrail['kind']): ZoneCell {
  const mark = { serial: newest, digest: 'd', releasedAt: 1 }
  const trail: VersionTrail = {
    serial: newest,
    seenAt: 1,
    seenAtPrimary: 'hm1',
    transferStartedAt: 1,
    transferTookMs: 1,
    kind,
    records: 3,
    committedAt: 1,
    releasedAt: 1,
  }
  return {
    at: 1,
    released: { ...mark, records: 3, octets: 100 },
    releases: [mark],
    staged: [],
    newest,
    rollouts: [],
    trail,
    refreshedAt: 1,
    expireSeconds: 604_800,
    error: undefined,
    errorAt: undefined,
    failures: 0,
    conflict: undefined,
  }
}

function answerOf(served: number | Error): { soa: Soa; expireSeconds: undefined; tookMs: number } {
  if (served instanceof Error) throw served
  return { soa: soaOf(record(soa(served))), expireSeconds: undefined, tookMs: 1 }
}

describe('the SOA in a NOTIFY (RFC 1996 §3.7)', () => {
  const board = new Board()
  let bus: SignalBus
  let begun: NonNullable<RefreshJob['seen']>[]
  let asked: number
  let served: number | Error
  /** The serial of the other primary. */
  let other: number | Error
  let now: number
  let watcher: WatcherService

  const notify = (serial: number | undefined): void => bus.emit('notify', { zone: ZONE, primary: 'hm1', serial, at: now })
  const asks = (times: number): Promise<unknown> => eventually(() => expect(asked).to.equal(times))
  const serials = (): number[] => begun.map(({ serial }) => serial)
  /** The worker's entry after a refresh. */
  const refreshed = (serial: number): void => board.set('zones', ZONE, { ...zoneCell(serial, 'ixfr'), at: now })

  const begin = async (everyMs: number): Promise<void> => {
    bus = new SignalBus()
    begun = []
    asked = 0
    served = CURRENT
    other = new Error('silent')
    now = 1_800_000_000_000
    board.set('zones', ZONE, zoneCell(CURRENT, 'ixfr'))
    watcher = new WatcherService(fleetOf(['example.'], [], undefined, { minMs: everyMs, maxMs: everyMs }), {
      bus,
      worker: {
        beginRefresh: ({ seen }) => {
          begun.push(seen!)
          return true
        },
        comparePrimary: () => undefined,
      },
      board,
      clock: { now: () => now },
      log: silentLogger,
      metrics: new Metrics(),
      canQueue: () => false,
      queues: { enqueueRefresh: () => Promise.reject(new Error('nothing is queued here')) },
      soa: {
        ask: async ({ address }) => {
          if (address.ip !== '127.0.0.3') return answerOf(other)
          asked += 1
          return answerOf(served)
        },
      },
    })
    await watcher.start()
    // The SOA query of the start, and then none while the clock is stopped.
    now += 1_000
    await asks(1)
    asked = 0
    // After this, a NOTIFY may cause an SOA query at once.
    now += 1_000
  }
  beforeEach(() => begin(600_000))
  afterEach(() => watcher.stop())

  it('starts the transfer at once when it is newer, and queries the SOA a little later', async () => {
    served = 8
    notify(8)
    expect(serials()).to.deep.equal([8])
    expect(begun[0]).to.deep.equal({ primary: 'hm1', serial: 8, at: now })
    expect(asked).to.equal(0)
    refreshed(8)
    now += 100
    await asks(1)
    expect(serials()).to.deep.equal([8])
  })

  it('is not delayed by polls that were due anyway', async () => {
    await watcher.stop()
    await begin(100)
    for (let polls = 1; polls <= 10; polls++) {
      now += 200
      await asks(polls)
    }
    notify(undefined)
    await asks(11)
  })

  it('starts no second transfer while the first is running', async () => {
    served = 9
    notify(8)
    notify(9)
    expect(serials()).to.deep.equal([8])
    await asks(1)
    await eventually(() => expect(serials()).to.deep.equal([8, 9]))
  })

  for (const [id, announced] of [
    ['is the same', CURRENT],
    ['is older', CURRENT - 1],
    ['is half the circle away (RFC 1982 §3.2)', (CURRENT + 2 ** 31) % 2 ** 32],
    ['is left out', undefined],
  ] as const)
    it(`causes an SOA query when it ${id}`, async () => {
      notify(announced)
      await asks(1)
      expect(serials()).to.deep.equal([])
    })

  it('causes an SOA query after an AXFR: a false serial would cost another AXFR', async () => {
    board.set('zones', ZONE, zoneCell(CURRENT, 'axfr'))
    notify(8)
    expect(serials()).to.deep.equal([])
    await asks(1)
  })

  it('causes an SOA query while refreshes of the zone fail', async () => {
    board.set('zones', ZONE, { ...zoneCell(CURRENT, 'ixfr'), error: 'refused', failures: 1 })
    notify(8)
    expect(serials()).to.deep.equal([])
    await asks(1)
  })

  for (const [id, answer] of [
    ['the primary serves an older serial', CURRENT],
    ['the primary does not answer', new Error('silent')],
  ] as const)
    it(`is ignored for a minute when ${id}`, async () => {
      served = answer
      notify(8)
      expect(serials()).to.deep.equal([8])
      refreshed(CURRENT)
      now += 100
      await asks(1)
      now += 1_000
      notify(9)
      expect(serials()).to.deep.equal([8])
      await asks(2)
      now += 60_000
      served = 10
      notify(10)
      await eventually(() => expect(serials()).to.include(10))
    })

  it('causes an SOA query when the newest version did not come by IXFR', async () => {
    const cell = zoneCell(CURRENT, 'ixfr')
    board.set('zones', ZONE, { ...cell, trail: { ...cell.trail!, serial: CURRENT - 1 } })
    notify(8)
    expect(serials()).to.deep.equal([])
    await asks(1)
  })

  it('causes a few SOA queries, then one a second, for any number of NOTIFYs with any serial', async () => {
    served = 100
    for (let i = 0; i < 500; i++) notify(i % 2 === 0 ? undefined : 8 + i)
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      notify(undefined)
    }
    await asks(4)
    for (let more = 5; more < 8; more++) {
      now += 999
      for (let i = 0; i < 100; i++) notify(undefined)
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(asked).to.equal(more - 1)
      now += 1
      await asks(more)
    }
  })

  it("does not delay the reaction to another primary's answer", async () => {
    notify(8)
    expect(begun.map(({ primary }) => primary)).to.deep.equal(['hm1'])
    other = 8
    bus.emit('notify', { zone: ZONE, primary: 'hm2', serial: 8, at: now })
    await eventually(() => expect(begun.map(({ primary }) => primary)).to.deep.equal(['hm1', 'hm2']))
  })
})
