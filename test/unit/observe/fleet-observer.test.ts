/**
 *   a fleet and its reloads ──▶ FleetObserver ──▶ which pairs of zone and node are queried, and when
 */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetDiff, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import { FleetObserver, type ObserveRules } from '../../../lib/observe/fleet-observer.js'
import type { NodeObserver } from '../../../lib/observe/node-observer.js'
import type { ZoneStore } from '../../../lib/store/zone-store.js'
import { eventually } from '../../support/eventually.js'
import { fleetNode } from '../fleet/facts.js'

const HOUR_MS = 3_600_000
const NODES = new Map<string, FleetNode>()
const nodeOf = (id: string): FleetNode => {
  const node = NODES.get(id) ?? fleetNode(id)
  NODES.set(id, node)
  return node
}
const zone = (name: string, ...nodes: string[]): FleetZone =>
  ({ name: parseZoneName(name), nodes: nodes.map(nodeOf) }) as unknown as FleetZone
const fleet = (...zones: FleetZone[]): Fleet => new Fleet(zones, new Set(zones.flatMap(({ nodes }) => nodes)), [], [])
const NONE: FleetDiff = { added: [], changed: [], removed: [] }

describe('a reload and the observation of nodes', () => {
  const one = zone('one.example', 'n1', 'n2')
  const two = zone('two.example', 'n1')
  let rules: ObserveRules
  let now: number
  let down: string | undefined
  let isProbeDue = false
  let swept: string[]
  let answersUp: (node: string) => void
  let queried: string[]
  let healed: string[]
  let observer: FleetObserver

  beforeEach(async () => {
    rules = { everyMs: HOUR_MS, afterReleaseMs: 1_000, afterReleaseForMs: 1_000, budget: { total: 2_000, perNode: 200 } }
    down = undefined
    swept = []
    now = 1_000_000
    queried = []
    healed = []
    const nodes = {
      observe: async ({ id }: { id: string }, { name }: FleetZone) => {
        queried.push(`${name} ${id}`)
        isProbeDue = false
        return 1
      },
      isDown: (id: string) => id === down,
      isProbeDue: () => isProbeDue,
      noteSwept: (id: string) => swept.push(id),
      onUp: (listener: typeof answersUp) => {
        answersUp = listener
        return () => undefined
      },
    } as unknown as NodeObserver
    const deliveries = {
      wantedSerial: () => 2,
      isBehind: () => false,
      hasLost: () => false,
      heal: ({ name }: FleetZone, { id }: { id: string }) => healed.push(`${name} ${id}`),
    }
    const store = { releasedTo: () => undefined } as unknown as ZoneStore
    observer = new FleetObserver(rules, nodes, deliveries, store, { now: () => now })
    observer.start(fleet(one, two))
    now += 2_000
    await eventually(() => expect(queried).to.have.members(['one.example. n1', 'one.example. n2', 'two.example. n1']))
    queried = []
  })
  afterEach(() => observer.stop())

  /** The pairs that are queried within so many milliseconds. */
  const within = async (ms: number): Promise<string[]> => {
    now += ms
    await new Promise((resolve) => setTimeout(resolve, 150))
    return [...new Set(queried)].sort()
  }

  it('starts a delivery to every node that is behind', () =>
    expect(healed).to.have.members(['one.example. n1', 'one.example. n2', 'two.example. n1']))

  it('leaves the times of unchanged zones', async () => {
    observer.adopt(fleet(one, two), NONE)
    expect(await within(10_000)).to.deep.equal([])
  })

  it('observes a new zone soon', async () => {
    const three = zone('three.example', 'n3')
    observer.adopt(fleet(one, two, three), { ...NONE, added: [three] })
    expect(await within(2_000)).to.deep.equal(['three.example. n3'])
  })

  it('observes a changed zone soon, by its new nodes alone', async () => {
    const after = zone('one.example', 'n2', 'n9')
    observer.adopt(fleet(after, two), { ...NONE, changed: [{ before: one, after }] })
    expect(await within(2_000)).to.deep.equal(['one.example. n2', 'one.example. n9'])
    queried = []
    expect(await within(2 * HOUR_MS)).to.deep.equal(['one.example. n2', 'one.example. n9', 'two.example. n1'])
  })

  it('observes a removed zone no more', async () => {
    observer.adopt(fleet(two), { ...NONE, removed: [one] })
    expect(await within(2 * HOUR_MS)).to.deep.equal(['two.example. n1'])
  })

  it('repeated after a failure observes each pair once', async () => {
    const three = zone('three.example', 'n3')
    observer.adopt(fleet(one, two, three), { ...NONE, added: [three] })
    observer.adopt(fleet(one, two, three), { ...NONE, added: [three] })
    await within(2_000)
    expect(queried).to.deep.equal(['three.example. n3'])
  })

  it('uses a new interval at once', async () => {
    rules.everyMs = 10_000
    observer.adopt(fleet(one, two), NONE)
    expect(await within(10_000)).to.deep.equal(['one.example. n1', 'one.example. n2', 'two.example. n1'])
  })

  it('reports a node as swept when each of its zones was answered', async () => {
    await eventually(() => expect(swept).to.have.members(['n1', 'n2']))
    swept = []
    await within(HOUR_MS / 2 - 2_000)
    expect(swept).to.deep.equal([])
    await within(HOUR_MS)
    expect(swept).to.have.members(['n1', 'n2'])
  })

  it('keeps to the budget of queries', async () => {
    // 100 zones on one node, and two queries a second: a sweep takes 50 s.
    rules.budget.perNode = 2
    rules.everyMs = 1_000
    const many = Array.from({ length: 100 }, (_, i) => zone(`z${i}.example`, 'n5'))
    observer.adopt(fleet(...many), { ...NONE, removed: [one, two] })
    await within(10_000)
    expect(queried.length).to.be.within(15, 25)
    await within(10_000)
    expect(queried.length).to.be.within(35, 45)
    expect(new Set(queried).size, 'no zone twice').to.equal(queried.length)
  })

  it('asks a node that is down about one zone, and about all when it answers again', async () => {
    down = 'n1'
    expect(await within(2 * HOUR_MS)).to.deep.equal(['one.example. n2'])
    queried = []
    isProbeDue = true
    const ofDown = (): string[] => queried.filter((pair) => pair.endsWith(' n1'))
    await eventually(() => expect(ofDown()).to.not.be.empty)
    await within(2_000)
    expect(ofDown()).to.have.length(1)
    queried = []
    down = undefined
    answersUp('n1')
    await within(2_000)
    expect(ofDown().sort()).to.deep.equal(['one.example. n1', 'two.example. n1'])
  })
})
