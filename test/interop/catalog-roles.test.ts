/**
 *   Knot (primary of a catalog) ──▶ worker · transfer · api · watcher ──▶ Knot (node, consumes the published catalog)
 *                                        four processes
 *
 * Every process of a hub has the same members: the worker writes them, the others follow.
 */
import { expect } from 'chai'
import { askSerial, awaitSerial } from '../../lab/ask-serial.js'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../support/test-hub.js'

const CATALOG = 'cat.test.'
const PUBLISHED = 'nodes.test.'
const MEMBERS = ['m1.test.', 'm2.test.', 'm3.test.']
const TEXT = `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. 1 1 1 1000 0\n@ NS invalid.\nversion TXT 2\nid0.zones PTR m1.test.\nid1.zones PTR m2.test.\n`
/** The watcher last: no version is released before nodes can transfer it. */
const ROLES = ['worker', 'transfer', 'api', 'watcher'] as const

describe('catalogs of roles in separate processes', function () {
  this.timeout(90_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  const processes = new Map<string, HubProcess>()
  let redis: LabRedis
  let primary: LabServer
  let node: LabServer
  let place: HubPlace

  const change = (...changes: string[]) => updateZone(primary, CATALOG, changes)
  const start = async (role: string) => processes.set(role, await spawnHub(place, ['--roles', role]))
  const members = async () =>
    (await api<{ members: { zone: string; leavingSince: string | null }[] }>(place, `/v1/catalogs/${CATALOG}`)).members

  before(async () => {
    const transfer = await findPort()
    const from = [{ ip: '127.0.0.1', port: transfer }]
    const zones = MEMBERS.map((name) => ({ name, text: zoneText(name, { records: 6, retrySeconds: 1 }) }))
    ;[redis, primary, node] = await Promise.all([
      startRedis(),
      startKnot({ name: 'hm1', port: await findPort(), notify: from, zones: [{ name: CATALOG, text: TEXT }, ...zones] }),
      startKnot({
        name: 'a1',
        ip: '127.0.0.91',
        port: await findPort('127.0.0.91'),
        zones: [{ name: PUBLISHED, from, catalog: 'consumed' }],
      }),
    ])
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: primary },
        nodes: { a1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: [],
        extra: {
          redis: redis.url,
          catalogs: [
            { name: CATALOG, grace: '2s' },
            { name: PUBLISHED, publish: 'A' },
          ],
        },
      },
      { transfer },
    )
    for (const role of ROLES) await start(role)
  })

  after(async () => {
    await Promise.all(Array.from(processes.values(), (hub) => hub.stop()))
    await Promise.all([redis, primary, node].map((server) => server?.stop()))
  })

  it('reach the node', async () => {
    for (const zone of MEMBERS.slice(0, 2)) await awaitSerial(node, zone)
    // The process with the API follows the worker.
    await eventually(async () => expect((await members()).map(({ zone }) => zone)).to.deep.equal(['m1.test.', 'm2.test.']))
  })

  it('get a new member in every process', async () => {
    await change(`add id2.zones.${CATALOG} 0 PTR m3.test.`)
    await awaitSerial(node, 'm3.test.')
    await updateZone(primary, 'm3.test.', ['add new.m3.test. 60 A 192.0.2.9'])
    await awaitSerial(node, 'm3.test.', (serial) => serial === 2)
  })

  it('know their members after a restart of each process without the primary', async () => {
    primary.pause()
    for (const hub of processes.values()) await hub.stop()
    for (const role of ROLES) await start(role)
    await eventually(async () => expect((await members()).map(({ zone }) => zone)).to.deep.equal(MEMBERS))
    primary.resume()
    await updateZone(primary, 'm2.test.', ['add new.m2.test. 60 A 192.0.2.9'])
    await awaitSerial(node, 'm2.test.', (serial) => serial === 2)
  })

  it('lose a member in every process when its grace time ends', async () => {
    await change(`delete id0.zones.${CATALOG} PTR`)
    await eventually(async () => expect((await members())[0]!.leavingSince).to.be.a('string'))
    await eventually(async () => expect((await members()).map(({ zone }) => zone)).to.deep.equal(['m2.test.', 'm3.test.']))
    await eventually(async () => expect((await askSerial(node, 'm1.test.'))?.serial).to.equal(undefined))
  })
})
