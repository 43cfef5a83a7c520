/**
 *   Knot (primary) ──▶ hub test: two machines ──▶ NSD (node)
 *                 ╰──▶ hub west, a peer
 *
 * A machine is lost together with the primary: the other machine gets the zones that only the lost one had from the peer hub.
 */
import { join } from 'node:path'
import { expect } from 'chai'
import { makeKey } from '../../../lab/keys.js'
import { findPort } from '../../../lab/ports.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, type HubProcess, inSync, spawnHub, writeHubConfig } from '../../support/test-hub.js'
import { WorkerScene } from '../../support/worker-scene.js'

const ZONES = Array.from({ length: 8 }, (_, i) => `z${i}.lost.example.`)
const ROLES = 'watcher,worker,transfer,api'
const WEST = '127.0.0.23'
const SECRET = Buffer.alloc(32, 5).toString('base64')

interface View {
  serial: number
  versions: { serial: number; from: string }[]
}

describe('a machine that is lost together with the primary', function () {
  this.timeout(120_000)
  needsPeers('knot', 'nsd', 'redis')
  const hubKey = makeKey('hub-key')
  let scene: WorkerScene
  let west: HubProcess | undefined

  before(async () => {
    const folder = scratch()
    const port = await findPort(WEST)
    const keys = {
      machines: { algorithm: 'hmac-sha256', secret: SECRET },
      [hubKey.name]: { algorithm: hubKey.algorithm, secret: hubKey.secret },
    }
    // The second machine, which stays: for the peer hub.
    const second = await findPort('127.0.0.2')
    const hubs = {
      west: { address: `${WEST}:${port}`, key: hubKey.name },
      test: { address: `127.0.0.2:${second}`, key: hubKey.name },
    }
    scene = await WorkerScene.start({
      folder,
      zones: ZONES,
      machines: 2,
      ports: [undefined, second],
      notifies: true,
      keys,
      extra: { workers: { share: 'machines', lease: '3s', key: 'machines' }, hubs },
    })
    const { primary, node, redis, source } = scene
    const place = await writeHubConfig(
      {
        folder: join(folder, 'west'),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: source.key } },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: ZONES.map((name) => ({ name })),
        transfer: { listen: [`${WEST}:${port}`], source: [WEST] },
        keys: { [hubKey.name]: keys[hubKey.name]! },
        extra: {
          hub: 'west',
          redis: redis.url,
          hubs,
        },
      },
      { transfer: port },
    )
    await scene.begin('w1', ROLES, 0)
    await scene.begin('w2', ROLES, 1)
    west = await spawnHub(place)
  })
  after(async () => {
    await west?.stop()
    await scene?.stop()
  })
  // Last: the processes write there until they end.
  const scratch = scratchDirs()

  const at = (machine: number, zone: string) => api<View>(scene.places[machine]!, `/v1/zones/${zone}`)

  it('leaves each version to the other machine, which gets it from the peer hub', async () => {
    await scene.shares({ w1: 32, w2: 32 })
    await scene.change()
    await scene.nodeHasAll()
    for (const zone of ZONES) for (const place of [scene.place, west!]) await inSync(place, zone, scene.serial)
    const had: string[] = []
    for (const zone of ZONES) if ((await at(1, zone)).versions.some(({ serial }) => serial === scene.serial)) had.push(zone)
    expect(had.length, 'zones of the machine that stays').to.be.below(ZONES.length)
    await scene.primary.kill()
    await scene.process('w1').kill()
    scene.processes.delete('w1')
    for (const zone of ZONES)
      await eventually(
        async () => {
          const { serial, versions } = await at(1, zone)
          expect(serial, zone).to.equal(scene.serial)
          if (!had.includes(zone)) expect(versions[0]!.from, zone).to.match(/west/)
        },
        { timeoutMs: 60_000 },
      )
    // Served to the node by its next primary, and confirmed there.
    for (const zone of ZONES) await inSync(scene.places[1]!, zone, scene.serial, 60_000)
  })
})
