/** The time when signatures expire, in the sums over all zones. */
import { expect } from 'chai'
import { ZoneColumns } from '../../../services/api/zone-sum.js'

describe('the first expiration of signatures', () => {
  it('is the least over all zones, and zones without signatures do not count', () => {
    const zones = new ZoneColumns()
    for (let n = 0; n < 200; n++) zones.clear(n)
    expect(zones.firstExpiry).to.equal(undefined)
    zones.setSignedUntil(7, 2_000)
    zones.setSignedUntil(199, 1_000)
    zones.setSignedUntil(50, undefined)
    expect(zones.firstExpiry).to.equal(1_000)
    zones.clear(199)
    expect(zones.firstExpiry).to.equal(2_000)
  })
})
