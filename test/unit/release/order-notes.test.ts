/** The notes of an order for the operator. */
import { expect } from 'chai'
import { notesOnChoice } from '../../../lib/release/order-notes.js'

describe('the notes on a choice between two contents', () => {
  it('name the nodes that keep the other content until they transfer again', () => {
    expect(notesOnChoice(['n1', 'n2'], 4, 'hm2')).to.deep.equal([
      'already on serial 4: n1, n2. A node does not transfer a serial again that it has: transfer the zone by force on each of them, or raise the serial at hm2',
    ])
  })

  it('are empty without such a node', () => expect(notesOnChoice([], 4, 'hm2')).to.deep.equal([]))
})
