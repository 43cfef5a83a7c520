/**
 *   a board of 60,000 pairs ──▶ Redis: cells of the odd and the newest, pages of all others ──▶ the boards of other processes
 *
 * Everything goes in slices: the event loop goes on meanwhile.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect } from 'chai'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { Metrics } from '../../lib/runtime/metrics.js'
import { Board } from '../../lib/state/board.js'
import { BoardSync } from '../../lib/state/board-sync.js'
import { RedisLink } from '../../lib/state/redis-link.js'
import { Seals } from '../../lib/state/seals.js'
import { SignalBus } from '../../lib/state/signals.js'
import { pairKey } from '../../lib/state/tables.js'
import { noteAnswer, noteDelivered } from '../../lib/observe/node-cells.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'

const CELLS = 60_000
const ZONES = Array.from({ length: CELLS / 4 }, (_, i) => `z${i}.example.` as ZoneName)
/** Pairs whose complete cells the board keeps. */
const COMPLETE = 10_000
/** On a machine that does other work too; at rest a slice takes some milliseconds. */
const MOST_BLOCKED_MS = 500

describe('shared state of sixty thousand cells', function () {
  this.timeout(120_000)
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
      isWorker: true,
      fleet: { hasZone: () => true, hasNode: () => true, zones: () => ZONES },
    })
    syncs.push(sync)
    return sync
  }

  /** The time of the answers; of one second, as the pages have no more. */
  const at = Math.floor(Date.now() / 1000) * 1000

  const fill = (board: Board, cells: number, plus: number, from = 0): void => {
    for (let i = from; i < from + cells; i++) noteAnswer(board, ZONES[i >> 2]!, `n${i & 3}`, i + plus, at + plus * 1_000)
  }
  const serials = (board: Board): (number | undefined)[] =>
    Array.from({ length: CELLS }, (_, i) => board.get('nodes', pairKey(ZONES[i >> 2]!, `n${i & 3}`))?.serial)
  const all = (plus: number): number[] => Array.from({ length: CELLS }, (_, i) => i + plus)
  const stored = async (): Promise<[cells: number, pages: number]> => {
    const { data } = links[0]!
    return [await data.hlen('zonecast:nodes'), await data.hlen('zonecast:pairs')]
  }
  const mine = new Board()

  it('is written and read in slices', async () => {
    const loop = monitorEventLoopDelay({ resolution: 5 })
    const sync = await open(mine)
    await sync.start()
    fill(mine, CELLS, 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    loop.enable()
    await sync.flush()
    await eventually(async () => expect((await stored())[1]).to.equal(4 * 64))
    const writing = loop.max / 1e6
    loop.reset()
    const theirs = new Board()
    await (await open(theirs)).start()
    const reading = loop.max / 1e6
    loop.disable()
    expect(serials(theirs)).to.deep.equal(all(1))
    expect({ writing, reading }).to.satisfy(
      (blocked: { writing: number; reading: number }) => Math.max(blocked.writing, blocked.reading) < MOST_BLOCKED_MS,
    )
    expect((await stored())[0]).to.be.at.most(COMPLETE)
  })

  it('reaches a process that runs, with the deliveries', async () => {
    const theirs = new Board()
    await (await open(theirs)).start()
    await eventually(() => expect(syncs[0]).to.have.property('isReady', true))
    for (let i = 0; i < CELLS; i++) {
      const digest = `${(i >> 2).toString(16).padStart(8, 'a')}ff`
      noteDelivered(mine, ZONES[i >> 2]!, `n${i & 3}`, { serial: i + 2, digest }, at + 1_500)
    }
    fill(mine, CELLS, 2)
    await eventually(() => expect(serials(theirs)).to.deep.equal(all(2)), { timeoutMs: 30_000 })
    const [first, last] = [theirs.get('nodes', pairKey(ZONES[0]!, 'n0'))!, theirs.get('nodes', pairKey(ZONES[14_999]!, 'n3'))!]
    expect(first.taken).to.include({ serial: 2, digest: 'aaaaaaa0ff' })
    expect(last.taken).to.include({ serial: CELLS + 1, digest: 'aaaa3a97ff' })
    const [cells] = await stored()
    expect(cells, 'cells of packed pairs are gone from Redis').to.be.at.most(COMPLETE)
  })

  it('is written again when Redis has lost it', async () => {
    await links[0]!.data.flushall()
    await eventually(async () => expect((await stored())[1]).to.equal(4 * 64), { timeoutMs: 40_000 })
    await syncs[0]!.flush()
    const theirs = new Board()
    await (await open(theirs)).start()
    expect(serials(theirs)).to.deep.equal(all(2))
  })
})
