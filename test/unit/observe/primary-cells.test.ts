/** The board's entry of a primary: its answers, and the signs that its content may not continue from an earlier one. */
import { soaManner } from '../../../lib/transport/soa-query.js'
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { FleetZone, Primary } from '../../../lib/fleet/fleet.js'
import { askPrimary } from '../../../lib/observe/primary-cells.js'
import { contentDoubt } from '../../../lib/refresh/source-doubt.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { pairKey } from '../../../lib/state/tables.js'
import { soaOf } from '../../../lib/dns/message.js'
import { testKey } from '../../support/tsig-maker.js'
import { APEX, soa as soaText, stored, ZONE } from '../../support/transfer-script.js'

const PRIMARY: Primary = { id: 'hm1', address: { ip: '192.0.2.1', port: 53 }, key: undefined }
const FLEET_ZONE = { name: parseZoneName(ZONE), apex: APEX, refresh: { minMs: 1_000, maxMs: 3_600_000 } } as FleetZone
const HOUR_MS = 3_600_000

/** An answer: a serial, a serial with another SOA, or silence; and the minutes since the one before. */
type Step = { serial: number; minimum?: number; afterMs?: number } | 'silence'

async function brokenAfter(steps: readonly Step[]): Promise<boolean> {
  const board = new Board()
  const metrics = new Metrics()
  let now = 1_000_000
  let before = 0
  for (const step of steps) {
    before = now
    now += step === 'silence' ? 1_000 : (step.afterMs ?? 1_000)
    const ask = async () => {
      if (step === 'silence') throw new Error('timed out')
      return { soa: soaOf(stored(soaText(step.serial, step.minimum))[0]!), expireSeconds: undefined, tookMs: 1 }
    }
    await askPrimary(FLEET_ZONE, PRIMARY, { soa: { ask }, board, clock: { now: () => now }, metrics })
  }
  const cell = board.get('primaries', pairKey(ZONE, 'hm1'))
  // A transfer that began just before the last answer.
  return contentDoubt({ sources: { hm1: before } }, 'hm1', cell) === 'restored'
}

describe('a primary counts as restored', () => {
  const CASES: readonly (readonly [why: string, isBroken: boolean, steps: readonly Step[]])[] = [
    ['never with a serial that rises', false, [{ serial: 1 }, { serial: 2 }]],
    ['never with the same answer', false, [{ serial: 1 }, { serial: 1 }]],
    ['when it is first seen', true, [{ serial: 1 }]],
    ['when its serial goes back', true, [{ serial: 3 }, { serial: 2 }]],
    ['RFC 1982 §3.2: when its serial has no order to the last', true, [{ serial: 3 }, { serial: 0x80000003 }]],
    ['when its SOA changes under one serial', true, [{ serial: 3 }, { serial: 3, minimum: 77 }]],
    ['when it answers after a silence', true, [{ serial: 3 }, 'silence', { serial: 3 }]],
    ['when it answers after a silence with a newer serial', true, [{ serial: 3 }, 'silence', { serial: 4 }]],
    ['when it was not polled for hours', true, [{ serial: 3 }, { serial: 3, afterMs: 12 * HOUR_MS }]],
    ['not when it was polled a little late', false, [{ serial: 3 }, { serial: 3, afterMs: 200_000 }]],
    ['when it was polled later than three times REFRESH', true, [{ serial: 3 }, { serial: 3, afterMs: 3_600_001 * 3 }]],
    ['not when it was polled after three times REFRESH', false, [{ serial: 3 }, { serial: 3, afterMs: 3_600_000 * 3 }]],
    ['no longer after further answers', false, [{ serial: 3 }, { serial: 2 }, { serial: 3 }, { serial: 3 }]],
  ]
  for (const [why, isBroken, steps] of CASES)
    it(why, async () => {
      expect(await brokenAfter(steps)).to.equal(isBroken)
    })
})

describe('the cell of a primary', () => {
  const KEY = pairKey(ZONE, 'hm1')
  type Poll = { at: number; serial?: number; expire?: number; refresh?: number; zone?: Partial<FleetZone['refresh']> }

  /** Polls one after the other; a poll without a serial fails. */
  async function poll(polls: readonly Poll[], primary = PRIMARY) {
    const board = new Board()
    const metrics = new Metrics()
    const shared: number[] = []
    const asked: unknown[] = []
    const results: unknown[] = []
    board.onChange(({ value }) => shared.push(value.at))
    for (const { at, serial, expire, refresh = 7200, zone } of polls) {
      const ask = async (...args: unknown[]) => {
        asked.push(args)
        if (serial === undefined) throw new Error('timed out')
        const soa = soaOf(stored(soaText(serial).replace(' 7200 ', ` ${refresh} `))[0]!)
        return { soa, expireSeconds: expire, tookMs: 1 }
      }
      const of = { ...FLEET_ZONE, refresh: { ...FLEET_ZONE.refresh, ...zone } }
      results.push(await askPrimary(of, primary, { soa: { ask } as never, board, clock: { now: () => at }, metrics }))
    }
    return { cell: board.get('primaries', KEY)!, shared, asked, results, text: await metrics.registry.metrics() }
  }

  it('has the values of its answer', async () => {
    const { cell, asked, results } = await poll([{ at: 1_000, serial: 3, expire: 77 }])
    expect(cell).to.deep.include({
      serial: 3,
      highest: 3,
      checkedAt: 1_000,
      since: 1_000,
      at: 1_000,
      failures: 0,
      expireSeconds: 77,
    })
    expect(cell.error).to.equal(undefined)
    expect(asked).to.deep.equal([[PRIMARY, APEX, soaManner('fresh')]])
    expect(results[0]).to.include({ expireSeconds: 77 })
  })

  it('is polled from one port when a key proves the answer', async () => {
    const key = testKey('hmac-sha256', 'k.')
    const { asked } = await poll([{ at: 1_000, serial: 3 }], { ...PRIMARY, key })
    expect(asked).to.deep.equal([[{ ...PRIMARY, key }, APEX, soaManner('shared')]])
  })

  it('counts its failures, and keeps its earlier answer', async () => {
    const { cell, results } = await poll([{ at: 1_000, serial: 3, expire: 7 }, { at: 2_000 }, { at: 3_000 }])
    expect(cell).to.deep.include({ serial: 3, checkedAt: 1_000, since: 1_000, at: 3_000, failures: 2, error: 'timed out' })
    expect(results[2]).to.be.instanceOf(Error)
    const first = await poll([{ at: 5_000 }])
    expect(first.cell).to.deep.include({
      serial: undefined,
      checkedAt: 5_000,
      since: 5_000,
      failures: 1,
      expireSeconds: undefined,
    })
    const well = await poll([{ at: 1_000 }, { at: 2_000, serial: 3 }])
    expect(well.cell).to.deep.include({ failures: 0, since: 2_000, highest: 3 })
  })

  it('has the highest serial that it ever served, and since when it serves this one', async () => {
    const { cell } = await poll([
      { at: 1_000, serial: 9 },
      { at: 2_000, serial: 4 },
      { at: 9_000, serial: 4 },
      { at: 19_000, serial: 4 },
    ])
    expect(cell).to.deep.include({ serial: 4, highest: 9, since: 2_000, brokenAt: 2_000 })
    expect(
      (
        await poll([
          { at: 1, serial: 4 },
          { at: 2, serial: 9 },
        ])
      ).cell,
    ).to.deep.include({ highest: 9, since: 2 })
  })

  it('is shared at once when it changes, and every five seconds when it does not', async () => {
    const polls = [0, 1_000, 4_999, 5_000, 9_999].map((at, i) => ({ at, serial: 3, expire: 100 - i }))
    const { cell, shared } = await poll(polls)
    expect(shared).to.deep.equal([0, 5_000])
    expect(cell).to.deep.include({ at: 5_000, checkedAt: 9_999, since: 0, expireSeconds: 96 })
    expect(
      (
        await poll([
          { at: 0, serial: 3 },
          { at: 10, serial: 4 },
        ])
      ).shared,
    ).to.deep.equal([0, 10])
    expect((await poll([{ at: 0, serial: 3 }, { at: 10 }, { at: 20, serial: 3 }])).shared).to.deep.equal([0, 10, 20])
  })

  const LATE: readonly (readonly [why: string, isBroken: boolean, afterMs: number, refresh: number, zone: Poll['zone']])[] = [
    ['a short REFRESH is at least five minutes', false, 300_000, 1, {}],
    ['a short REFRESH is not more', true, 300_001, 1, {}],
    ['REFRESH within its bounds counts', false, 1_800_000, 600, {}],
    ['REFRESH within its bounds counts three times', true, 1_800_001, 600, {}],
    ['the lower bound counts for less', false, 3_000_000, 1, { minMs: 1_000_000 }],
    ['the upper bound counts for more', true, 1_500_001, 7200, { maxMs: 500_000 }],
  ]
  for (const [why, isBroken, afterMs, refresh, zone] of LATE)
    it(`is ${isBroken ? 'in doubt' : 'trusted'} after ${afterMs} ms without a poll: ${why}`, async () => {
      const polls = [1_000_000, 1_000_000 + afterMs].map((at) => ({ at, serial: 3, refresh, zone: zone! }))
      expect((await poll(polls)).cell.brokenAt).to.equal(isBroken ? 1_000_000 + afterMs : 1_000_000)
    })

  it('counts polls by result', async () => {
    const { text } = await poll([{ at: 1, serial: 3 }, { at: 2, serial: 3 }, { at: 3 }])
    expect(text).to.match(/soa_queries_total\{target="primary",outcome="ok"\} 2/)
    expect(text).to.match(/soa_queries_total\{target="primary",outcome="failed"\} 1/)
  })
})
