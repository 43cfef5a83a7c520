/** The zones that published catalogs should have, as the fleet and the releases change. */
import { expect } from 'chai'
import { catalogContents } from '../../../lib/catalog/build-catalog.js'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import type { Serial } from '../../../lib/dns/serial.js'
import { everyZoneOf, Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import type { NodePaths } from '../../../lib/observe/node-paths.js'
import { Departures } from '../../../lib/release/departures.js'
import { pause } from '../../../lib/runtime/turns.js'
import { Board } from '../../../lib/state/board.js'
import { pairKey, type ZoneCell } from '../../../lib/state/tables.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { PublishedZones } from '../../../services/worker/published-zones.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const node = (id: string, cloud: string): FleetNode => ({ id, cloud, site: undefined, paths: [], key: undefined })
const [A1, A2, B1] = [node('a1', 'A'), node('a2', 'A'), node('b1', 'B')]
const zone = (name: string, nodes: FleetNode[], more: Partial<FleetZone> = {}): FleetZone =>
  ({
    name: parseZoneName(name),
    apex: nameToWire(name),
    nodes,
    clouds: [...new Set(nodes.map(({ cloud }) => cloud))],
    primaries: [],
    ...more,
  }) as unknown as FleetZone

describe('the zones of published catalogs', () => {
  const scratch = scratchDirs()
  let store: ZoneStore
  let board: Board
  let zones: PublishedZones
  let fleet: Fleet
  const forA = zone('a.cat', [A1, A2], { catalog: 'published' })
  const forB1 = zone('b1.cat', [B1], { catalog: 'published', onlyNode: 'b1' })

  const commit = async (
    { name, apex }: FleetZone,
    serial: number,
    released: { releasedAt?: number; releasedTo?: Record<string, number> },
  ) => {
    const stored = store.zone(name)
    const contents = await catalogContents(
      apex,
      serial as Serial,
      new Map([[parseZoneName(`s${serial}.example`), undefined]]),
      pause,
    )
    await stored.commitFull(stored.draft(contents), stored.latest, async () => ({
      seenAt: 1,
      committedAt: 1,
      from: 'hm1',
      ...released,
    }))
  }
  const listed = (catalog: FleetZone) => [...zones.get(catalog.name)!.names]

  beforeEach(async () => {
    store = ZoneStore.open({ dataDir: scratch(), hub: 'east', mode: 'write', warmOctets: 1e8 }, [])
    board = new Board()
    const departures = new Departures({
      board,
      soa: { ask: async () => Promise.reject(new Error('silent')) },
      paths: {} as NodePaths,
    })
    zones = new PublishedZones(store, departures)
    const all = [forA, forB1, zone('x.example', [A1, A2]), zone('y.example', [A1, A2, B1])]
    fleet = new Fleet(all, [A1, A2, B1], [], [])
    await commit(all[2]!, 1, { releasedAt: 5 })
    await zones.adopt(fleet, everyZoneOf(fleet))
  })
  afterEach(() => store.close())

  it('are those with a version that a node may have', async () => {
    expect([listed(forA), listed(forB1)]).to.deep.equal([['x.example.'], []])
  })

  it('are found without opening zones of which nothing is kept', () => {
    expect(store.has(parseZoneName('y.example'))).to.equal(false)
  })

  it('include a zone whose first version is released to one node of the cloud alone', async () => {
    const y = fleet.zones.get(parseZoneName('y.example'))!
    await commit(y, 1, { releasedTo: { a2: 5 } })
    expect(zones.noteRelease(y)).to.equal(true)
    expect([listed(forA), listed(forB1)]).to.deep.equal([['x.example.', 'y.example.'], []])
  })

  it('do not include catalogs', async () => {
    await commit(forB1, 1, { releasedAt: 5 })
    expect(zones.noteRelease(forB1)).to.equal(false)
  })

  it('change with the fleet', async () => {
    const moved = zone('x.example', [B1])
    await zones.adopt(fleet, fleet.change({ put: [moved], drop: [] }))
    expect([listed(forA), listed(forB1)]).to.deep.equal([[], ['x.example.']])
    await zones.adopt(fleet, fleet.change({ put: [], drop: [moved.name] }))
    expect([listed(forA), listed(forB1)]).to.deep.equal([[], []])
  })

  it('are not in the next version while nodes of the old catalog may serve them', async () => {
    await zones.adopt(fleet, fleet.change({ put: [zone('x.example', [B1])], drop: [] }))
    expect([...zones.get(forB1.name)!.wanted(new Map()).keys()]).to.deep.equal([])
  })

  it('are unlisted for a node that has the catalog until its version lists them', () => {
    const x = fleet.zones.get(parseZoneName('x.example'))!
    const cell = { at: 1, since: 1, observedAt: 1, missed: 0, error: undefined, push: undefined }
    expect(zones.isUnlisted(x, A1, board), 'a node without the catalog').to.equal(false)
    board.set('nodes', pairKey(forA.name, 'a1'), { ...cell, serial: 7 as Serial })
    expect(zones.isUnlisted(x, A1, board), 'no version lists it').to.equal(true)
    zones.get(forA.name)!.noteAdded(8 as Serial, new Map([[x.name, undefined]]), new Map(), undefined)
    expect(zones.isUnlisted(x, A1, board), 'a newer version lists it').to.equal(true)
    board.set('nodes', pairKey(forA.name, 'a1'), { ...cell, at: 2, serial: 8 as Serial })
    expect(zones.isUnlisted(x, A1, board), 'its version lists it').to.equal(false)
  })

  it('are not remembered as new when every node has a version that lists them, or when they are dropped', () => {
    const published = zones.get(forA.name)!
    const [x, y, z] = ['x', 'y', 'z'].map((name) => parseZoneName(`${name}.example`))
    const list = (...names: (typeof x)[]) => new Map(names.map((name) => [name!, undefined]))
    published.noteAdded(8 as Serial, list(x), list(), undefined)
    published.noteAdded(9 as Serial, list(x, y), list(x), 7 as Serial)
    expect(published.notedMembers, 'no node has version 8').to.equal(2)
    published.noteAdded(10 as Serial, list(x, y, z), list(x, y), 8 as Serial)
    expect(published.notedMembers, 'all nodes have version 8').to.equal(2)
    expect(published.isUnlisted(y!, 8 as Serial)).to.equal(true)
    published.noteAdded(11 as Serial, list(x, z), list(x, y, z), 8 as Serial)
    expect(published.notedMembers, 'y was dropped').to.equal(1)
  })

  it('of other workers are those that the board shows as released; what it does not know stays as the catalog has it', async () => {
    const names = ['x.example', 'y.example', 'z.example', 'w.example'].map((name) => parseZoneName(name))
    const all = names.map((name) => zone(name, [A1, A2]))
    // The last version of the catalog lists z.
    const list = await catalogContents(forA.apex, 1 as Serial, new Map([[names[2]!, undefined]]), pause)
    const stored = store.zone(forA.name)
    const state = { seenAt: 1, committedAt: 1, from: 'published', releasedAt: 5 }
    await stored.commitFull(stored.draft(list), stored.latest, async () => state)
    board.set('zones', names[1]!, {
      ...EMPTY,
      released: { serial: 1 as Serial, digest: 'd', releasedAt: 5, records: 1, octets: 1 },
    })
    const elsewhere = { owns: (name: string) => name === forA.name, board }
    const shared = new PublishedZones(
      store,
      new Departures({ board, soa: { ask: async () => Promise.reject(new Error()) }, paths: {} as NodePaths }),
      elsewhere,
    )
    const whole = new Fleet([forA, ...all], [A1, A2, B1], [], [])
    await shared.adopt(whole, everyZoneOf(whole))
    const listedNow = () => [...shared.get(forA.name)!.names]
    expect(listedNow()).to.deep.equal(['y.example.', 'z.example.'])
    // Released to the first stage of its rollout.
    board.set('zones', names[3]!, { ...EMPTY, staged: [{ serial: 1 as Serial, digest: 'd', releasedAt: 5, nodes: ['a2'] }] })
    expect(shared.noteRelease(all[3]!)).to.equal(true)
    expect(listedNow()).to.deep.equal(['y.example.', 'z.example.', 'w.example.'])
    shared.clear()
    expect(shared.get(forA.name)).to.equal(undefined)
  })
})

const EMPTY: ZoneCell = {
  at: 1,
  released: undefined,
  releases: [],
  staged: [],
  newest: undefined,
  rollouts: [],
  trail: undefined,
  refreshedAt: 1,
  expireSeconds: 1,
  error: undefined,
  errorAt: undefined,
  failures: 0,
  conflict: undefined,
}
