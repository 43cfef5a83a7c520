/** The zone's entry on the board after a refresh. */
import { expect } from 'chai'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { Board } from '../../../lib/state/board.js'
import { StoredZone } from '../../../lib/store/stored-zone.js'
import { join } from 'node:path'
import { expiresAt } from '../../../lib/state/expiry.js'
import type { PrimaryCell } from '../../../lib/state/tables.js'
import { openZone } from '../../support/kept-zone.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import {
  noteProgress,
  noteRefreshed,
  noteRefreshFailed,
  noteTrouble,
  noteUpToDate,
  restoreZoneCell,
} from '../../../lib/release/zone-cells.js'

const ZONE = parseZoneName('example.')
const stored = (): StoredZone => new StoredZone(ZONE, nameToWire(ZONE), 'nowhere')

describe('a zone in conflict', () => {
  it('remains in conflict when a primary only answers the same serial', () => {
    const board = new Board()
    noteRefreshFailed(board, stored(), 1, 'two contents under serial 7', true)
    noteUpToDate(board, stored(), 2, undefined, 'serial')
    expect(board.get('zones', ZONE)).to.deep.include({
      conflict: 'two contents under serial 7',
      error: 'two contents under serial 7',
    })
  })

  it('is no longer in conflict when an AXFR had the same records', () => {
    const board = new Board()
    noteRefreshFailed(board, stored(), 1, 'two contents under serial 7', true)
    noteUpToDate(board, stored(), 2, undefined, 'content')
    expect(board.get('zones', ZONE)).to.deep.include({ conflict: undefined, error: undefined, failures: 0 })
  })

  it('differs from an ordinary failure, which ends with the same serial', () => {
    const board = new Board()
    noteRefreshFailed(board, stored(), 1, 'no primary answers', false)
    noteUpToDate(board, stored(), 2, undefined, 'serial')
    expect(board.get('zones', ZONE)?.error).to.equal(undefined)
  })
})

describe('a failure outside a refresh', () => {
  it('is in the cell of the zone, also when it had none', () => {
    const board = new Board()
    noteTrouble(board, ZONE, 5, 'disk full')
    expect(board.get('zones', ZONE)).to.include({ at: 5, error: 'disk full', errorAt: 5, released: undefined })
  })
})

describe('the expiry of a zone', () => {
  const newDir = scratchDirs()
  const contents = (times: string) => contentsOf('example.', `example. 300 SOA a. b. 1 ${times} 60\na.example. 300 A 192.0.2.1`)
  const alive = (expireSeconds?: number) => ({ serial: 1, checkedAt: 5_000_000, expireSeconds }) as PrimaryCell

  /** A first version that waits for its stages, refreshed at 1,000,000 ms. */
  const staged = async (board: Board, times: string, expireSeconds?: number) => {
    const zone = openZone(join(newDir(), 'zone'))
    const version = await zone.commitFull(zone.draft(contents(times)), undefined, async () => ({
      seenAt: 1,
      committedAt: 2,
      from: 'hm1',
    }))
    noteRefreshed(board, zone, 1_000_000, expireSeconds)
    await zone.advance(version, () => ({ releasedAt: 3 }))
    return zone
  }

  it('is computed from a first version that is released later', async () => {
    const board = new Board()
    const zone = await staged(board, '7200 900 1209600')
    noteProgress(board, zone, 2_000_000)
    const cell = board.get('zones', ZONE)!
    expect(expiresAt(cell, 1_209_600, [])).to.equal(1_000_000 + 1_209_600_000)
  })

  it('is computed from the version after a restart when the shared state lacks it', async () => {
    const board = new Board()
    const zone = await staged(board, '7200 900 1209600')
    noteProgress(board, zone, 2_000_000)
    board.set('zones', ZONE, { ...board.get('zones', ZONE)!, expireSeconds: 0, at: 2_000_001 })
    restoreZoneCell(board, zone, 3_000_000)
    expect(board.get('zones', ZONE)!.expireSeconds).to.equal(1_209_600)
  })

  it('is the value of EDNS EXPIRE in the transfer of the version', async () => {
    const board = new Board()
    const zone = await staged(board, '7200 900 1209600', 5000)
    noteProgress(board, zone, 2_000_000)
    expect(expiresAt(board.get('zones', ZONE)!, 1_209_600, [])).to.equal(1_000_000 + 5_000_000)
  })

  for (const expire of [0, 60, 7200, 8099])
    it(`RFC 1912 §2.2: with EXPIRE ${expire} is REFRESH + RETRY after the last answer`, async () => {
      const board = new Board()
      const zone = await staged(board, `7200 900 ${expire}`)
      noteProgress(board, zone, 2_000_000)
      const cell = board.get('zones', ZONE)!
      for (const primary of [alive(), alive(expire)]) expect(expiresAt(cell, expire, [primary])).to.equal(5_000_000 + 8_100_000)
      expect(expiresAt(cell, expire, [])).to.equal(1_000_000 + 8_100_000)
    })

  it('is not postponed when EXPIRE is long enough', async () => {
    const board = new Board()
    const zone = await staged(board, '7200 900 8100')
    noteProgress(board, zone, 2_000_000)
    expect(expiresAt(board.get('zones', ZONE)!, 8100, [alive(10)])).to.equal(1_000_000 + 8_100_000)
  })
})

describe('the first expiration of the signatures of a released version', () => {
  const newDir = scratchDirs()
  const YEAR_2106 = 2 ** 32

  for (const [name, releasedAt, earliestExpiration, expected] of [
    ['is in seconds since 1970', 1_900_000_000, 1_900_000_500, 1_900_000_500],
    ['is before the release when it has passed', 1_900_000_000, 1_899_999_000, 1_899_999_000],
    // RFC 4034 §3.1.5: serial number arithmetic.
    ['is after the wrap of 32 bits', YEAR_2106 - 100, 50, YEAR_2106 + 50],
    ['is unknown without signatures', 1_900_000_000, undefined, undefined],
  ] as const)
    it(name, async () => {
      const board = new Board()
      const zone = openZone(join(newDir(), 'zone'))
      const dnssec = { isSigned: true, earliestExpiration, chains: [], hasOptOut: false }
      const checks = { verdict: 'pass' as const, reports: [], at: 1, figures: { dnssec } as never }
      const version = await zone.commitFull(
        zone.draft(contentsOf('example.', 'example. 300 SOA a. b. 1 2 3 4 60\na.example. 300 A 192.0.2.1')),
        undefined,
        async () => ({ seenAt: 1, committedAt: 2, from: 'hm1', checks }),
      )
      await zone.advance(version, () => ({ releasedAt: releasedAt * 1_000 }))
      noteProgress(board, zone, 2_000_000)
      expect(board.get('zones', ZONE)!.released!.signedUntil).to.equal(expected)
    })
})
