/** Times of the primary comparisons that no version waits for. */
import { expect } from 'chai'
import { ComparePace } from '../../../services/worker/compare-pace.js'

describe('comparisons that can wait', () => {
  it('of a slow primary do not delay those of the others', () => {
    const pace = new ComparePace()
    const slow = Array.from({ length: 10 }, (_, i) => pace.begin(`z${i} slow`, 'slow', 0))
    expect(slow.filter((end) => end !== undefined).length).to.equal(2)
    expect(pace.begin('z0 good', 'good', 0)).to.be.a('function')
  })

  it('start again when one of the same primary has ended', () => {
    const pace = new ComparePace()
    const first = pace.begin('z1 hm1', 'hm1', 0)!
    pace.begin('z2 hm1', 'hm1', 0)
    expect(pace.begin('z3 hm1', 'hm1', 100)).to.equal(undefined)
    first(100)
    expect(pace.begin('z3 hm1', 'hm1', 100)).to.be.a('function')
  })

  it('of one zone and primary run one at a time, and at most every 5 s', () => {
    const pace = new ComparePace()
    const end = pace.begin('z hm1', 'hm1', 0)!
    expect(pace.begin('z hm1', 'hm1', 60_000)).to.equal(undefined)
    end(10)
    expect([4_999, 5_000].map((now) => pace.begin('z hm1', 'hm1', now) !== undefined)).to.deep.equal([false, true])
  })

  it('may begin exactly when they would', () => {
    const pace = new ComparePace()
    expect(pace.mayBegin('z1 hm1', 'hm1', 0)).to.equal(true)
    const end = pace.begin('z1 hm1', 'hm1', 0)!
    expect(pace.mayBegin('z1 hm1', 'hm1', 60_000), 'it runs').to.equal(false)
    expect(pace.mayBegin('z2 hm1', 'hm1', 0)).to.equal(true)
    pace.begin('z2 hm1', 'hm1', 0)
    expect(pace.mayBegin('z3 hm1', 'hm1', 0), 'two run').to.equal(false)
    end(10)
    expect(pace.mayBegin('z3 hm1', 'hm1', 10)).to.equal(true)
    expect(pace.mayBegin('z1 hm1', 'hm1', 4_999), 'within 5 s').to.equal(false)
  })

  it('pause for ten times their duration', () => {
    const pace = new ComparePace()
    pace.begin('z hm1', 'hm1', 0)!(60_000)
    expect([659_999, 660_000].map((now) => pace.begin('z hm1', 'hm1', now) !== undefined)).to.deep.equal([false, true])
  })
})
