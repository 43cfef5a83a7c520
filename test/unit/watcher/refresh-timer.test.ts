/** The time of the next poll follows REFRESH, RETRY, the last change and the failures in a row, within the bounds of the config. */
import { expect } from 'chai'
import fc from 'fast-check'
import { nextPollMs, type PollOutcome, retryMs, retryRefreshMs } from '../../../services/watcher/refresh-timer.js'

const BOUNDS = { minMs: 1_000, maxMs: 3_600_000 }
/** The middle of the jitter. */
const MIDDLE = 0.5
const DAY_MS = 86_400_000

const answered = (refreshSeconds: number, changedAgoMs: number): PollOutcome => ({
  kind: 'answered',
  refreshSeconds,
  changedAgoMs,
})
const failed = (retrySeconds: number | undefined, failures: number): PollOutcome => ({ kind: 'failed', retrySeconds, failures })

describe('the next poll of a primary', () => {
  for (const [name, outcome, wanted] of [
    ['comes after REFRESH for a zone without a recent change', answered(600, DAY_MS), 600_000],
    ['comes after a tenth of the time since the last change', answered(600, 60_000), 6_000],
    ['comes no later than REFRESH after a change', answered(600, 7_000_000), 600_000],
    ['comes no sooner than the lower bound after a change', answered(600, 50), 1_000],
    ['comes no sooner than the lower bound for a tiny REFRESH', answered(0, DAY_MS), 1_000],
    ['comes no later than the upper bound for a long REFRESH', answered(10_000_000, 400 * DAY_MS), 3_600_000],
  ] as const)
    it(name, () => expect(nextPollMs(outcome, BOUNDS, MIDDLE)).to.be.closeTo(wanted, wanted / 1_000))

  it('is spread by a tenth to both sides', () => {
    const [early, late] = [0, 0.999_999].map((random) => nextPollMs(answered(600, DAY_MS), BOUNDS, random))
    expect(early).to.be.closeTo(540_000, 1_000)
    expect(late).to.be.closeTo(660_000, 1_000)
  })

  it('waits longer after each failure, up to sixteen times RETRY', () => {
    const waits = [1, 2, 3, 4, 5, 6, 20].map((failures) => nextPollMs(failed(60, failures), BOUNDS, MIDDLE))
    for (let i = 1; i < 5; i++) expect(waits[i], `after ${i + 1} failures`).to.be.greaterThan(waits[i - 1]! * 1.5)
    expect(waits[0]).to.be.within(30_000, 90_000)
    expect(Math.max(...waits)).to.be.at.most(60_000 * 16)
  })

  it('uses two seconds for a primary that has never answered', () =>
    expect(nextPollMs(failed(undefined, 1), BOUNDS, MIDDLE)).to.be.within(1_000, 3_000))

  it('is within the bounds for any SOA and any number of failures, less the jitter', () => {
    const seconds = fc.integer({ min: 0, max: 2 ** 31 })
    const outcome: fc.Arbitrary<PollOutcome> = fc.oneof(
      fc.tuple(seconds, fc.integer({ min: 0, max: 400 * DAY_MS })).map(([refresh, ago]) => answered(refresh, ago)),
      fc.tuple(fc.option(seconds, { nil: undefined }), fc.integer({ min: 1, max: 1_000 })).map(([retry, n]) => failed(retry, n)),
    )
    fc.assert(
      fc.property(outcome, fc.double({ min: 0, max: 0.999, noNaN: true }), (each, random) => {
        expect(nextPollMs(each, BOUNDS, random)).to.be.within(BOUNDS.minMs * 0.9, BOUNDS.maxMs * 1.1)
      }),
    )
  })
})

describe('the wait after a failed refresh', () => {
  it('is RETRY within the bounds', () => {
    expect([1, 900, 10 ** 7].map((seconds) => retryMs(seconds, { minMs: 5_000, maxMs: 1_000_000 }))).to.deep.equal([
      5_000, 900_000, 1_000_000,
    ])
  })

  it('grows with the failures, to ten minutes or RETRY', () => {
    const waits = [1, 2, 3, 30].map((failures) => retryRefreshMs(60, failures, BOUNDS, MIDDLE))
    expect(waits[1]).to.be.greaterThan(waits[0]!)
    expect(waits[2]).to.be.greaterThan(waits[1]!)
    expect(waits[3]).to.be.within(300_000, 600_000)
    expect(retryRefreshMs(1_800, 30, BOUNDS, MIDDLE)).to.be.within(900_000, 1_800_000)
  })
})
