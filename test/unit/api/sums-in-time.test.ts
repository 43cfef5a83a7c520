/** The sums follow answers that become too old, and answers that make them valid again. */
import { expect } from 'chai'
import type { Serial } from '../../../lib/dns/serial.js'
import { pairKey } from '../../../lib/state/tables.js'
import { Matrix } from '../../../services/api/matrix.js'
import { named } from '../../../services/api/node-sum.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, smallFleet } from './small-fleet.js'

const ZONE = 'a.example.'

describe('the sums of a node', () => {
  const scratch = scratchDirs()
  const scene = () => {
    const small = smallFleet(scratch(), { 'a.example': undefined })
    small.matrix.close()
    const { board } = small
    const clock = { at: NOW, now: () => clock.at }
    const matrix = new Matrix(small.matrix.config, small.matrix.fleet, board, clock)
    small.release(ZONE, 1)
    const answer = () => {
      const cell = {
        at: clock.at,
        serial: 1 as Serial,
        since: NOW,
        observedAt: clock.at,
        missed: 0,
        error: undefined,
        push: undefined,
      }
      board.set('nodes', pairKey(ZONE, 'ams1'), cell)
    }
    const state = async () => {
      await matrix.sums.settle()
      return Object.keys(named(matrix.sums.node('ams1')!.counts)).join(' ')
    }
    return { board, matrix, clock, answer, state }
  }

  it('are made without a request only after the beginning', async () => {
    const { matrix, answer } = scene()
    answer()
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(matrix.sums.pending).to.be.greaterThan(0)
    matrix.sums.begin()
    await eventually(() => expect(matrix.sums.pending).to.equal(0))
    matrix.close()
  })

  it('are unknown after answers that are too old, and in sync after a sweep', async () => {
    const { board, matrix, clock, answer, state } = scene()
    answer()
    expect(await state()).to.equal('in-sync')
    clock.at += 900_000
    expect(await state()).to.equal('unknown')
    board.set('contacts', 'ams1', { at: clock.at, missed: 0, sweptAt: clock.at })
    expect(await state()).to.equal('in-sync')
    matrix.close()
  })

  it('stay in sync while the same answer comes again', async () => {
    const { matrix, clock, answer, state } = scene()
    for (let i = 0; i < 10; i++) {
      answer()
      expect(await state()).to.equal('in-sync')
      clock.at += 100_000
    }
    expect(matrix.sums.node('ams1')!.newestAnswer).to.equal(NOW + 900_000)
    matrix.close()
  })
})
