/**
 *   worker a ──▶ Redis: a channel for each shard ──▶ worker b, api
 *
 * A worker gets the messages about its own zones alone, from the moment on at which it has their shard.
 */
import { once } from 'node:events'
import { expect } from 'chai'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import { SHARDS, shardOf } from '../../../lib/fleet/shards.js'
import { systemClock } from '../../../lib/runtime/clock.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { BoardSync } from '../../../lib/state/board-sync.js'
import { PAGE_CHANNELS } from '../../../lib/state/packed-sync.js'
import { RedisLink } from '../../../lib/state/redis-link.js'
import { Seals } from '../../../lib/state/seals.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'

const ZONES = Array.from({ length: 40 }, (_, i) => `z${i}.example.` as ZoneName)
const LOW = Array.from({ length: SHARDS / 2 }, (_, shard) => shard)
const HIGH = LOW.map((shard) => shard + SHARDS / 2)

interface Process {
  board: Board
  bus: SignalBus
  sync: BoardSync
  link: RedisLink
  /** Zones of the values and signals that came. */
  heard: Set<string>
}

describe('messages between workers', function () {
  this.timeout(60_000)
  needsPeers('redis')
  let redis: LabRedis
  let shards: readonly number[] = LOW
  const processes: Process[] = []

  const open = async (own?: () => readonly number[]): Promise<Process> => {
    const link = await RedisLink.open({ kind: 'url', url: redis.url }, silentLogger)
    const [board, bus, heard] = [new Board(), new SignalBus(), new Set<string>()]
    const sync = new BoardSync({
      redis: link.data,
      subscriber: link.subscriber,
      board,
      bus,
      hub: 'east',
      seals: new Seals(Buffer.alloc(32, 1), { hub: 'east', keys: new Map() }),
      log: silentLogger,
      clock: systemClock,
      metrics: new Metrics(),
      isPrivate: false,
      isWorker: true,
      shards: own,
      fleet: { hasZone: () => true, hasNode: () => true, zones: () => ZONES },
    })
    board.onChange(({ key }, origin) => origin === 'there' && heard.add(key))
    bus.on('committed', ({ zone }) => heard.add(`committed ${zone}`))
    const process = { board, bus, sync, link, heard }
    processes.push(process)
    await sync.start()
    return process
  }
  const say = ({ board, bus }: Process): void => {
    const at = Date.now()
    for (const zone of ZONES) {
      board.set('orders', zone, { at, decisions: [] })
      bus.emit('committed', { zone, serial: 1, at })
    }
    board.set('catalogs', 'cat.example.', { at, serial: 1, members: 1, leaving: 0, error: undefined, findings: [] })
  }
  const channels = async ({ link }: Process): Promise<string[]> => (await link.data.pubsub('CHANNELS', 'zonecast:*')) as string[]
  const expected = (own: readonly number[]): string[] =>
    ['cat.example.', ...ZONES.filter((zone) => own.includes(shardOf(zone))).flatMap((zone) => [zone, `committed ${zone}`])].sort()
  const hears = async (listener: Process, own: readonly number[]): Promise<void> => {
    await eventually(() => expect([...listener.heard].sort()).to.deep.equal(expected(own)))
    listener.heard.clear()
  }

  before(async () => {
    redis = await startRedis()
  })
  after(async () => {
    for (const { sync, link } of processes) {
      await sync.stop()
      link.close()
    }
    await redis?.stop()
  })

  it('go to the processes that have the shard of their zone', async () => {
    const speaker = await open()
    const [worker, api] = [await open(() => shards), await open()]
    await eventually(async () => expect((await channels(speaker)).length).to.equal(SHARDS + 1 + PAGE_CHANNELS.length))
    say(speaker)
    await hears(worker, LOW)
    await hears(api, [...LOW, ...HIGH])
  })

  it('follow the shards of a worker', async () => {
    const [speaker, worker] = processes as [Process, Process]
    shards = HIGH
    await worker.sync.followShards(false)
    say(speaker)
    await hears(worker, HIGH)
  })

  it('come again after a worker lost its connection, about the shards that it has then', async () => {
    const [speaker, worker] = processes as [Process, Process]
    const closed = once(worker.link.subscriber, 'close')
    worker.link.subscriber.disconnect(true)
    shards = LOW
    await closed
    await eventually(() => expect(worker.link.subscriber.status).to.equal('ready'), { timeoutMs: 10_000 })
    await worker.sync.prove()
    // Cells that it reads again are no messages.
    await eventually(async () => expect((await channels(worker)).length).to.equal(SHARDS + 1 + PAGE_CHANNELS.length))
    worker.heard.clear()
    say(speaker)
    const signals = (names: Iterable<string>): string[] => [...names].filter((name) => name.startsWith('committed')).sort()
    await eventually(() => expect(signals(worker.heard)).to.deep.equal(signals(expected(LOW))))
  })
})
