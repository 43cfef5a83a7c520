/** The pairs of orders: a job names what they have in common, unless the order asks for states. */
import { expect } from 'chai'
import type { Response } from 'express'
import type { CallerScope } from '../../../config/caller-types.js'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import type { ApiContext } from '../../../services/api/context.js'
import { pairsOf, type Selection } from '../../../services/api/select-pairs.js'

const nodes = Array.from(
  { length: 25 },
  (_, i): FleetNode => ({
    id: `n${i}`,
    cloud: 'A',
    site: undefined,
    paths: [],
    key: undefined,
  }),
)
const zones = Array.from({ length: 10_000 }, (_, i) => {
  const name = `z${i}.example`
  return { name: parseZoneName(name), apex: nameToWire(name), nodes } as unknown as FleetZone
})
const fleet = new Fleet(zones, nodes, [], [])
const contextIn = (stateOf: (zone: FleetZone, node: FleetNode) => NodeState) =>
  ({
    matrix: { fleet, nodeZone: (zone: FleetZone, node: FleetNode) => ({ state: stateOf(zone, node) }) },
    members: new Map(),
  }) as unknown as ApiContext

const forCaller = (scope: CallerScope | undefined) =>
  ({ locals: { caller: { name: 'noc', role: 'operator', person: 'noc', scope, expires: undefined } } }) as unknown as Response
const UNLIMITED = forCaller(undefined)

describe('the pairs of an order', function () {
  this.timeout(20_000)
  const stuckAt = (id: string) => contextIn((_, node) => (node.id === id ? 'stuck' : 'in-sync'))

  it('are named by the selection, however many there are', async () => {
    const selection = { zones: undefined, nodes: undefined, clouds: ['A'] }
    expect(await pairsOf(stuckAt('n3'), UNLIMITED, selection)).to.deep.equal({ targets: [], select: selection })
  })

  it('are none when no node serves the zones', async () => {
    expect(await pairsOf(stuckAt('n3'), UNLIMITED, { zones: [zones[0]!.name], clouds: ['B'] })).to.equal(undefined)
  })

  it('are listed where the order asks for states', async () => {
    const { targets } = (await pairsOf(stuckAt('n3'), UNLIMITED, { states: ['stuck'] }))!
    expect(targets).to.have.length(zones.length)
    expect(targets[1]).to.deep.equal({ zone: zones[1]!.name, node: 'n3' })
    expect(await pairsOf(stuckAt('n3'), UNLIMITED, { states: ['lagging'] })).to.equal(undefined)
  })

  it('are named by the selection for a caller whose scope covers it, 250,000 of them too', async () => {
    for (const [scope, selection] of [
      [{ zones: [{ kind: 'zone', name: zones[7]!.name }] }, { zones: [zones[7]!.name], nodes: ['n1'] }],
      [{ clouds: ['A'] }, { clouds: ['A'] }],
      [{ nodes: ['n1', 'n2'] }, { nodes: ['n2'] }],
    ] as [Partial<CallerScope>, Selection][]) {
      const rules = { zones: undefined, clouds: undefined, nodes: undefined, ...scope }
      expect(await pairsOf(stuckAt('n3'), forCaller(rules), selection)).to.deep.equal({ targets: [], select: selection })
    }
  })

  it('are listed for a caller of whom only the pairs show that all are in its scope', async () => {
    const scope: CallerScope = { zones: undefined, clouds: ['A'], nodes: undefined }
    const { targets, select } = (await pairsOf(stuckAt('n3'), forCaller(scope), { zones: [zones[7]!.name] }))!
    expect([targets.length, select]).to.deep.equal([25, undefined])
  })

  it('are refused when a list of them would be too long', async () => {
    const error = await pairsOf(
      contextIn(() => 'stuck'),
      UNLIMITED,
      { states: ['stuck'] },
    ).then(
      () => undefined,
      (reason: Error) => reason,
    )
    expect(error?.message).to.equal('over 200000 pairs in these states; name fewer zones, nodes or clouds')
  })
})
