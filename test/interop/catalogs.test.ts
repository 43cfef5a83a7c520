/**
 *   Knot (primary, makes a catalog of its zones) ──▶ zonecast ──▶ catalog of cloud A ──▶ Knot, NSD, BIND (nodes)
 *                                                           ╰──▶ catalog of b1 ─────▶ Knot (node of cloud B)
 *
 * Zones reach the nodes with no edit but at the primary, and leave them only when they should.
 */
import { expect } from 'chai'
import { askSerial } from '../../lab/ask-serial.js'
import { checkProgram } from '../../lab/available.js'
import { startBind } from '../../lab/bind.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { startPdns } from '../../lab/pdns.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { isAtLeast } from '../../lib/render/server-version.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const CATALOG = 'cat.test.'
const FOR_A = 'nodes-a.test.'
const FOR_B = 'node-b1.test.'
/** Zones of the primary; the catalog lists some of them. */
const ZONES = Array.from({ length: amount('ZONECAST_TEST_MEMBERS', { long: 1_000, short: 150 }) }, (_, i) => `z${i}.test.`)
const catalogText = (members: readonly string[]): string =>
  `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. 1 1 1 1000 0\n@ NS invalid.\nversion TXT 2\n${members
    .map((name, i) => `i${i}.zones PTR ${name}\n`)
    .join('')}`
const ptr = (i: number) => `i${i}.zones.${CATALOG}`
const START = { nsd: startNsd, knot: startKnot, bind: startBind, pdns: startPdns } as const
type Make = keyof typeof START

/** NSD consumes catalogs since 4.9, PowerDNS since 4.8. */
const makes = (): Make[] =>
  (Object.keys(START) as Make[]).filter((make) => {
    const { version } = checkProgram(make)
    return version !== undefined && isAtLeast(version, { nsd: '4.9', knot: '3.2', bind: '9.18', pdns: '5' }[make])
  })

describe('catalogs for the nodes', function () {
  this.timeout(90_000)
  needsPeers('knot', 'bind')
  const scratch = scratchDirs()
  let primary: LabServer
  const nodes = new Map<string, LabServer>()
  let place: HubPlace
  let hub: TestHub

  let listed: string[] = []
  const change = (...changes: string[]) => updateZone(primary, CATALOG, changes)
  const inA = () => [...nodes].filter(([id]) => id !== 'b1').map(([, node]) => node)
  const serves = async (node: LabServer, zone: string): Promise<boolean> => (await askSerial(node, zone))?.serial !== undefined
  const allServe = async (servers: readonly LabServer[], zones: readonly string[], timeoutMs = 60_000): Promise<void> => {
    for (const node of servers)
      for (const zone of zones)
        await eventually(async () => expect(await serves(node, zone), `${node.name} serves ${zone}`).to.equal(true), {
          timeoutMs,
          everyMs: 50,
        })
  }
  const noneServes = async (servers: readonly LabServer[], zone: string): Promise<void> => {
    for (const node of servers)
      await eventually(async () => expect(await serves(node, zone), `${node.name} serves ${zone}`).to.equal(false), {
        timeoutMs: 20_000,
        everyMs: 50,
      })
  }
  const members = async (catalog: string): Promise<string[]> =>
    (await api<{ members: { zone: string }[] }>(hub, `/v1/catalogs/${catalog}?limit=1000`)).members.map(({ zone }) => zone)

  before(async () => {
    const transfer = await findPort()
    const from = [{ ip: '127.0.0.1', port: transfer }]
    primary = await startKnot({
      name: 'hm1',
      ip: '127.0.0.61',
      port: await findPort('127.0.0.61'),
      notify: from,
      zones: [
        { name: CATALOG, text: catalogText(ZONES.slice(0, 3)) },
        ...ZONES.map((name) => ({ name, text: zoneText(name, { records: 6, retrySeconds: 1 }) })),
      ],
    })
    for (const [i, make] of makes().entries()) {
      // BIND listens on addresses of interfaces only.
      const ip = make === 'bind' ? '127.0.0.1' : `127.0.0.${62 + i}`
      nodes.set(
        make,
        await START[make]({ name: make, ip, port: await findPort(ip), zones: [{ name: FOR_A, from, catalog: 'consumed' }] }),
      )
    }
    const b = { name: 'b1', ip: '127.0.0.70', port: await findPort('127.0.0.70') }
    nodes.set('b1', await startKnot({ ...b, zones: [{ name: FOR_B, from, catalog: 'consumed' }] }))
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: primary },
        nodes: Object.fromEntries([...nodes].map(([id, { ip, port }]) => [id, { cloud: id === 'b1' ? 'B' : 'A', ip, port }])),
        zones: [],
        extra: {
          catalogs: [
            { name: CATALOG, clouds: ['A'], grace: '2s', groups: { moved: { clouds: ['B'] } } },
            { name: FOR_A, publish: 'A' },
            { name: FOR_B, publish: 'b1' },
          ],
        },
      },
      { transfer },
    )
    hub = await startHub(place)
  })

  after(async () => {
    await hub?.stop()
    await Promise.all([primary, ...nodes.values()].map((server) => server?.stop()))
  })

  it('have the members of the consumed catalog, and the nodes serve them', async () => {
    await allServe(inA(), ZONES.slice(0, 3))
    expect(await members(FOR_A)).to.deep.equal(ZONES.slice(0, 3))
  })

  it('do not exist without a member', async () => {
    expect(await members(FOR_B)).to.deep.equal([])
    const { versions } = await api<{ versions: unknown[] }>(hub, `/v1/zones/${FOR_B}`)
    expect(versions).to.deep.equal([])
  })

  it('bring a new zone to every node, with no edit but at the primary', async () => {
    await change(`add ${ptr(3)} 0 PTR ${ZONES[3]}`)
    await allServe(inA(), [ZONES[3]!])
  })

  it('bring hundreds of zones at once', async () => {
    const at = performance.now()
    await change(...ZONES.slice(4).map((name, i) => `add ${ptr(i + 4)} 0 PTR ${name}`))
    await allServe(inA(), ZONES.slice(4))
    console.log(`      ${ZONES.length - 4} zones on ${inA().length} nodes in ${Math.round(performance.now() - at)} ms`)
  })

  it('give up a zone that moves to another cloud before the other catalog has it', async () => {
    await change(`add group.${ptr(0)} 0 TXT moved`)
    await allServe([nodes.get('b1')!], [ZONES[0]!])
    await noneServes(inA(), ZONES[0]!)
    expect(await members(FOR_B)).to.deep.equal([ZONES[0]])
    expect(await members(FOR_A)).to.not.include(ZONES[0])
  })

  it('drop a zone when its grace time ends, and not before', async () => {
    await change(`delete ${ptr(1)} PTR`)
    await eventually(async () => {
      const { leaving } = await api<{ leaving: number }>(hub, `/v1/catalogs/${CATALOG}`)
      expect(leaving).to.equal(1)
    })
    for (const node of inA()) expect(await serves(node, ZONES[1]!), node.name).to.equal(true)
    await noneServes(inA(), ZONES[1]!)
  })

  it('keep their members when the consumed catalog is broken or emptied', async () => {
    await change(`delete version.${CATALOG} TXT`)
    await eventually(async () =>
      expect((await api<{ error: string }>(hub, `/v1/catalogs/${CATALOG}`)).error).to.match(/TXT is missing/),
    )
    await change(`add version.${CATALOG} 0 TXT 2`, ...ZONES.slice(2).map((_, i) => `delete ${ptr(i + 2)} PTR`))
    await eventually(async () =>
      expect((await api<{ error: string }>(hub, `/v1/catalogs/${CATALOG}`)).error).to.match(/would be gone/),
    )
    // Longer than the grace time.
    await new Promise((resolve) => setTimeout(resolve, 3_500))
    expect((await members(FOR_A)).length + (await members(FOR_B)).length).to.be.at.least(ZONES.length - 1)
    await allServe(inA(), ZONES.slice(2, 40), 1_000)
    await change(...ZONES.slice(2).map((name, i) => `add ${ptr(i + 2)} 0 PTR ${name}`))
    await eventually(async () =>
      expect((await api<{ error: string | null }>(hub, `/v1/catalogs/${CATALOG}`)).error).to.equal(null),
    )
  })

  it('leave every zone on nodes that restart while the hub is away', async () => {
    listed = await members(FOR_A)
    await hub.stop()
    for (const node of nodes.values()) await node.restart()
    await allServe(inA(), ZONES.slice(2, 40), 20_000)
    await allServe([nodes.get('b1')!], [ZONES[0]!], 20_000)
  })

  it('have the same members after a restart of the hub without its primary', async () => {
    primary.pause()
    hub = await startHub(place)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(await members(FOR_A)).to.deep.equal(listed)
    await allServe(inA(), ZONES.slice(2, 40), 1_000)
    primary.resume()
  })
})
