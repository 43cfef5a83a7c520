/** The contact of a node completes the cells of its zones. */
import { expect } from 'chai'
import { cellAtRest, withContact } from '../../../lib/state/pair-cells.js'

describe('a cell with the contact of its node', () => {
  const cell = cellAtRest(7, 1_000, undefined)

  it('is as old as the last sweep in which the node answered', () => {
    expect(withContact(cell, { at: 5_000, missed: 0, sweptAt: 5_000 })).to.include({ serial: 7, observedAt: 5_000, missed: 0 })
  })

  it('keeps the time of the last sweep when the node is silent after it', () => {
    const contact = { at: 6_000, missed: 1, silentSince: 6_000, error: 'no answer', sweptAt: 5_000 }
    expect(withContact(cell, contact)).to.include({ observedAt: 5_000, missed: 1, error: 'no answer' })
  })

  it('does not gain time from a sweep before its own answer', () => {
    expect(withContact(cell, { at: 5_000, missed: 0, sweptAt: 500 })).to.equal(cell)
  })

  it('is not silent when it was answered after the silence began', () => {
    expect(withContact(cell, { at: 5_000, missed: 3, silentSince: 800, error: 'no answer' })).to.equal(cell)
  })

  it('without an answer has the silence alone', () => {
    const contact = { at: 6_000, missed: 3, silentSince: 6_000, error: 'no answer' }
    expect(withContact(undefined, contact)).to.include({
      serial: undefined,
      observedAt: undefined,
      missed: 3,
      error: 'no answer',
    })
  })
})
