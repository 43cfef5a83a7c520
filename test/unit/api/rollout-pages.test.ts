/** Pages of rollouts while rows change their place. */
import { expect } from 'chai'
import { ApiProblem } from '../../../services/api/problem.js'
import { cursorOf, isBefore } from '../../../services/api/routes/rollouts.js'

const rows = [
  { id: 'c', at: 30 },
  { id: 'a', at: 20 },
  { id: 'b', at: 20 },
  { id: 'd', at: 10 },
]

describe('a page of rollouts after a cursor', () => {
  for (const [after, id] of [
    ['30~c', 'a'],
    ['20~a', 'b'],
    ['20~b', 'd'],
    ['10~d', undefined],
    // Rows that were removed or moved up: the page continues at their old place, and does not start again.
    ['25~gone', 'a'],
    ['20~aa', 'b'],
    ['5~gone', undefined],
  ] as const)
    it(`starts at ${id ?? 'the end'} for ${after}`, () =>
      expect(rows.find((row) => isBefore(cursorOf(after), row))?.id).to.equal(id))

  for (const after of ['', 'unknown', '~a', '20~', 'x~a'])
    it(`is refused for "${after}"`, () => expect(() => cursorOf(after)).to.throw(ApiProblem, /after/))
})
