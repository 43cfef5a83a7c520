/** Times by node beside a plain map. */
import { expect } from 'chai'
import fc from 'fast-check'
import { NodeTimes } from '../../../lib/store/node-times.js'

/** Far apart, as a node may confirm a version months after the others. */
const time = fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }), fc.nat({ max: 2_000_000_000_000 }))
const id = fc.nat(300).map((n) => `node${n}`)

describe('times by node', () => {
  it('are those of a map, for any order of calls', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(id, time), { maxLength: 100 }), fc.dictionary(id, time), (calls, filled) => {
        const times = new NodeTimes()
        const map = new Map<string, number>()
        for (const [node, at] of calls) {
          times.set(node, at)
          map.set(node, at)
        }
        times.fill(filled)
        for (const [node, at] of Object.entries(filled)) if (!map.has(node)) map.set(node, at)
        expect(times.size).to.equal(map.size)
        expect(times.toJSON()).to.deep.equal(Object.fromEntries(map))
        for (let n = 0; n <= 300; n++) expect(times.get(`node${n}`)).to.equal(map.get(`node${n}`))
        expect([...times.ids()]).to.have.members([...map.keys()])
        expect(JSON.parse(JSON.stringify({ times }))).to.deep.equal({ times: Object.fromEntries(map) })
      }),
    )
  })
})
