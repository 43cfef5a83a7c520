/**
 *   Knot (primary) ──▶ two workers, one killed with SIGKILL during each change ──▶ NSD (node)
 *
 * The other worker finishes: no version is lost, none is committed twice, and the node gets whole zones.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { SHARDS } from '../../lib/fleet/shards.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { seeded } from '../support/random-change.js'
import { api } from '../support/test-hub.js'
import { WorkerScene } from '../support/worker-scene.js'

const ZONES = Array.from({ length: 40 }, (_, i) => `z${i}.killed.example.`)
const KILLS = amount('ZONECAST_TEST_KILLS', { long: 20, short: 4 })
const NAMES = ['w1', 'w2'] as const

describe('a worker killed while it shares zones with another', function () {
  this.timeout(KILLS * 90_000)
  needsPeers('knot', 'nsd', 'redis')
  let scene: WorkerScene

  before(async () => {
    scene = await WorkerScene.start({
      folder: scratch(),
      zones: ZONES,
      records: 20,
      notifies: true,
      extra: { workers: { share: 'disk', lease: '5s' } },
    })
    for (const name of NAMES) await scene.begin(name)
    await scene.begin('front', 'transfer,api')
  })
  after(() => scene?.stop())
  // Last: the processes write there until they end.
  const scratch = scratchDirs()

  it(`leaves no version behind and doubles none, ${KILLS} times`, async () => {
    const random = seeded('worker-killed')
    await scene.allInSync(1, 60_000)
    for (let kill = 0; kill < KILLS; kill++) {
      const name = NAMES[kill % 2]!
      const changing = scene.change()
      await sleep(random() * 1_000)
      await scene.process(name).kill()
      await changing
      await scene.allInSync(scene.serial, 60_000)
      await eventually(
        async () => {
          const [other] = (await scene.workers()).filter((row) => row.name !== name)
          expect(other!.shards).to.have.length(SHARDS)
        },
        { timeoutMs: 20_000 },
      )
      await scene.begin(name)
    }
    for (const zone of ZONES) {
      const { versions } = await api<{ versions: { serial: number }[] }>(scene.place, `/v1/zones/${zone}`)
      const serials = versions.map((version) => version.serial)
      expect(
        serials.toSorted((a, b) => a - b),
        zone,
      ).to.deep.equal([...new Set(serials)].sort((a, b) => a - b))
      expect(Math.max(...serials), zone).to.equal(scene.serial)
      expect(await scene.difference(zone), zone).to.equal(undefined)
    }
  })
})
