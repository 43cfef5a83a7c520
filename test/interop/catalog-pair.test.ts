/**
 *   Knot (primary of a catalog) ──▶ east ──┬─▶ Knot (node, consumes the published catalog of both)
 *                 ╰───────────────▶ west ──╯
 *
 * Two hubs publish one catalog: one makes its versions, the other transfers them, and either goes on alone.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const CATALOG = 'cat.test.'
const PUBLISHED = 'nodes.test.'
const MEMBERS = ['m0.test.', 'm1.test.', 'm2.test.', 'm3.test.']
const TEXT = `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. 1 1 1 1000 0\n@ NS invalid.\nversion TXT 2\nid0.zones PTR m0.test.\nid1.zones PTR m1.test.\n`
type Name = 'east' | 'west'
const NAMES = ['east', 'west'] as const
const IP: Record<Name, string> = { east: '127.0.0.23', west: '127.0.0.24' }

interface Published {
  serial: number
  digest: string
  versions: { serial: number; digest: string; from: string }[]
}

describe('a catalog that two hubs publish', function () {
  this.timeout(90_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  const [hubKey, nodeKey] = [makeKey('hub-key'), makeKey('node-key')]
  const hubs = {} as Record<Name, TestHub | undefined>
  const places = {} as Record<Name, HubPlace>
  let redis: LabRedis
  let primary: LabServer
  let node: LabServer

  const addMember = (i: number) => updateZone(primary, CATALOG, [`add id${i}.zones.${CATALOG} 0 PTR ${MEMBERS[i]}`])
  const published = (name: Name) => api<Published>(places[name], `/v1/zones/${PUBLISHED}`)
  const membersOf = async (name: Name) =>
    (await api<{ members: { zone: string }[] }>(places[name], `/v1/catalogs/${PUBLISHED}`)).members.map(({ zone }) => zone)
  const agreeOn = (members: string[]) =>
    eventually(
      async () => {
        for (const name of NAMES) expect(await membersOf(name), name).to.deep.equal(members)
        const [east, west] = await Promise.all(NAMES.map(published))
        expect([west!.serial, west!.digest]).to.deep.equal([east!.serial, east!.digest])
      },
      { timeoutMs: 45_000 },
    )

  before(async () => {
    const ports = { east: await findPort(IP.east), west: await findPort(IP.west) }
    const from = NAMES.map((name) => ({ ip: IP[name], port: ports[name], key: nodeKey }))
    const zones = MEMBERS.map((name) => ({ name, text: zoneText(name, { records: 6, retrySeconds: 1 }) }))
    const notify = NAMES.map((name) => ({ ip: IP[name], port: ports[name] }))
    ;[redis, primary, node] = await Promise.all([
      startRedis({ name: 'shared' }),
      startKnot({ name: 'hm1', port: await findPort(), notify, zones: [{ name: CATALOG, text: TEXT }, ...zones] }),
      startKnot({
        name: 'a1',
        ip: '127.0.0.92',
        port: await findPort('127.0.0.92'),
        zones: [{ name: PUBLISHED, from, catalog: 'consumed' }],
      }),
    ])
    for (const name of NAMES) {
      places[name] = await writeHubConfig({
        folder: scratch(),
        primaries: { hm1: primary },
        nodes: { a1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey } },
        zones: [],
        extra: {
          hub: name,
          redis: redis.url,
          transfer: { listen: [`${IP[name]}:${ports[name]}`], source: [IP[name]] },
          keys: Object.fromEntries([hubKey, nodeKey].map((key) => [key.name, { algorithm: key.algorithm, secret: key.secret }])),
          hubs: Object.fromEntries(NAMES.map((id) => [id, { address: `${IP[id]}:${ports[id]}`, key: hubKey.name }])),
          catalogs: [{ name: CATALOG }, { name: PUBLISHED, publish: 'A' }],
        },
      })
      hubs[name] = await startHub(places[name])
    }
  })

  after(async () => {
    await Promise.all(NAMES.map((name) => hubs[name]?.stop()))
    await Promise.all([redis, primary, node].map((server) => server?.stop()))
  })

  it('has one content and serial on both', async () => {
    await agreeOn(MEMBERS.slice(0, 2))
    for (const zone of MEMBERS.slice(0, 2)) await awaitSerial(node, zone)
  })

  it('gets a new member in one version, made by one hub', async () => {
    await addMember(2)
    await agreeOn(MEMBERS.slice(0, 3))
    await awaitSerial(node, MEMBERS[2]!)
    const [east, west] = await Promise.all(NAMES.map(published))
    expect([east!.versions[0]!.from, west!.versions[0]!.from]).to.deep.equal(['published', 'east'])
  })

  it('gets a new member while the hub that makes it is away, and the hub transfers that version when it is back', async () => {
    await hubs.east!.stop()
    hubs.east = undefined
    await addMember(3)
    // A hub counts as away after 35 s without a report.
    await eventually(async () => expect(await membersOf('west')).to.deep.equal(MEMBERS), { timeoutMs: 75_000 })
    await awaitSerial(node, MEMBERS[3]!)
    hubs.east = await startHub(places.east)
    await agreeOn(MEMBERS)
  })
})
