/** Views and addresses, in both directions. */
import { expect } from 'chai'
import fc from 'fast-check'
import { hasSameFilter, readPlace, writePlace } from '../../../services/api/dashboard/place.js'
import { STATES } from '../../../services/api/dashboard/states.js'

const NOWHERE = { zone: undefined, node: undefined, match: '', states: [] }

describe('a place and its address', () => {
  it('is empty without a choice', () => {
    expect(readPlace('')).to.deep.equal(NOWHERE)
    expect(writePlace(NOWHERE)).to.equal('')
  })

  it('leaves out unknown parts', () => {
    expect(readPlace('#state=stuck,melted,in-sync&frob=1')).to.deep.equal({ ...NOWHERE, states: ['stuck', 'in-sync'] })
  })

  it('is the same after a round trip', () => {
    const name = fc.string({ minLength: 1, unit: 'binary' }).map((text) => text.replace(/[\ud800-\udfff]/g, 'x'))
    const place = fc.record({
      zone: fc.option(name, { nil: undefined }),
      node: fc.option(name, { nil: undefined }),
      match: fc.option(name, { nil: '' }),
      states: fc.subarray(STATES.map(({ state }) => state)),
    })
    fc.assert(
      fc.property(place, (there) => {
        expect(readPlace(writePlace(there))).to.deep.equal(there)
      }),
    )
  })

  it('has a choice without a filter', () => {
    expect(hasSameFilter(NOWHERE, { ...NOWHERE, zone: 'example.com.' })).to.equal(true)
    expect(hasSameFilter(NOWHERE, { ...NOWHERE, states: ['stuck'] })).to.equal(false)
  })
})
