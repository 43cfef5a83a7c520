/**
 *   a board of 60,000 cells ──▶ Redis ──▶ the board of another process, in slices: the event loop goes on meanwhile
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect } from 'chai'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { Serial } from '../../lib/dns/serial.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { Metrics } from '../../lib/runtime/metrics.js'
import { Board } from '../../lib/state/board.js'
import { BoardSync } from '../../lib/state/board-sync.js'
import { RedisLink } from '../../lib/state/redis-link.js'
import { Seals } from '../../lib/state/seals.js'
import { SignalBus } from '../../lib/state/signals.js'
import { pairKey } from '../../lib/state/tables.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'

const CELLS = 60_000
/** On a machine that does other work too; at rest a slice takes some milliseconds. */
const MOST_BLOCKED_MS = 500

describe('shared state of sixty thousand cells', function () {
  this.timeout(60_000)
  needsPeers('redis')
  let redis: LabRedis
  const syncs: BoardSync[] = []
  const links: RedisLink[] = []

  before(async () => {
    redis = await startRedis()
  })
  after(async () => {
    for (const sync of syncs) await sync.stop()
    for (const link of links) link.close()
    await redis?.stop()
  })

  const open = async (board: Board): Promise<BoardSync> => {
    const link = await RedisLink.open({ kind: 'url', url: redis.url }, silentLogger)
    links.push(link)
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
      hasPair: () => true,
    })
    syncs.push(sync)
    return sync
  }

  it('is written and read in slices', async () => {
    const loop = monitorEventLoopDelay({ resolution: 5 })
    const [mine, theirs] = [new Board(), new Board()]
    const sync = await open(mine)
    await sync.start()
    for (let i = 0; i < CELLS; i++)
      mine.set('nodes', pairKey(`z${i >> 2}.example.`, `n${i & 3}`), {
        at: Date.now(),
        serial: i as Serial,
        since: 1,
        observedAt: 1,
        missed: 0,
        error: undefined,
        push: undefined,
      })
    await new Promise((resolve) => setTimeout(resolve, 50))
    loop.enable()
    await sync.flush()
    const writing = loop.max / 1e6
    loop.reset()
    await (await open(theirs)).start()
    const reading = loop.max / 1e6
    loop.disable()
    await eventually(async () => expect([...theirs.entries('nodes')].length).to.equal(CELLS))
    expect(theirs.get('nodes', pairKey('z9.example.', 'n3'))!.serial).to.equal(39)
    expect({ writing, reading }).to.satisfy(
      (blocked: { writing: number; reading: number }) => Math.max(blocked.writing, blocked.reading) < MOST_BLOCKED_MS,
    )
  })
})
