/** The budget of withdrawals with local clusters: a cluster counts as one node, and no fleet goes dark whatever is bad. */
import { expect } from 'chai'
import fc from 'fast-check'
import { type BudgetNode, isOut, leaveOf } from '../../../lib/fleet/withdrawal-budget.js'
import { unitOf } from '../../../lib/fleet/units.js'
import { seededRuns } from '../../support/seed.js'

const node = (id: string, cloud = 'A', cluster?: string): BudgetNode => ({ id, cloud, cluster })
/** Two nodes and a cluster of three in cloud A, a cluster of two and a node in cloud B. */
const FLEET = [
  node('a1'),
  node('a2'),
  ...['x1', 'x2', 'x3'].map((id) => node(id, 'A', 'x')),
  ...['y1', 'y2'].map((id) => node(id, 'B', 'y')),
  node('b1', 'B'),
]

/** `withdrawn` before, `dead`: cannot serve. */
const leave = (
  id: string,
  { withdrawn = [], dead = [], atMost = 1 }: { withdrawn?: string[]; dead?: string[]; atMost?: number } = {},
) =>
  leaveOf(FLEET.find((each) => each.id === id)!, {
    nodes: FLEET,
    isWithdrawn: (each) => withdrawn.includes(each),
    isSpare: (each) => !dead.includes(each.id) && each.id !== id,
    atMost,
  })

describe('the budget of withdrawals', () => {
  it('lets members leave in the place of their cluster while the rest of it serves', () => {
    expect(leave('x1')).to.equal('member')
    expect(leave('x1', { atMost: 0 })).to.equal('budget')
    expect(leave('x1', { withdrawn: ['a1'] })).to.equal('budget')
    expect(leave('x1', { withdrawn: ['a1'], atMost: 2 })).to.equal('member')
    expect(leave('x1', { dead: ['a1', 'a2'] }), 'its site serves, so no other unit has to').to.equal('member')
    const four = ['z1', 'z2', 'z3', 'z4'].map((id) => node(id, 'A', 'z'))
    const facts = { nodes: four, isSpare: () => true, atMost: 1 }
    expect(leaveOf(four[1]!, { ...facts, isWithdrawn: (id) => id === 'z1' }), 'a second member').to.equal('member')
  })

  it('counts a cluster from its first member on, in its cloud and for others', () => {
    expect(leave('a1', { withdrawn: ['x1'] })).to.equal('budget')
    expect(leave('y1', { withdrawn: ['x1'] })).to.equal('other-cloud')
    expect(leave('y1', { withdrawn: ['a1'] })).to.equal('other-cloud')
    expect(leave('b1', { withdrawn: ['x1'], atMost: 4 })).to.equal('other-cloud')
    const pairs = ['p1', 'p2', 'q1', 'q2'].map((id) => node(id, 'A', id[0]))
    const facts = { nodes: pairs, isWithdrawn: (id: string) => id === 'p1', isSpare: () => true }
    expect(leaveOf(pairs[2]!, { ...facts, atMost: 1 })).to.equal('budget')
    expect(leaveOf(pairs[2]!, { ...facts, atMost: 2 })).to.equal('member')
  })

  it('counts a cluster as one node when most of it is out', () => {
    expect(leave('x2', { withdrawn: ['x1'] })).to.equal('unit')
    expect(leave('x3', { withdrawn: ['x1', 'x2'] })).to.equal('unit')
    expect(leave('y2', { withdrawn: ['y1'] })).to.equal('unit')
    expect(leave('a1', { withdrawn: ['x1', 'x2'] })).to.equal('budget')
    expect(leave('a1', { withdrawn: ['x1', 'x2'], atMost: 2 })).to.equal('unit')
    expect(leave('x2', { withdrawn: ['x1', 'a1'] })).to.equal('budget')
    expect(leave('y2', { withdrawn: ['y1', 'a1'] })).to.equal('other-cloud')
  })

  it('counts a cluster as one node when no member that is left can serve', () => {
    expect(leave('x1', { dead: ['x2', 'x3'] })).to.equal('unit')
    expect(leave('a1', { withdrawn: ['x1'], dead: ['x2', 'x3'] })).to.equal('budget')
    expect(leave('b1', { withdrawn: ['x1'], dead: ['x2', 'x3'] })).to.equal('other-cloud')
  })

  it('needs another unit of the cloud that serves', () => {
    expect(leave('y2', { withdrawn: ['y1'], dead: ['b1'] })).to.equal('last')
    expect(leave('a1', { dead: ['a2', 'x1', 'x2', 'x3'] })).to.equal('last')
    expect(leave('a1', { dead: ['a2', 'x1', 'x2'] }), 'one member is enough').to.equal('unit')
    expect(leaveOf(node('gone'), { nodes: FLEET, isWithdrawn: () => false, isSpare: () => true, atMost: 1 })).to.equal('last')
  })

  /** Units of 1 to 4 servers in two clouds; each server is well, bad or dead, and changes. */
  const fleets = fc.array(fc.record({ cloud: fc.constantFrom('A', 'B'), size: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 8,
  })
  const states = fc.array(fc.constantFrom('well', 'bad', 'dead'), { minLength: 32, maxLength: 32 })

  it('leaves every cloud with a server that may serve, and withdraws servers of atMost units of one cloud: any fleet, any faults', () => {
    fc.assert(
      fc.property(
        fleets,
        fc.array(states, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 3 }),
        (units, rounds, atMost) => {
          const nodes = units.flatMap(({ cloud, size }, u) =>
            Array.from({ length: size }, (_, i) => node(`n${u}-${i}`, cloud, size === 1 ? undefined : `n${u}`)),
          )
          const withdrawn = new Set<string>()
          for (const round of rounds) {
            const stateOf = new Map(nodes.map(({ id }, i) => [id, round[i % round.length]!]))
            const serves = ({ id }: BudgetNode): boolean => stateOf.get(id) === 'well' && !withdrawn.has(id)
            for (const each of nodes) {
              withdrawn.delete(each.id)
              if (stateOf.get(each.id) !== 'bad') continue
              const facts = { nodes, atMost, isWithdrawn: (id: string) => withdrawn.has(id), isSpare: serves }
              if (['member', 'unit'].includes(leaveOf(each, facts))) withdrawn.add(each.id)
            }
            // A second look by the same facts renews the grants of each.
            for (const each of nodes.filter(({ id }) => withdrawn.has(id))) {
              withdrawn.delete(each.id)
              const facts = { nodes, atMost, isWithdrawn: (id: string) => withdrawn.has(id), isSpare: serves }
              if (['member', 'unit'].includes(leaveOf(each, facts))) withdrawn.add(each.id)
            }
            const out = new Map<string, string>()
            for (const each of nodes) {
              const own = nodes.filter((other) => unitOf(other) === unitOf(each))
              const left = own.filter(({ id }) => withdrawn.has(id)).length
              if (left > 0 && (isOut(left, own.length) || !own.some(serves))) out.set(unitOf(each), each.cloud)
            }
            const touched = new Map(
              nodes.flatMap((each) => (withdrawn.has(each.id) ? [[unitOf(each), each.cloud] as const] : [])),
            )
            expect(touched.size, 'units with a withdrawn server').to.be.at.most(atMost)
            expect(new Set(touched.values()).size, 'clouds with a withdrawn server').to.be.at.most(1)
            expect(out.size, 'units that are out').to.be.at.most(atMost)
            expect(new Set(out.values()).size, 'clouds with a unit that is out').to.be.at.most(1)
            for (const cloud of new Set(out.values()))
              expect(
                nodes.some((each) => each.cloud === cloud && !out.has(unitOf(each)) && serves(each)),
                'a server of the cloud',
              ).to.equal(true)
          }
        },
      ),
      seededRuns(500),
    )
  })
})
