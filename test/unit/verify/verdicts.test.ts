/** Verdicts on the board: packed while they are the same, cells else; a difference counts until a verify refutes it. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { Serial } from '../../../lib/dns/serial.js'
import { contentIn, doubtIn, nodeCell, noteAnswer, noteDelivered } from '../../../lib/observe/node-cells.js'
import { Board } from '../../../lib/state/board.js'
import { decodePairs, encodePage } from '../../../lib/state/pair-pages.js'
import { pairKey } from '../../../lib/state/tables.js'
import type { Version } from '../../../lib/store/version.js'
import { cannot, differs, noteVerdict, same, verdictOf } from '../../../lib/verify/verdicts.js'

const ZONE = parseZoneName('a.example')
const NOW = Date.UTC(2026, 10, 29, 12)
const VERSION = { serial: 5 as Serial, digest: '5'.repeat(32), isTorn: false } as Version
const NEXT = { serial: 6 as Serial, digest: '6'.repeat(32), isTorn: false } as Version
const DIFFERS = differs('axfr', 1, 0, ['missing: x.a.example. 60 IN A 192.0.2.1'])

describe('a verdict on a pair', () => {
  const boardWithAnswer = (): Board => {
    const board = new Board()
    noteAnswer(board, ZONE, 'n1', VERSION.serial, NOW)
    return board
  }

  it('is packed while the content is the same, and has no cell', () => {
    const board = boardWithAnswer()
    expect(verdictOf(board, ZONE, 'n1')).to.equal(undefined)
    noteVerdict(board, ZONE, 'n1', VERSION, same('sample'), NOW + 500)
    expect(verdictOf(board, ZONE, 'n1')).to.deep.include({ verdict: 'same', how: 'sample', serial: 5, at: NOW })
    expect(board.get('verdicts', pairKey(ZONE, 'n1'))).to.equal(undefined)
    expect(board.verified.newestAt('n1')).to.equal(NOW)
  })

  it('that content differs makes it other content, whatever serial follows, until a verify finds the same', () => {
    const board = boardWithAnswer()
    noteVerdict(board, ZONE, 'n1', VERSION, DIFFERS, NOW)
    expect(contentIn(nodeCell(board, ZONE, 'n1'), VERSION)).to.equal('other')
    expect(doubtIn(nodeCell(board, ZONE, 'n1'), 'n1', VERSION)).to.include('1 record missing')
    noteDelivered(board, ZONE, 'n1', NEXT, NOW + 900)
    noteAnswer(board, ZONE, 'n1', NEXT.serial, NOW + 1_000)
    expect(contentIn(nodeCell(board, ZONE, 'n1'), NEXT)).to.equal('other')
    expect(doubtIn(nodeCell(board, ZONE, 'n1'), 'n1', NEXT)).to.include('is not verified yet')
    noteVerdict(board, ZONE, 'n1', NEXT, cannot('axfr', 'no answer'), NOW + 2_000)
    expect(contentIn(nodeCell(board, ZONE, 'n1'), NEXT)).to.equal('other')
    noteVerdict(board, ZONE, 'n1', NEXT, same('axfr'), NOW + 3_000)
    expect(contentIn(nodeCell(board, ZONE, 'n1'), NEXT)).to.equal('released')
    expect(verdictOf(board, ZONE, 'n1')).to.deep.include({ verdict: 'same', serial: 6, at: NOW + 3_000 })
  })

  it('survives on another board, by cells and pages', () => {
    const [board, other] = [boardWithAnswer(), boardWithAnswer()]
    noteVerdict(board, ZONE, 'n1', VERSION, same('axfr'), NOW)
    noteVerdict(board, ZONE, 'n2', VERSION, DIFFERS, NOW)
    const number = other.pairs.rows.of(ZONE)
    const page = encodePage(board.verified, 'n1', board.verified.rows.page(board.verified.rows.of(ZONE)))
    for (const { zone, ...seen } of decodePairs(other.verified, page, 2 ** 31 - 1)!) {
      expect(zone).to.equal(number)
      expect(other.verified.adopt('n1', zone, seen)).to.equal(true)
    }
    expect(verdictOf(other, ZONE, 'n1')).to.deep.equal(verdictOf(board, ZONE, 'n1'))
    const key = pairKey(ZONE, 'n2')
    other.merge('verdicts', key, board.get('verdicts', key)!)
    noteAnswer(other, ZONE, 'n2', VERSION.serial, NOW)
    expect(contentIn(nodeCell(other, ZONE, 'n2'), VERSION)).to.equal('other')
  })

  it('is forgotten with its zone, and with its node', () => {
    const board = boardWithAnswer()
    noteVerdict(board, ZONE, 'n1', VERSION, DIFFERS, NOW)
    noteVerdict(board, ZONE, 'n2', VERSION, same('axfr'), NOW)
    board.forget([], { nodes: new Set(['n2']) })
    expect(verdictOf(board, ZONE, 'n1')).to.equal(undefined)
    expect(verdictOf(board, ZONE, 'n2')).to.deep.include({ verdict: 'same' })
    board.forget([{ name: ZONE }], { nodes: new Set(['n2']) })
    expect(verdictOf(board, ZONE, 'n2')).to.equal(undefined)
  })
})
