/**
 *   Knot (primary) ──▶ two workers, one killed with SIGKILL during each change ──▶ NSD (node)
 *
 * The other worker finishes: no version is lost, none is committed twice, and the node gets whole zones.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { compareZones } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { SHARDS } from '../../lib/fleet/shards.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { seeded } from '../support/random-change.js'
import { api, type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONES = Array.from({ length: 40 }, (_, i) => `z${i}.killed.example.`)
const KILLS = amount('ZONECAST_TEST_KILLS', { long: 20, short: 4 })
const NAMES = ['w1', 'w2'] as const

describe('a worker killed while it shares zones with another', function () {
  this.timeout(KILLS * 90_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const key = makeKey('primary-key')
  const workers = new Map<string, HubProcess>()
  let redis: LabRedis
  let primary: LabServer
  let node: LabServer
  let place: HubPlace
  let front: HubProcess
  let serial = 1

  const start = async (name: string) => workers.set(name, await spawnHub(place, ['--roles', 'watcher,worker', '--worker', name]))

  before(async () => {
    const transfer = await findPort()
    ;[redis, primary, node] = await Promise.all([
      startRedis(),
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: ZONES.map((name) => ({ name, text: zoneText(name, { serial: 1, records: 20, retrySeconds: 1 }) })),
        transferKey: key,
        updateKey: key,
        notify: [{ ip: '127.0.0.1', port: transfer }],
      }),
      startNsd({
        name: 'ams1',
        ip: '127.0.0.14',
        port: await findPort('127.0.0.14'),
        zones: ZONES.map((name) => ({ name, from: [{ ip: '127.0.0.1', port: transfer }] })),
      }),
    ])
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key } },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: ZONES.map((name) => ({ name })),
        extra: { redis: redis.url, workers: { share: 'disk', lease: '5s' } },
      },
      { transfer },
    )
    for (const name of NAMES) await start(name)
    front = await spawnHub(place, ['--roles', 'transfer,api'])
  })

  after(async () => {
    await Promise.all([front, ...workers.values()].map((hub) => hub?.stop()))
    await Promise.all([redis, primary, node].map((server) => server?.stop()))
  })

  it(`leaves no version behind and doubles none, ${KILLS} times`, async () => {
    const random = seeded('worker-killed')
    for (const zone of ZONES) await inSync(place, zone, 1, 60_000)
    for (let kill = 0; kill < KILLS; kill++) {
      const name = NAMES[kill % 2]!
      serial += 1
      const changing = (async () => {
        for (const zone of ZONES)
          await updateZone({ ip: primary.ip, port: primary.port, key }, zone, [`add n${serial}.${zone} 60 A 192.0.2.1`])
      })()
      await sleep(random() * 1_000)
      await workers.get(name)!.kill()
      await changing
      for (const zone of ZONES) await inSync(place, zone, serial, 60_000)
      await eventually(
        async () => {
          const { workers: rows } = await api<{ workers: { name: string; shards: number[] }[] }>(place, '/v1/workers')
          const [other] = rows.filter((row) => row.name !== name)
          expect(other!.shards).to.have.length(SHARDS)
        },
        { timeoutMs: 20_000 },
      )
      await start(name)
    }
    const source = { ip: primary.ip, port: primary.port, key }
    for (const zone of ZONES) {
      const { versions } = await api<{ versions: { serial: number }[] }>(place, `/v1/zones/${zone}`)
      const serials = versions.map((version) => version.serial)
      expect(
        serials.toSorted((a, b) => a - b),
        zone,
      ).to.deep.equal([...new Set(serials)].sort((a, b) => a - b))
      expect(Math.max(...serials), zone).to.equal(serial)
      expect(await compareZones(source, { ip: node.ip, port: node.port }, zone), zone).to.equal(undefined)
    }
  })
})
