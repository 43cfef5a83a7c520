/** The expiry of a zone, by its own values and by the answers of its primaries (RFC 1034 §4.3.5, RFC 7314 §4). */
import { expect } from 'chai'
import type { Soa } from '../../../lib/dns/message.js'
import { expiresAt, expiryOf, hasExpired, leastSecondsOf } from '../../../lib/state/expiry.js'
import { Board } from '../../../lib/state/board.js'
import { type PrimaryCell, pairKey, type ZoneCell } from '../../../lib/state/tables.js'
import { FLEET_ZONE, fleetPrimary, fleetZone } from '../fleet/facts.js'

/** Serial 7 is released and 8 is newest; refreshed at 1,000 s, with EXPIRE 100 s. */
const ZONE = {
  at: 1,
  released: { serial: 7, digest: 'd7', releasedAt: 1, records: 1, octets: 1 },
  newest: 8,
  refreshedAt: 1_000_000,
  expireSeconds: 100,
} as ZoneCell
const primary = (more: Partial<PrimaryCell> = {}): PrimaryCell => ({
  at: 1,
  serial: 7,
  checkedAt: 1_050_000,
  since: 1,
  error: undefined,
  failures: 0,
  expireSeconds: undefined,
  ...more,
})

describe('a zone expires', () => {
  const CASES: readonly (readonly [at: number | undefined, why: string, zone: Partial<ZoneCell>, primaries: PrimaryCell[]])[] = [
    [1_100_000, 'EXPIRE after the transfer when no primary is known', {}, []],
    [1_250_000, 'EXPIRE after a primary confirmed the released serial', {}, [primary()]],
    [1_250_000, 'EXPIRE after a primary confirmed the newest serial', {}, [primary({ serial: 8 })]],
    [1_250_000, 'EXPIRE after the last of several confirmed it', {}, [primary({ checkedAt: 1_010_000 }), primary()]],
    [1_250_000, 'EXPIRE after one confirmed it, whatever others serve', {}, [primary(), primary({ serial: 6, checkedAt: 1e9 })]],
    [1_100_000, 'not later by a primary with another serial', {}, [primary({ serial: 6 })]],
    [1_100_000, 'not later by a primary that fails', {}, [primary({ error: 'timed out' })]],
    [1_100_000, 'not later by a primary without a serial', { newest: undefined }, [primary({ serial: undefined })]],
    [1_080_000, 'after the rest in EDNS EXPIRE from the answer', { expireSeconds: 10 }, [primary({ expireSeconds: 30 })]],
    [1_100_000, 'not sooner than the transfer allows', {}, [primary({ expireSeconds: 3 })]],
    [1_120_000, 'REFRESH + RETRY after the transfer when EXPIRE is less', { leastSeconds: 120 }, []],
    [1_350_000, 'REFRESH + RETRY after an answer when EXPIRE is less', { leastSeconds: 300 }, [primary({ expireSeconds: 3 })]],
    [undefined, 'never while nothing is released', { released: undefined }, [primary()]],
  ]
  for (const [at, why, zone, primaries] of CASES)
    it(why, () => {
      expect(expiresAt({ ...ZONE, ...zone }, 200, primaries)).to.equal(at)
    })

  for (const [least, expire] of [
    [undefined, 8100],
    [8100, 8099],
    [8100, 0],
  ] as const)
    it(`RFC 1912 §2.2: with EXPIRE ${expire}, REFRESH 7200 and RETRY 900 after ${least ?? expire} s`, () => {
      expect(leastSecondsOf({ refresh: 7200, retry: 900, expire } as Soa)).to.equal(least)
    })
})

describe('a zone on the board', () => {
  const two = fleetZone('example.', { primaries: [fleetPrimary('hm1'), fleetPrimary('hm2')] })

  it('expires by its known primaries, with the EXPIRE of the zone', () => {
    const board = new Board()
    board.set('zones', 'example.', ZONE)
    board.set('primaries', pairKey('example.', 'hm2'), primary())
    expect(expiryOf(board, two)).to.equal(1_150_000)
    expect(expiryOf(board, FLEET_ZONE), 'of its own primaries').to.equal(1_100_000)
    expect([hasExpired(board, two, 1_150_000), hasExpired(board, two, 1_150_001)]).to.deep.equal([false, true])
  })

  it('has not expired while it is unknown', () => {
    expect(expiryOf(new Board(), two)).to.equal(undefined)
    expect(hasExpired(new Board(), two, 1e15)).to.equal(false)
  })
})
