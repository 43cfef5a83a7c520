/**
 *   worker ──▶ Redis ──▶ api, which starts later
 *
 * A worker that is alone publishes nothing and writes packed pairs slowly. A process that starts meanwhile still gets each of them.
 */
import { expect } from 'chai'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { Metrics } from '../../lib/runtime/metrics.js'
import { Board } from '../../lib/state/board.js'
import { BoardSync } from '../../lib/state/board-sync.js'
import { cellAtRest } from '../../lib/state/pair-cells.js'
import { RedisLink } from '../../lib/state/redis-link.js'
import { Seals } from '../../lib/state/seals.js'
import { SignalBus } from '../../lib/state/signals.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'

// More than the number of pairs that stay complete.
const ZONES = Array.from({ length: 12_000 }, (_, i) => `z${i}.example.` as ZoneName)

describe('a process that starts while packed pairs are not written yet', function () {
  this.timeout(60_000)
  needsPeers('redis')
  let redis: LabRedis
  const ends: (() => Promise<void>)[] = []

  const open = async (isWorker: boolean): Promise<{ board: Board; sync: BoardSync }> => {
    const link = await RedisLink.open({ kind: 'url', url: redis.url }, silentLogger)
    const board = new Board()
    const sync = new BoardSync({
      redis: link.data,
      subscriber: link.subscriber,
      board,
      bus: new SignalBus(),
      hub: 'east',
      seals: new Seals(Buffer.alloc(32, 1), { hub: 'east', keys: new Map() }),
      log: silentLogger,
      clock: systemClock,
      metrics: new Metrics(),
      isPrivate: false,
      isWorker,
      fleet: { hasZone: () => true, hasNode: () => true, zones: () => ZONES },
    })
    ends.push(async () => {
      await sync.stop()
      link.close()
    })
    await sync.start()
    return { board, sync }
  }

  before(async () => {
    redis = await startRedis()
  })
  after(async () => {
    for (const end of ends.reverse()) await end()
    await redis?.stop()
  })

  it('has every pair', async () => {
    const { board: worker } = await open(true)
    const now = Date.now()
    for (const zone of ZONES) worker.setPair(zone, 'ams1', cellAtRest(5, now, undefined))
    const { board: late } = await open(false)
    await eventually(
      () => {
        const missing = ZONES.filter((zone) => late.pairs.at(zone, 'ams1')?.serial !== 5)
        expect(missing).to.deep.equal([])
      },
      { timeoutMs: 20_000, everyMs: 200 },
    )
  })

  it('has no force that is long past, also not from Redis', async () => {
    const { board, sync } = await open(true)
    const force = { serial: 5, digest: 'd', outcome: 'confirmed', by: 'noc' } as const
    board.set('forces', 'z1.example. ams1', { ...force, at: Date.now() - 8 * 86_400_000 })
    board.set('forces', 'z2.example. ams1', { ...force, at: Date.now() })
    const stored = async (): Promise<string[]> =>
      (await redis.control('HKEYS', 'zonecast:forces')).split('\n').filter((key) => key !== '')
    await eventually(async () => expect(await stored()).to.have.length(2))
    await sync.forgetOld()
    await eventually(async () => expect(await stored()).to.deep.equal(['z2.example. ams1']))
    const { board: later } = await open(false)
    expect(Array.from(later.entries('forces'), ([key]) => key)).to.deep.equal(['z2.example. ams1'])
  })
})
