/** The drawn rows, at the ends of a list. */
import { expect } from 'chai'
import { scrollTopFor, windowOf } from '../../../services/api/dashboard/view-window.js'

describe('the window on a long list', () => {
  const view = { height: 400, rowHeight: 40, count: 1000, spare: 3 }

  for (const [what, scrollTop, first, last] of [
    ['at the top', 0, 0, 13],
    ['in the middle', 4000, 97, 113],
    ['between two rows', 4010, 97, 114],
    ['at the end', 39_600, 987, 1000],
    ['far past the end', 99_999, 1000, 1000],
  ] as const)
    it(what, () => expect(windowOf({ ...view, scrollTop })).to.deep.equal({ first, last }))

  it('is empty for an empty list', () => {
    expect(windowOf({ ...view, count: 0, scrollTop: 0 })).to.deep.equal({ first: 0, last: 0 })
  })

  it('scrolls no further than a row needs', () => {
    const place = { scrollTop: 400, height: 400, rowHeight: 40 }
    expect(scrollTopFor({ ...place, row: 12 })).to.equal(400)
    expect(scrollTopFor({ ...place, row: 3 })).to.equal(120)
    expect(scrollTopFor({ ...place, row: 20 })).to.equal(440)
  })
})
