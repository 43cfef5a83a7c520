/** The pairs of orders: a job names what they have in common, unless the order asks for states. */
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { Response } from 'express'
import type { CallerScope } from '../../../config/caller-types.js'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import { listOfSelections, selectPairs } from '../../../lib/fleet/pair-selection.js'
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
const contextIn = (stateOf: (zone: FleetZone, node: FleetNode) => NodeState, over = fleet) =>
  ({
    matrix: { fleet: over, nodeZone: (zone: FleetZone, node: FleetNode) => ({ state: stateOf(zone, node) }) },
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
    expect(await pairsOf(stuckAt('n3'), UNLIMITED, selection)).to.deep.equal([{ targets: [], select: selection }])
  })

  it('are none when no node serves the zones', async () => {
    expect(await pairsOf(stuckAt('n3'), UNLIMITED, { zones: [zones[0]!.name], clouds: ['B'] })).to.deep.equal([])
  })

  it('are listed where the order asks for states, and they are few', async () => {
    const few = contextIn((zone, node) => (node.id === 'n3' && zones.indexOf(zone) < 3 ? 'stuck' : 'in-sync'))
    const jobs = await pairsOf(few, UNLIMITED, { states: ['stuck'] })
    expect(jobs).to.deep.equal([{ targets: zones.slice(0, 3).map(({ name }) => ({ zone: name, node: 'n3' })) }])
    expect(await pairsOf(few, UNLIMITED, { states: ['lagging'] })).to.deep.equal([])
  })

  it('in certain states are named by zones and nodes, 250,000 of them too', async () => {
    const jobs = await pairsOf(stuckAt('n3'), UNLIMITED, { states: ['stuck'] })
    expect(jobs).to.deep.equal([{ targets: [], select: { zones: zones.map(({ name }) => name), nodes: ['n3'] } }])
    const all = await pairsOf(
      contextIn(() => 'stuck'),
      UNLIMITED,
      { states: ['stuck'] },
    )
    const select = { zones: zones.map(({ name }) => name), nodes: nodes.map(({ id }) => id) }
    expect(all).to.deep.equal([{ targets: [], select }])
  })

  it('in certain states are these and no others, whatever the states', async () => {
    const isStuck = (zone: FleetZone, { id }: FleetNode) => (zones.indexOf(zone) * 7 + Number(id.slice(1)) * 13) % 5 === 0
    const some = zones.slice(0, 500)
    const few = contextIn((zone, node) => (isStuck(zone, node) ? 'stuck' : 'in-sync'))
    const [job] = await pairsOf(few, UNLIMITED, { states: ['stuck'], zones: some.map(({ name }) => name) })
    const selected = [...selectPairs(job!.select!, fleet)].flatMap((each) =>
      (each?.nodes ?? []).map((node) => `${each!.zone.name} ${node.id}`),
    )
    const expected = some.flatMap((zone) => nodes.filter((node) => isStuck(zone, node)).map(({ id }) => `${zone.name} ${id}`))
    expect(selected.sort()).to.deep.equal(expected.sort())
  })

  it('are named by the selection for a caller whose scope covers it, 250,000 of them too', async () => {
    for (const [scope, selection] of [
      [{ zones: [{ kind: 'zone', name: zones[7]!.name }] }, { zones: [zones[7]!.name], nodes: ['n1'] }],
      [{ clouds: ['A'] }, { clouds: ['A'] }],
      [{ nodes: ['n1', 'n2'] }, { nodes: ['n2'] }],
    ] as [Partial<CallerScope>, Selection][]) {
      const rules = { zones: undefined, clouds: undefined, nodes: undefined, ...scope }
      expect(await pairsOf(stuckAt('n3'), forCaller(rules), selection)).to.deep.equal([{ targets: [], select: selection }])
    }
  })

  it('are listed for a caller of whom only the pairs show that all are in its scope', async () => {
    const scope: CallerScope = { zones: undefined, clouds: ['A'], nodes: undefined }
    const [job, ...more] = await pairsOf(stuckAt('n3'), forCaller(scope), { zones: [zones[7]!.name] })
    expect([job!.targets.length, job!.select, more]).to.deep.equal([25, undefined, []])
  })

  /** Every pair of the jobs, and the most names that one of them has. */
  const spread = (jobs: Awaited<ReturnType<typeof pairsOf>>, over: Fleet) => {
    const pairs = jobs.flatMap(({ select }) =>
      [...selectPairs(select!, over)].flatMap((each) => (each?.nodes ?? []).map(({ id }) => `${each!.zone.name} ${id}`)),
    )
    const namesOf = ({ select }: (typeof jobs)[number]) =>
      listOfSelections(select!).reduce((sum, { zones: z = [], nodes: n = [] }) => sum + z.length + n.length, 0)
    return { pairs, mostNames: Math.max(...jobs.map(namesOf)) }
  }

  it('of all zones in certain states are several jobs, each of 30,000 names', async () => {
    const many = Array.from({ length: 100_000 }, (_, i) => ({ ...zones[0]!, name: parseZoneName(`m${i}.example`) }) as FleetZone)
    const large = new Fleet(many, nodes, [], [])
    const order = { states: ['stuck' as const] }
    const jobs = await pairsOf(
      contextIn(() => 'stuck', large),
      UNLIMITED,
      order,
    )
    const { pairs, mostNames } = spread(jobs, large)
    expect([jobs.length, mostNames, pairs.length, new Set(pairs).size]).to.deep.equal([4, 30_000, 2_500_000, 2_500_000])
  })

  it('of very many zones that are named are several jobs too', async () => {
    const many = Array.from({ length: 70_000 }, (_, i) => ({ ...zones[0]!, name: parseZoneName(`m${i}.example`) }) as FleetZone)
    const large = new Fleet(many, nodes, [], [])
    const named = { zones: many.map(({ name }) => name), clouds: ['A'] }
    const jobs = await pairsOf(
      contextIn(() => 'in-sync', large),
      UNLIMITED,
      named,
    )
    expect(jobs.map(({ select }) => listOfSelections(select!)[0]!.zones!.length)).to.deep.equal([30_000, 30_000, 10_000])
    expect(jobs.flatMap(({ select }) => listOfSelections(select!)[0]!.zones!)).to.deep.equal(named.zones)
    expect(listOfSelections(jobs[2]!.select!)[0]!.clouds).to.deep.equal(['A'])
  })

  it('of which each zone has other nodes are these and no others', async () => {
    const many = Array.from({ length: 70 }, (_, i) => ({ ...nodes[0]!, id: `m${i}` }))
    const wide = zones.map((zone) => ({ ...zone, nodes: many }) as FleetZone)
    const hash = (zone: FleetZone, { id }: FleetNode) => createHash('sha256').update(`${zone.name} ${id}`).digest()[0]! % 2
    const large = new Fleet(wide, many, [], [])
    const context = contextIn((zone, node) => (hash(zone, node) === 0 ? 'stuck' : 'in-sync'), large)
    const jobs = await pairsOf(context, UNLIMITED, { states: ['stuck'] })
    const expected = wide.flatMap((zone) => many.filter((node) => hash(zone, node) === 0).map(({ id }) => `${zone.name} ${id}`))
    const { pairs, mostNames } = spread(jobs, large)
    expect(mostNames).to.be.at.most(30_000)
    expect(pairs.length).to.equal(expected.length)
    expect(new Set(pairs)).to.deep.equal(new Set(expected))
  })
})
