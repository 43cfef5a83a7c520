/** Forces of the past are forgotten, and the pairs that need an operator are known without a walk over all of them. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { Board } from '../../../lib/state/board.js'
import type { ForceCell } from '../../../lib/state/force-cell.js'

const DAY_MS = 86_400_000
const NOW = 1_000 * DAY_MS
const cell = (more: Partial<ForceCell> = {}): ForceCell => ({
  at: NOW,
  serial: 1,
  digest: 'd',
  outcome: 'confirmed',
  by: 'noc',
  ...more,
})

describe('the table of forces', () => {
  let board: Board
  const set = (key: string, more?: Partial<ForceCell>): void => board.set('forces', key, cell(more))
  const keys = (): string[] => Array.from(board.entries('forces'), ([key]) => key)

  beforeEach(() => {
    board = new Board()
  })

  it('forgets a confirmed force after a week, any other after thirty days', async () => {
    set('new. n1', { at: NOW - 7 * DAY_MS })
    set('week. n1', { at: NOW - 7 * DAY_MS - 1 })
    set('failed. n1', { outcome: 'failed', at: NOW - 30 * DAY_MS })
    set('month. n1', { outcome: 'failed', needsOperator: true, at: NOW - 30 * DAY_MS - 1 })
    expect(await board.forced.forgetOld(NOW)).to.have.members(['week. n1', 'month. n1'])
    expect(keys()).to.have.members(['new. n1', 'failed. n1'])
    expect(board.forced.needing('n1').size).to.equal(0)
  })

  it('forgets removed zones and nodes', () => {
    for (const key of ['gone. n1', 'kept. n1', 'kept. n2']) set(key, { needsOperator: true })
    board.forget([{ name: 'gone.' as ZoneName }], { nodes: new Set(['n1']) })
    expect(keys()).to.deep.equal(['kept. n1'])
    expect([[...board.forced.needing('n1')], [...board.forced.needing('n2')]]).to.deep.equal([['kept.'], []])
  })

  it('has the zones of a node that need an operator, until a later force', () => {
    set('a. n1', { outcome: 'failed', needsOperator: true })
    set('b. n1', { outcome: 'failed', needsOperator: true })
    set('b. n2', { outcome: 'failed' })
    board.merge('forces', 'a. n1', cell({ at: NOW + 1 }))
    expect([...board.forced.needing('n1')]).to.deep.equal(['b.'])
    expect(board.forced.needing('n2').size).to.equal(0)
  })
})
