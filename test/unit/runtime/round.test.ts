/** A round over a collection that changes. */
import { expect } from 'chai'
import { Round } from '../../../lib/runtime/round.js'

describe('a round', () => {
  it('goes on where it stopped, and begins again at the end', () => {
    const round = new Round(() => ['a', 'b', 'c'])
    expect([...round.take(2)]).to.deep.equal(['a', 'b'])
    expect([...round.take(2)]).to.deep.equal(['c', 'a'])
  })

  it('has what came, and not what went', () => {
    const all = new Set(['a', 'b', 'c'])
    const round = new Round(() => all)
    expect([...round.take(1)]).to.deep.equal(['a'])
    all.delete('b')
    all.add('d')
    expect([...round.take(3)]).to.deep.equal(['c', 'd', 'a'])
  })

  it('over nothing has nothing', () => {
    expect([...new Round(() => []).take(3)]).to.deep.equal([])
  })
})
