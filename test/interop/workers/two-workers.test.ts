/**
 *   Knot (primary) ──▶ two processes with every role ──▶ NSD (node)
 *                     one hub, one data directory, one Redis
 *
 * Two worker processes share the zones of a hub: each has its own part, and either goes on alone.
 */
import { expect } from 'chai'
import { compareZones } from '../../../lab/compare.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { findPort } from '../../../lab/ports.js'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONES = Array.from({ length: 12 }, (_, i) => `z${i}.shared.example.`)

interface Workers {
  workers: { name: string; state: string; error: string | null; shards: number[]; zones: number; pid: number }[]
}

describe('two worker processes of one hub', function () {
  this.timeout(150_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const key = makeKey('primary-key')
  const processes = new Map<string, HubProcess>()
  let redis: LabRedis
  let primary: LabServer
  let node: LabServer
  let place: HubPlace
  let folder: string
  let serial = 1

  const start = async (name: string, roles: string) =>
    processes.set(name, await spawnHub(place, ['--roles', roles, '--worker', name]))
  const bump = async (zones = ZONES) => {
    serial += 1
    for (const zone of zones)
      await updateZone({ ip: primary.ip, port: primary.port, key }, zone, [`add n${serial}.${zone} 60 A 192.0.2.1`])
  }
  const workers = async () => (await api<Workers>(place, '/v1/workers')).workers
  const shares = async (expected: Record<string, number>) =>
    await eventually(
      async () => {
        const now = await workers()
        expect(Object.fromEntries(now.map(({ name, shards }) => [name, shards.length]))).to.deep.equal(expected)
        expect(now.reduce((sum, { zones }) => sum + zones, 0)).to.equal(ZONES.length)
      },
      { timeoutMs: 40_000 },
    )
  const allInSync = async (wanted: number, timeoutMs = 30_000) => {
    for (const zone of ZONES) await inSync(place, zone, wanted, timeoutMs)
  }

  before(async () => {
    folder = scratch()
    const transfer = await findPort()
    ;[redis, primary, node] = await Promise.all([
      startRedis(),
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: ZONES.map((name) => ({ name, text: zoneText(name, { serial: 1, records: 5, retrySeconds: 1 }) })),
        transferKey: key,
        updateKey: key,
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
        folder,
        primaries: { hm1: { ip: primary.ip, port: primary.port, key } },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: ZONES.map((name) => ({ name })),
        extra: { redis: redis.url, workers: { share: 'disk', lease: '6s' } },
      },
      { transfer },
    )
    await start('w1', 'watcher,worker')
    await start('front', 'transfer,api')
  })

  after(async () => {
    await Promise.all(Array.from(processes.values(), (hub) => hub.stop()))
    await Promise.all([redis, primary, node].map((server) => server?.stop()))
  })

  it('are one at first, which has all zones', async () => {
    await shares({ w1: 64 })
    await allInSync(1)
  })

  it('share the zones when the second starts, and both deliver new versions', async () => {
    await start('w2', 'watcher,worker')
    await shares({ w1: 32, w2: 32 })
    await eventually(async () => expect(Math.min(...(await workers()).map(({ zones }) => zones))).to.be.greaterThan(0))
    await bump()
    await allInSync(serial)
  })

  it('carry out the orders of operators through the queue of the owner', async () => {
    await bump()
    for (const zone of ZONES) {
      const { job } = await api<{ job: string }>(place, `/v1/zones/${zone}/refresh`, { method: 'POST', body: '{}' })
      await eventually(async () => expect(await api(place, `/v1/jobs/${job}`)).to.include({ state: 'done' }), {
        timeoutMs: 15_000,
      })
    }
    await allInSync(serial)
    for (const zone of ZONES) {
      const body = JSON.stringify({ reason: 'test' })
      await api(place, `/v1/zones/${zone}/hold`, { method: 'POST', body })
      await api(place, `/v1/zones/${zone}/release`, { method: 'POST', body })
    }
    await bump()
    await allInSync(serial)
  })

  it('bring nodes back, also for zones of the other worker', async () => {
    const { job } = await api<{ job: string }>(place, '/v1/resync', {
      method: 'POST',
      body: JSON.stringify({ strength: 'refresh', reason: 'test' }),
    })
    await eventually(
      async () => {
        const view = await api<{ state: string; progress: { confirmed: number } }>(place, `/v1/jobs/${job}`)
        expect(view.state).to.equal('done')
        expect(view.progress.confirmed).to.equal(ZONES.length)
      },
      { timeoutMs: 30_000 },
    )
  })

  it('lose no version when one is killed: the other has all zones within seconds', async () => {
    await processes.get('w1')!.kill()
    // Some of these jobs go to the queue of the killed worker.
    const jobs = await Promise.all(
      ZONES.map((zone) => api<{ job: string }>(place, `/v1/zones/${zone}/refresh`, { method: 'POST', body: '{}' })),
    )
    await bump()
    for (const { job } of jobs)
      await eventually(async () => expect(await api(place, `/v1/jobs/${job}`)).to.include({ state: 'done' }), {
        timeoutMs: 40_000,
      })
    await shares({ w2: 64 })
    await allInSync(serial)
  })

  it('share again when the killed one is back under its name', async () => {
    await start('w1', 'watcher,worker')
    await shares({ w1: 32, w2: 32 })
    await bump()
    await allInSync(serial)
  })

  it('refuse the writes of one that was paused for longer than its lease', async () => {
    const paused = processes.get('w2')!
    paused.child.kill('SIGSTOP')
    await shares({ w1: 64 })
    await bump()
    await allInSync(serial)
    paused.child.kill('SIGCONT')
    await shares({ w1: 32, w2: 32 })
    // Nothing that the paused worker knew replaces what the other wrote.
    await allInSync(serial)
    await bump()
    await allInSync(serial)
  })

  it('refuse a third with the name of a running one', async () => {
    const error = await spawnHub(place, ['--roles', 'worker', '--worker', 'w1']).then(
      (hub) => hub.stop().then(() => undefined),
      (reason: Error) => reason,
    )
    expect(error?.message).to.match(/ended with 1/)
    await shares({ w1: 32, w2: 32 })
  })

  it('go on without Redis', async () => {
    await redis.stop()
    await bump()
    await eventually(
      async () => {
        const source = { ip: primary.ip, port: primary.port, key }
        for (const zone of ZONES) expect(await compareZones(source, { ip: node.ip, port: node.port }, zone)).to.equal(undefined)
      },
      { timeoutMs: 30_000 },
    )
  })
})
