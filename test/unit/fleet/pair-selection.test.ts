/** Pairs of zone and node, named by what they have in common. */
import { expect } from 'chai'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import { type PairSelection, selectPairs } from '../../../lib/fleet/pair-selection.js'

const node = (id: string, cloud: string): FleetNode => ({ id, cloud, site: undefined, paths: [], key: undefined })
const [A1, A2, B1] = [node('a1', 'A'), node('a2', 'A'), node('b1', 'B')]
const zone = (name: string, nodes: FleetNode[], group?: string): FleetZone =>
  ({ name: parseZoneName(name), apex: nameToWire(name), nodes, clouds: [], primaries: [], group }) as unknown as FleetZone
const FLEET = new Fleet(
  [zone('x.example', [A1, A2], 'gold'), zone('y.example', [A1, A2, B1], 'silver'), zone('z.example', [B1])],
  [A1, A2, B1],
  [],
  [],
)
const pairs = (selection: PairSelection): string[] =>
  [...selectPairs(selection, FLEET)].flatMap(
    (selected) => selected?.nodes.map(({ id }) => `${selected.zone.name[0]} ${id}`) ?? [],
  )

describe('a selection of pairs', () => {
  const CASES: readonly [string, PairSelection, string[]][] = [
    ['nothing', {}, ['x a1', 'x a2', 'y a1', 'y a2', 'y b1', 'z b1']],
    [
      'zones, repeated ones and unknown ones',
      { zones: ['z', 'x', 'z', 'w'].map((name) => parseZoneName(`${name}.example`)) },
      ['z b1', 'x a1', 'x a2'],
    ],
    ['a node', { nodes: ['b1'] }, ['y b1', 'z b1']],
    ['a cloud', { clouds: ['A'] }, ['x a1', 'x a2', 'y a1', 'y a2']],
    ['a node of another cloud', { clouds: ['A'], nodes: ['b1'] }, []],
    ['groups', { groups: ['gold', 'bronze'] }, ['x a1', 'x a2']],
    ['a group and a node', { groups: ['silver'], nodes: ['b1'] }, ['y b1']],
    ['an empty list', { zones: [] }, []],
  ]
  for (const [what, selection, expected] of CASES)
    it(`by ${what}`, () => {
      expect(pairs(selection)).to.deep.equal(expected)
    })

  it('lets its caller pause at zones without a selected node, too', () => {
    expect([...selectPairs({ nodes: ['b1'] }, FLEET)]).to.have.length(3)
  })
})
