/** A primary that announces very many zones at once: the watcher polls the others. */
import { expect } from 'chai'
import { soaOf } from '../../../lib/dns/message.js'
import { type ZoneName, zoneNameOfWire } from '../../../lib/dns/name.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { WatcherService } from '../../../services/watcher/service.js'
import { eventually } from '../../support/eventually.js'
import { record } from '../../support/record-lines.js'
import { fleetOf } from '../../support/transfer-scene.js'
import { soa } from '../../support/transfer-script.js'

const HOUR_MS = 3_600_000
const NAMES = Array.from({ length: 300 }, (_, i) => `z${i}.example.`)
const ANSWER = { soa: soaOf(record(soa(7))), expireSeconds: undefined, tookMs: 1 }

describe('a rush of NOTIFYs', () => {
  let now = 1_800_000_000_000
  /** SOA queries to the first primary, by zone. */
  const asked = new Map<ZoneName, number>()
  /** Zones for which the primary does not answer. */
  const silent = new Set<string>(NAMES.slice(290))
  const bus = new SignalBus()
  const watcher = new WatcherService(fleetOf(NAMES, [], undefined, { minMs: HOUR_MS, maxMs: HOUR_MS }), {
    bus,
    worker: { beginRefresh: () => true, comparePrimary: () => undefined },
    board: new Board(),
    clock: { now: () => now },
    log: silentLogger,
    metrics: new Metrics(),
    canQueue: () => false,
    queues: { enqueueRefresh: () => Promise.reject(new Error('nothing is queued here')) },
    soa: {
      ask: async ({ address }, apex) => {
        if (address.ip !== '127.0.0.3') throw new Error('silent')
        const zone = zoneNameOfWire(apex)
        asked.set(zone, (asked.get(zone) ?? 0) + 1)
        if (silent.has(zone)) throw new Error('silent')
        return ANSWER
      },
    },
  })
  const timesOf = (names: readonly string[]): number[] => names.map((name) => asked.get(name as ZoneName) ?? 0)

  before(() => watcher.start())
  after(() => watcher.stop())

  it('is followed by one poll of each zone that was not announced and of which it answers', async () => {
    now += 2_000
    await eventually(() => expect(timesOf(NAMES).every((times) => times === 1)).to.equal(true))
    now += 10_000
    for (const zone of NAMES.slice(0, 250))
      bus.emit('notify', { zone: zone as ZoneName, primary: 'hm1', serial: undefined, at: now })
    await eventually(() => expect(timesOf(NAMES.slice(0, 250)).every((times) => times === 2)).to.equal(true))
    expect(timesOf(NAMES.slice(250)).every((times) => times === 1)).to.equal(true)
    now += 1_000
    await eventually(() => expect(timesOf(NAMES.slice(250, 290)).every((times) => times === 2)).to.equal(true))
    expect(timesOf(NAMES.slice(290)).every((times) => times === 1)).to.equal(true)
    expect(timesOf(NAMES.slice(0, 250)).every((times) => times === 2)).to.equal(true)
  })
})
