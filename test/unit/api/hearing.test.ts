/** A node is heard by a steady clock, whatever happens to the wall clock. */
import { expect } from 'chai'
import { Hearing } from '../../../services/api/health/hearing.js'

const WALL = 1_800_000_000_000

describe('a node that answered', () => {
  it('is heard for the limit, and again with the next answer', () => {
    const hearing = new Hearing()
    const heard = (seconds: number, answered: number) =>
      hearing.isHeard('ams1', WALL + answered * 1000, WALL + seconds * 1000, seconds * 1000, 120_000)
    expect([heard(0, 0), heard(119, 0), heard(120, 0), heard(121, 120)]).to.deep.equal([true, true, false, true])
  })

  it('is not heard anew by a clock that is set back', () => {
    const hearing = new Hearing()
    expect(hearing.isHeard('ams1', WALL, WALL, 0, 120_000)).to.equal(true)
    expect(hearing.isHeard('ams1', WALL, WALL + 500, 121_000, 120_000)).to.equal(false)
  })

  it('is not muted by a clock that is set forward', () => {
    const hearing = new Hearing()
    hearing.isHeard('ams1', WALL, WALL, 0, 120_000)
    expect(hearing.isHeard('ams1', WALL, WALL + 3_600_000, 5_000, 120_000)).to.equal(true)
  })

  it('is not heard by an answer from the future, except within the skew of two clocks', () => {
    const hearing = new Hearing()
    expect(hearing.isHeard('ams1', WALL + 60_000, WALL, 0, 120_000)).to.equal(false)
    expect(hearing.isHeard('lhr1', WALL + 900, WALL, 0, 120_000)).to.equal(true)
  })

  it('is not heard when its first known answer is old', () => {
    expect(new Hearing().isHeard('ams1', WALL, WALL + 120_000, 0, 120_000)).to.equal(false)
  })
})
