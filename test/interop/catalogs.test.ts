/** Catalogs for nodes of every make (../support/catalog-scene.ts): a zone reaches and leaves the nodes with no edit but at the primary. */
import { expect } from 'chai'
import { compareZones } from '../../lab/compare.js'
import type { LabServer } from '../../lab/server.js'
import { CATALOG, CatalogScene, FOR_A, FOR_B, ptr, ServedWatch, zoneName } from '../support/catalog-scene.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api } from '../support/test-hub.js'

/** Zones of the primary; the catalog lists some of them. */
const COUNT = amount('ZONECAST_TEST_MEMBERS', { long: 1_000, short: 150 })
const ZONES = Array.from({ length: COUNT }, (_, i) => zoneName(i))
/** Some move to the other cloud, fewer than the check shrink holds, and one leaves for good. */
const MOVING = COUNT / 25
const MOVED = ZONES.slice(0, MOVING)
const DROPPED = ZONES[MOVING]!
const STAY = ZONES.slice(MOVING + 1)
const GROUP = (i: number): string => `group.${ptr(i)} 0 TXT moved`

describe('catalogs for the nodes', function () {
  this.timeout(300_000)
  needsPeers('knot', 'bind')
  let scene: CatalogScene
  after(() => scene?.stop())
  // Removed after the end of the hub.
  const scratch = scratchDirs()
  let listed: string[] = []

  const errorOf = (catalog = CATALOG) =>
    eventually(
      async () => {
        const { error } = await scene.view(catalog)
        expect(error).to.be.a('string')
        return error!
      },
      { timeoutMs: 30_000 },
    )
  const isSound = () =>
    eventually(async () => expect((await scene.view()).error, 'the error of the catalog').to.equal(null), { timeoutMs: 60_000 })
  /** Whole zones of the node and the primary. */
  const expectSame = async (node: LabServer, zones: readonly string[]): Promise<void> => {
    for (const zone of zones)
      expect(await compareZones(scene.primary, { ip: node.ip, port: node.port }, zone), `${node.name} ${zone}`).to.equal(
        undefined,
      )
  }

  before(async () => {
    scene = new CatalogScene(COUNT, scratch())
    await scene.start(3)
  })

  it('have the members of the consumed catalog, and the nodes serve them', async () => {
    await scene.allServe(scene.inA, ZONES.slice(0, 3))
    expect(await scene.members(FOR_A)).to.deep.equal(ZONES.slice(0, 3))
  })

  it('do not exist without a member', async () => {
    expect(await scene.members(FOR_B)).to.deep.equal([])
    const { versions } = await api<{ versions: unknown[] }>(scene.place, `/v1/zones/${FOR_B}`)
    expect(versions).to.deep.equal([])
  })

  it('bring a new zone to every node, with no edit but at the primary', async () => {
    await scene.change(`add ${ptr(3)} 0 PTR ${ZONES[3]}`)
    await scene.allServe(scene.inA, [ZONES[3]!])
  })

  it('bring hundreds of zones at once, whole', async () => {
    await scene.change(...ZONES.slice(4).map((name, i) => `add ${ptr(i + 4)} 0 PTR ${name}`))
    const took = await scene.allServe(scene.inA, ZONES)
    console.log(`      ${ZONES.length - 4} zones at once, ms until the node serves all: ${JSON.stringify(took)}`)
    for (const node of scene.inA) await expectSame(node, [ZONES[5]!, ZONES.at(-1)!])
  })

  it('give up zones that move to another cloud before the other catalog has them, and no other zone is lost', async () => {
    const watch = new ServedWatch(scene.inA, STAY)
    await scene.change(...MOVED.map((_, i) => `add ${GROUP(i)}`))
    await scene.allServe(scene.inB, MOVED)
    await scene.noneServes(scene.inA, MOVED)
    expect((await scene.members(FOR_B)).sort()).to.deep.equal([...MOVED].sort())
    expect((await scene.members(FOR_A)).filter((zone) => MOVED.includes(zone))).to.deep.equal([])
    await expectSame(scene.inB[0]!, MOVED.slice(0, 3))
    await watch.expectNoLoss()
  })

  it('drop a zone when its grace time ends, and not before', async () => {
    const watch = new ServedWatch(scene.inA, STAY)
    await scene.change(`delete ${ptr(MOVING)} PTR`)
    await eventually(async () => expect((await scene.view()).leaving).to.equal(1))
    await scene.allServe(scene.inA, [DROPPED])
    await eventually(async () => expect((await scene.view()).leaving).to.equal(0), { timeoutMs: 30_000 })
    await scene.noneServes(scene.inA, [DROPPED])
    await watch.expectNoLoss()
  })

  const lines = (zones: readonly string[], verb: 'add' | 'delete'): string[] =>
    zones.map((zone) => {
      const owner = ptr(ZONES.indexOf(zone))
      return verb === 'add' ? `add ${owner} 0 PTR ${zone}` : `delete ${owner} PTR`
    })
  /** More than the check shrink lets go of a small zone. */
  const most = STAY.slice(0, (STAY.length * 2) / 3)
  for (const [what, breaks, repairs, why] of [
    ['has two versions', [`add version.${CATALOG} 0 TXT 3`], [`delete version.${CATALOG} TXT 3`], /has 2 TXT records/],
    ['has no version', [`delete version.${CATALOG} TXT`], [`add version.${CATALOG} 0 TXT 2`], /TXT is missing/],
    [
      'has members twice',
      most.map((zone, i) => `add twin${i}.zones.${CATALOG} 0 PTR ${zone}`),
      most.map((_, i) => `delete twin${i}.zones.${CATALOG} PTR`),
      /is a member twice/,
    ],
    ['is empty', lines([...MOVED, ...STAY], 'delete'), lines([...MOVED, ...STAY], 'add'), /would be gone/],
    ['lacks most of its members', lines(most, 'delete'), lines(most, 'add'), /would be gone/],
  ] as const)
    it(`keep every member when the consumed catalog ${what}`, async () => {
      const watches = [new ServedWatch(scene.inA, STAY), new ServedWatch(scene.inB, MOVED)]
      await scene.change(...breaks)
      expect(await errorOf()).to.match(why)
      // Longer than the grace time.
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      await scene.change(...repairs)
      await isSound()
      for (const each of watches) await each.expectNoLoss()
    })

  it('keep every member when transfers of the consumed catalog are cut', async () => {
    const watch = new ServedWatch(scene.inA, STAY)
    scene.proxy.cutAfter = 200
    const cuts = scene.proxy.cuts
    await scene.change(`delete ${ptr(MOVING + 1)} PTR`, `add again.zones.${CATALOG} 0 PTR ${STAY[0]}`)
    await eventually(() => expect(scene.proxy.cuts).to.be.above(cuts + 1), { timeoutMs: 30_000 })
    scene.proxy.cutAfter = Number.POSITIVE_INFINITY
    await eventually(
      async () => expect((await scene.members(CATALOG)).includes(STAY[0]!) && (await scene.view()).error).to.equal(null),
      { timeoutMs: 60_000 },
    )
    await watch.expectNoLoss()
  })

  it('leave every zone on nodes that restart while the hub is away', async () => {
    await scene.allServe(scene.inA, STAY)
    listed = await scene.members(FOR_A)
    // NSD of the lab writes its zone files every second.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    await scene.stopHub()
    for (const node of scene.nodes.values()) await node.restart()
    await scene.allServe(scene.inA, STAY)
    await scene.allServe(scene.inB, MOVED)
  })

  it('have the same members after a restart of the hub without its primary', async () => {
    scene.primary.pause()
    const watch = new ServedWatch(scene.inA, STAY)
    await scene.restartHub()
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(await scene.members(FOR_A)).to.deep.equal(listed)
    await watch.expectNoLoss()
    scene.primary.resume()
  })
})
