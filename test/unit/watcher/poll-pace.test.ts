/** Limit on the polls of a primary, for any number of NOTIFYs. */
import { expect } from 'chai'
import { PollPace } from '../../../services/watcher/poll-pace.js'

/** Polls in an interval when every permitted one is made. */
function pollsIn(pace: PollPace, from: number, until: number): number {
  let polls = 0
  for (let now = from; now < until; now += 10)
    if (pace.earliest <= now) {
      pace.notePoll(now)
      polls += 1
    }
  return polls
}

describe('the pace of polls', () => {
  it('permits a few at once, and then one a second', () => {
    const pace = new PollPace()
    expect(pollsIn(pace, 0, 40)).to.equal(4)
    expect(pollsIn(pace, 40, 10_000)).to.equal(9)
  })

  it('permits a few again after a rest', () => {
    const pace = new PollPace()
    pollsIn(pace, 0, 5_000)
    expect(pollsIn(pace, 9_000, 9_040)).to.equal(4)
  })
})
