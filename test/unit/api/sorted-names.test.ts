/** The names of a fleet in order, while zones come and go. */
import fc from 'fast-check'
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { placeAfter, SortedNames } from '../../../services/api/sorted-names.js'

const POOL = Array.from({ length: 2_500 }, (_, i) => `zone${(i * 7_919) % 2_503}.example.` as ZoneName)

describe('sorted names', () => {
  it('are those of the fleet in order after any changes, also while they are sorted', async () => {
    const few = fc.subarray(POOL.slice(0, 12))
    const many = fc.constantFrom(POOL, POOL.slice(0, 1_200), POOL.slice(1_100), [])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.oneof(few, many), fc.boolean()), { maxLength: 6 }), async (steps) => {
        const names = new SortedNames()
        let fleet = new Set<ZoneName>()
        for (const [next, isAwaited] of steps) {
          const wanted = new Set(next)
          names.change(
            next.filter((name) => !fleet.has(name)),
            [...fleet].filter((name) => !wanted.has(name)),
          )
          fleet = wanted
          const list = names.list()
          if (isAwaited) expect(await list).to.deep.equal([...fleet].sort())
        }
        expect(await names.list()).to.deep.equal([...fleet].sort())
      }),
      { numRuns: 40 },
    )
  })

  it('that were handed out do not change', async () => {
    const names = new SortedNames()
    names.change(POOL.slice(0, 3), [])
    const before = await names.list()
    const copy = [...before]
    names.change([POOL[3]!], [POOL[0]!])
    await names.list()
    expect(before).to.deep.equal(copy)
  })

  it('continue after a name, whether it is there or not', () => {
    const names = ['a.', 'b.', 'd.']
    expect(['', 'a.', 'b.', 'c.', 'd.', 'e.'].map((name) => placeAfter(names, name))).to.deep.equal([0, 1, 2, 2, 3, 3])
  })
})
