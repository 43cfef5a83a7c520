/** The wait of a zone after a failed refresh, and the effect of a NOTIFY on it. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { RefreshWaits } from '../../../services/watcher/refresh-waits.js'

const ZONE = parseZoneName('example.')
const BOUNDS = { minMs: 1_000, maxMs: 3_600_000 }

describe('the wait after a failed refresh', () => {
  it('is none before the first failure', () => expect(new RefreshWaits().until(ZONE)).to.equal(0))

  it('is about RETRY, and grows with each failure', () => {
    const waits = new RefreshWaits()
    const first = waits.begin(ZONE, 0, 800, 1, BOUNDS)
    expect(first).to.be.within(400_000, 1_200_000)
    expect(waits.until(ZONE)).to.equal(first)
    expect(waits.begin(ZONE, 0, 80, 6, BOUNDS)).to.be.greaterThan(300_000)
  })

  it('is shortened by a NOTIFY to an eighth of RETRY, for any number of NOTIFYs', () => {
    const waits = new RefreshWaits()
    waits.begin(ZONE, 5_000, 800, 1, BOUNDS)
    for (let i = 0; i < 100; i++) waits.shorten(ZONE)
    expect(waits.until(ZONE)).to.equal(105_000)
  })

  it('is not prolonged by a NOTIFY, and a NOTIFY starts none', () => {
    const waits = new RefreshWaits()
    waits.shorten(ZONE)
    expect(waits.until(ZONE)).to.equal(0)
    const until = waits.begin(ZONE, 0, 1, 1, { minMs: 10, maxMs: 100 })
    waits.shorten(ZONE)
    expect(waits.until(ZONE)).to.be.at.most(until)
  })

  it('ends with a successful refresh', () => {
    const waits = new RefreshWaits()
    waits.begin(ZONE, 0, 800, 1, BOUNDS)
    waits.end(ZONE)
    expect(waits.until(ZONE)).to.equal(0)
  })
})
