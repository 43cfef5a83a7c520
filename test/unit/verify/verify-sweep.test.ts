/** The schedule of verifies: evenly over the interval, from the first start on, and also after a restart. */
import { expect } from 'chai'
import { mock } from 'node:test'
import type { ZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import { noteAnswer } from '../../../lib/observe/node-cells.js'
import { Board } from '../../../lib/state/board.js'
import { same, noteVerdict } from '../../../lib/verify/verdicts.js'
import { VerifySweep, type VerifySweepParts } from '../../../lib/verify/verify-sweep.js'

const HOUR_MS = 3_600_000
const EVERY_MS = 6 * HOUR_MS
const ZONES = Array.from({ length: 24 }, (_, i) => `z${i}.example.` as ZoneName)
const NODES = ['ams1', 'fra1']
const VERSION = { serial: 7, digest: 'd'.repeat(32) }
const PAIRS = ZONES.length * NODES.length

describe('the schedule of verifies', function () {
  this.timeout(20_000)
  let now = 0
  let board: Board
  let done: { pair: string; at: number }[]
  let fleet: Fleet
  let sweep: VerifySweep

  const start = (): void => {
    const parts = {
      board,
      store: { releasedTo: () => VERSION },
      clock: { now: () => now },
      schedule: { everyMs: EVERY_MS, how: 'auto' },
      verifier: {
        turns: { isFull: false, isBusy: () => false },
        octets: { isFree: true },
        verify: async ({ name }: FleetZone, { id }: FleetNode) => {
          done.push({ pair: `${name} ${id}`, at: now })
          noteVerdict(board, name, id, VERSION, same('axfr'), now)
          return { ...same('axfr'), serial: VERSION.serial }
        },
      },
    } as unknown as VerifySweepParts
    sweep = new VerifySweep(fleet, parts)
    sweep.start()
  }
  const run = async (ms: number): Promise<typeof done> => {
    const from = done.length
    for (const until = now + ms; now < until; ) {
      now += 10_000
      mock.timers.tick(10_000)
      await Promise.resolve()
    }
    return done.slice(from)
  }
  /** Verifies in each hour of the time that has been run. */
  const perHour = (some: typeof done, from: number): number[] => {
    const hours = Array<number>(EVERY_MS / HOUR_MS).fill(0)
    for (const { at } of some) hours[Math.min(hours.length - 1, Math.floor((at - from) / HOUR_MS))]! += 1
    return hours
  }

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] })
    now = 1_800_000_000_000
    board = new Board()
    done = []
    const nodes = NODES.map((id) => ({ id, cloud: 'A', paths: [], key: undefined, site: undefined }) as FleetNode)
    const zones = ZONES.map((name) => ({ name, primaries: [], nodes, clouds: ['A'] }) as unknown as FleetZone)
    fleet = new Fleet(new Map(zones.map((zone) => [zone.name, zone])), nodes, [], [{ id: 'A', addresses: [] }])
    for (const name of ZONES) for (const id of NODES) noteAnswer(board, name, id, VERSION.serial, now)
  })
  afterEach(() => {
    sweep.stop()
    mock.timers.reset()
  })

  it('verifies each pair once in an interval, and as many in each part of it', async () => {
    const begun = now
    start()
    const all = await run(EVERY_MS)
    expect(new Set(all.map(({ pair }) => pair)).size).to.equal(PAIRS)
    expect(all).to.have.length(PAIRS)
    const even = PAIRS / (EVERY_MS / HOUR_MS)
    for (const count of perHour(all, begun)) expect(count).to.be.within(even - 2, even + 2)
  })

  it('goes on in its own time after a restart: no pair too early, none twice, and no rush', async () => {
    start()
    const first = await run(EVERY_MS)
    sweep.stop()
    const restarted = now
    start()
    const second = await run(EVERY_MS)
    const before = new Map(first.map(({ pair, at }) => [pair, at]))
    // Times of verdicts are kept in whole seconds.
    for (const { pair, at } of second) expect(at - before.get(pair)!, pair).to.be.at.least(EVERY_MS - 1_000)
    expect(new Set(second.map(({ pair }) => pair)).size).to.equal(second.length)
    const even = PAIRS / (EVERY_MS / HOUR_MS)
    for (const count of perHour(second, restarted)) expect(count).to.be.within(even - 4, even + 4)
  })

  it('makes up for the time that the hub was down at the same pace', async () => {
    start()
    await run(EVERY_MS)
    sweep.stop()
    now += 10 * EVERY_MS
    const restarted = now
    start()
    const overdue = await run(EVERY_MS)
    expect(new Set(overdue.map(({ pair }) => pair)).size).to.equal(PAIRS)
    const even = PAIRS / (EVERY_MS / HOUR_MS)
    for (const count of perHour(overdue, restarted)) expect(count).to.be.within(even - 2, even + 2)
  })
})
