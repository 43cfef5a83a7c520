/**
 *   a fleet and its reloads ──▶ FleetObserver ──▶ which pairs of zone and node are queried, and when
 */
import { expect } from 'chai'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import type { FleetDiff, FleetZone } from '../../../lib/fleet/fleet.js'
import { FleetObserver } from '../../../lib/observe/fleet-observer.js'
import type { NodeObserver } from '../../../lib/observe/node-observer.js'
import type { ZoneStore } from '../../../lib/store/zone-store.js'
import { eventually } from '../../support/eventually.js'
import { fleetNode } from '../fleet/facts.js'

const HOUR_MS = 3_600_000
const zone = (name: string, ...nodes: string[]): FleetZone =>
  ({ name: parseZoneName(name), nodes: nodes.map((id) => fleetNode(id)) }) as unknown as FleetZone
const NONE: FleetDiff = { added: [], changed: [], removed: [] }

describe('a reload and the observation of nodes', () => {
  const one = zone('one.example', 'n1', 'n2')
  const two = zone('two.example', 'n1')
  let rules: { everyMs: number; afterReleaseMs: number; afterReleaseForMs: number }
  let now: number
  let queried: string[]
  let healed: string[]
  let observer: FleetObserver

  beforeEach(async () => {
    rules = { everyMs: HOUR_MS, afterReleaseMs: 1_000, afterReleaseForMs: 1_000 }
    now = 1_000_000
    queried = []
    healed = []
    const nodes = {
      observe: async ({ id }: { id: string }, { name }: FleetZone) => {
        queried.push(`${name} ${id}`)
        return 1
      },
      isDown: () => false,
    } as unknown as NodeObserver
    const deliveries = {
      wanted: () => ({ serial: 2 }),
      isBehind: () => false,
      hasLost: () => false,
      heal: ({ name }: FleetZone, { id }: { id: string }) => healed.push(`${name} ${id}`),
    }
    const store = { zone: (_: ZoneName) => ({ releasedToAll: () => undefined }) } as unknown as ZoneStore
    observer = new FleetObserver(rules, nodes, deliveries, store, { now: () => now })
    observer.start({ ...NONE, added: [one, two] })
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
    observer.adopt(NONE)
    expect(await within(10_000)).to.deep.equal([])
  })

  it('observes a new zone soon', async () => {
    observer.adopt({ ...NONE, added: [zone('three.example', 'n3')] })
    expect(await within(2_000)).to.deep.equal(['three.example. n3'])
  })

  it('observes a changed zone soon, by its new nodes alone', async () => {
    observer.adopt({ ...NONE, changed: [{ before: one, after: zone('one.example', 'n2', 'n9') }] })
    expect(await within(2_000)).to.deep.equal(['one.example. n2', 'one.example. n9'])
    queried = []
    expect(await within(2 * HOUR_MS)).to.deep.equal(['one.example. n2', 'one.example. n9', 'two.example. n1'])
  })

  it('observes a removed zone no more', async () => {
    observer.adopt({ ...NONE, removed: [one] })
    expect(await within(2 * HOUR_MS)).to.deep.equal(['two.example. n1'])
  })

  it('repeated after a failure observes each pair once', async () => {
    const three = zone('three.example', 'n3')
    observer.adopt({ ...NONE, added: [three] })
    observer.adopt({ ...NONE, added: [three] })
    await within(2_000)
    expect(queried).to.deep.equal(['three.example. n3'])
  })

  it('uses a new interval at once', async () => {
    rules.everyMs = 10_000
    observer.adopt(NONE)
    expect(await within(10_000)).to.deep.equal(['one.example. n1', 'one.example. n2', 'two.example. n1'])
  })
})
