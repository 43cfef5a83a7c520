/** Slopes of the figures of a fleet. */
import { expect } from 'chai'
import { slopeOf } from '../../../bench/fleet/slopes.js'

const value = (zones: number, nodes: number): number => 70 + 0.01 * zones + 0.0008 * zones * nodes
const at = (zones: number, nodes: number) => ({ zones, nodes, value: value(zones, nodes) })

describe('slopes', () => {
  it('are those of the plane that the figures are on', () => {
    const slope = slopeOf([at(1000, 2), at(1000, 20), at(10_000, 2), at(10_000, 20), at(100_000, 20)])!
    expect(slope.fixed).to.be.closeTo(70, 1e-6)
    expect(slope.perZone).to.be.closeTo(0.01, 1e-9)
    expect(slope.perPair).to.be.closeTo(0.0008, 1e-9)
  })

  it('are unknown from sizes with the same number of nodes, and from two sizes', () => {
    expect(slopeOf([at(1000, 2), at(10_000, 2), at(50_000, 2)])).to.equal(undefined)
    expect(slopeOf([at(1000, 2), at(10_000, 20)])).to.equal(undefined)
  })
})
