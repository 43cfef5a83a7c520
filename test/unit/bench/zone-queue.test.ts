/** The queue of zones of a simulated node. */
import { expect } from 'chai'
import fc from 'fast-check'
import { ZoneQueue } from '../../../bench/fleet/zone-queue.js'

describe('a queue of zones', () => {
  it('returns zones in the order in which they came, also after it grew', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(300)), { maxLength: 20 }), (steps) => {
        const queue = new ZoneQueue()
        const model: number[] = []
        let next = 0
        for (const [pushes, shifts] of steps) {
          for (let i = 0; i < pushes; i++) {
            queue.push(next)
            model.push(next++)
          }
          for (let i = 0; i < shifts; i++) expect(queue.shift()).to.equal(model.shift())
        }
        expect(queue.length).to.equal(model.length)
      }),
    )
  })
})
