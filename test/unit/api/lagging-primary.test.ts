/** A primary that lags: an ordinary change raises no alarm; a lasting lag and a lost history after a restore do. */
import { expect } from 'chai'
import { soaOf } from '../../../lib/dns/message.js'
import type { Serial } from '../../../lib/dns/serial.js'
import { pairKey } from '../../../lib/state/tables.js'
import type { Version } from '../../../lib/store/version.js'
import { lateFrom } from '../../../services/api/lagging.js'
import { Matrix } from '../../../services/api/matrix.js'
import { primariesInTrouble, primarySummary } from '../../../services/api/primaries.js'
import type { MatrixAnswer } from '../../../services/cli/answers.js'
import { nagiosReport } from '../../../services/cli/nagios-report.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, smallFleet } from './small-fleet.js'

const ZONE = 'a.example.'

/** Versions by commit time, oldest first. */
function storedOf(retrySeconds: number, ...committed: [serial: number, at: number][]) {
  const versions = committed.map(([serial, committedAt]) => {
    const soa = contentsOf(ZONE, `${ZONE} 300 SOA a. b. ${serial} 7200 ${retrySeconds} 1209600 60`).soa.stored
    return { serial, committedAt, soa } as unknown as Version
  })
  return { versions, latest: versions.at(-1) }
}

describe('a primary that serves an older serial', () => {
  const late = (retry: number, serial: number, ...committed: [number, number][]) =>
    lateFrom(storedOf(retry, ...committed), serial as Serial)

  it('is late a RETRY after the first version that it lacks was committed', () => {
    expect(soaOf(storedOf(900, [1, 0]).latest!.soa).retry).to.equal(900)
    expect(late(900, 1, [1, 0], [2, 10_000], [3, 700_000])).to.equal(910_000)
    expect(late(900, 2, [1, 0], [2, 10_000], [3, 700_000])).to.equal(1_600_000)
  })

  it('is late after a minute at least', () => expect(late(1, 1, [2, 10_000])).to.equal(70_000))

  it('is not late with the newest serial', () => expect(late(900, 2, [1, 0], [2, 10_000])).to.equal(undefined))
})

describe('a primary that lags', () => {
  const scratch = scratchDirs()
  const scene = async () => {
    const small = smallFleet(scratch(), { 'a.example': undefined })
    small.matrix.close()
    const { config, fleet } = small.matrix
    const clock = { at: NOW, now: () => clock.at }
    const stored = storedOf(900, [9, NOW - 1e9], [10, NOW])
    const matrix = new Matrix(config, fleet, small.board, clock, (_, serial) => lateFrom(stored, serial))
    small.release(ZONE, 10)
    for (const node of ['ams1', 'lhr1', 'fra1']) small.serve(ZONE, node, 10)
    small.board.set('zones', ZONE, { ...small.board.get('zones', ZONE)!, at: NOW * 2, newest: 10 as Serial })
    // `highest` is lost, like at the start of a hub: a restored primary resembles one that lags.
    const blank = { at: NOW, checkedAt: NOW, since: NOW, error: undefined, failures: 0, expireSeconds: undefined }
    const serves = (serial: number) =>
      small.board.set('primaries', pairKey(ZONE, 'hm1'), { ...blank, at: clock.at, serial: serial as Serial })
    const trouble = async () => {
      await matrix.sums.settle()
      return primariesInTrouble(matrix).flatMap((primary) => primary.trouble)
    }
    return { matrix, clock, serves, trouble }
  }

  it('raises no alarm for an ordinary change, and one when it lasts for RETRY', async () => {
    const { matrix, clock, serves, trouble } = await scene()
    serves(9)
    expect(await trouble()).to.deep.equal([])
    expect(primarySummary(matrix, matrix.fleet.primaries.get('hm1')!).states).to.deep.equal({ lags: 1 })
    clock.at += 899_999
    expect(await trouble()).to.deep.equal([])
    clock.at += 1
    const found = await trouble()
    expect(found).to.deep.equal([
      { state: 'lags', zones: 1, example: ZONE, detail: 'serves serial 9 of a.example., current serial 10' },
    ])
    const { text, exit } = nagiosReport({
      zones: [{ name: ZONE, nodes: { n1: { state: 'in-sync', serial: 10, lagSeconds: 0, error: null, observedAt: null } } }],
      nodes: [{ id: 'n1', cloud: 'A', site: null }],
      primaries: primariesInTrouble(matrix),
    } as unknown as MatrixAnswer)
    expect(exit).to.equal(1)
    expect(text).to.match(/^ZONECAST WARNING .*primaries: hm1 lags for a\.example\./)
    serves(10)
    expect(await trouble()).to.deep.equal([])
    matrix.close()
  })

  it('raises an alarm at once when it serves an old version', async () => {
    const { matrix, serves, trouble } = await scene()
    serves(8)
    expect((await trouble()).map(({ state }) => state)).to.deep.equal(['lags'])
    matrix.close()
  })
})
