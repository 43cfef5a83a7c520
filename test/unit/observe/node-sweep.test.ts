/** The round of a node: each of its zones once, those that come meanwhile included. */
import { expect } from 'chai'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { listComparer, NodeSweep } from '../../../lib/observe/node-sweep.js'
import { fleetNode } from '../fleet/facts.js'

const zonesNamed = (...names: string[]) => names.map((name) => ({ name }) as unknown as FleetZone)
const OLD = zonesNamed('a', 'b', 'c', 'd', 'e')
const NEW = zonesNamed('f', 'g')

/** A round for a node with the old zones; `taken` are asked about before the others come. */
function namesInRound(taken: number, later: readonly FleetZone[]): { names: string[]; startedAt: number } {
  const node = fleetNode('n1')
  const sweep = new NodeSweep(node, OLD, 0, false)
  sweep.restart(0, false)
  const names: string[] = []
  const take = (now: number, most: number) => names.push(...sweep.take(now, 100_000, most).map(({ name }) => name))
  take(1_000_000, taken)
  expect(names).to.have.length(taken)
  sweep.adopt(node, later, 1_000_000, listComparer())
  for (let now = 2_000_000; sweep.round.left > 0; now += 1_000_000) take(now, 100)
  return { names, startedAt: sweep.round.startedAt }
}

describe('the round of a node', () => {
  // The place at which a sweep begins is random.
  for (const taken of [1, 2, 4])
    it(`goes on, and has the zones that come after ${taken} of 5`, () => {
      for (let run = 0; run < 50; run++) {
        const { names, startedAt } = namesInRound(taken, [...OLD, ...NEW])
        expect(new Set(names)).to.have.all.keys('a', 'b', 'c', 'd', 'e', 'f', 'g')
        expect(startedAt).to.equal(0)
      }
    })

  it('begins again when a zone goes', () => {
    const { names, startedAt } = namesInRound(2, OLD.slice(1))
    expect(names).to.have.length(2 + 4)
    expect(startedAt).to.equal(1_000_000)
  })
})
