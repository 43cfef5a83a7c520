/** The time in which each zone of each node is observed once, and the time by which observations are judged. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetZone } from '../../../lib/fleet/fleet.js'
import { longestSweepMs, roundedSweepMs } from '../../../lib/fleet/sweep-length.js'
import { fleetNode } from './facts.js'

const nodes = ['n1', 'n2'].map((id) => fleetNode(id))
const fleetOf = (zones: number): Fleet =>
  new Fleet(
    Array.from({ length: zones }, (_, i) => ({ name: parseZoneName(`z${i}.example`), nodes }) as unknown as FleetZone),
    nodes,
    [],
    [],
  )
const budget = { total: 10, perNode: 10 }

describe('the length of a sweep for judgements', () => {
  it('is the same with one zone more', () => {
    const rules = { everyMs: 1_000, budget }
    const [before, after] = [fleetOf(1_000), fleetOf(1_001)]
    expect(longestSweepMs(rules, after)).to.be.greaterThan(longestSweepMs(rules, before))
    expect(roundedSweepMs(rules, after)).to.equal(roundedSweepMs(rules, before))
  })

  it('is never shorter than the sweep, and at most an eighth longer', () => {
    const rules = { everyMs: 1, budget }
    for (let zones = 1; zones < 400; zones++) {
      const fleet = fleetOf(zones)
      const exact = longestSweepMs(rules, fleet)
      expect(roundedSweepMs(rules, fleet)).to.be.within(exact, exact * 1.125)
    }
  })

  it('is the configured time where the budget allows it', () => {
    expect(roundedSweepMs({ everyMs: 60_001, budget }, fleetOf(3))).to.equal(60_001)
  })
})
