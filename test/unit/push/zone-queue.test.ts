/** Zones that wait, as numbers. */
import { expect } from 'chai'
import fc from 'fast-check'
import { ZoneQueue } from '../../../lib/push/zone-queue.js'

describe('a queue of zone numbers', () => {
  it('gives what a list without repetitions gives, for any order of calls', () => {
    const call = fc.oneof(
      fc.record({ do: fc.constantFrom('push' as const, 'delete' as const), zone: fc.nat(100) }),
      fc.record({ do: fc.constantFrom('shift' as const), zone: fc.constant(0) }),
    )
    fc.assert(
      fc.property(fc.array(call, { maxLength: 300 }), (calls) => {
        const queue = new ZoneQueue()
        let list: number[] = []
        for (const { do: what, zone } of calls) {
          // A zone that left and comes back may keep its earlier place.
          if (what === 'push' && !list.includes(zone)) list.push(zone)
          if (what === 'push') queue.push(zone)
          else if (what === 'delete') {
            list = list.filter((each) => each !== zone)
            queue.delete(zone)
          } else {
            const next = queue.shift()
            expect(next === undefined).to.equal(list.length === 0)
            if (next !== undefined) expect(list).to.include(next)
            list = list.filter((each) => each !== next)
          }
          expect(queue.size).to.equal(list.length)
          expect([...queue]).to.have.members(list)
        }
      }),
    )
  })

  it('is first in, first out', () => {
    const queue = new ZoneQueue()
    const zones = Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 10_007)
    for (const zone of zones) queue.push(zone)
    for (const zone of zones) queue.push(zone)
    expect(zones.map(() => queue.shift())).to.deep.equal(zones)
    expect(queue.shift()).to.equal(undefined)
  })
})
