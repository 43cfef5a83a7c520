/** However many NOTIFYs come, a primary is asked at a pace. */
import { expect } from 'chai'
import { PollPace } from '../../../services/watcher/poll-pace.js'

/** Looks in the first so many milliseconds when all that is allowed is taken. */
function looksIn(pace: PollPace, from: number, until: number): number {
  let looks = 0
  for (let now = from; now < until; now += 10)
    if (pace.earliest <= now) {
      pace.notePoll(now)
      looks += 1
    }
  return looks
}

describe('the pace of looks', () => {
  it('lets a few changes in a row be seen at once, and then one a second', () => {
    const pace = new PollPace()
    expect(looksIn(pace, 0, 40)).to.equal(4)
    expect(looksIn(pace, 40, 10_000)).to.equal(9)
  })

  it('is free again after a rest', () => {
    const pace = new PollPace()
    looksIn(pace, 0, 5_000)
    expect(looksIn(pace, 9_000, 9_040)).to.equal(4)
  })
})
