/**
 *   Knot (primary) ──▶ zonecast ──▶ NSD (node)        Redis: master, replica, three Sentinels
 *
 * The master dies while changes arrive: each reaches the node, and the hub finds the new master. The hub restores state that
 * FLUSHALL removed from Redis, a hold among it.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import { type LabSentinels, startSentinels } from '../../lab/sentinel.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { changeZone } from '../support/change-zone.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'failover.example.'

describe('a Redis that fails over', function () {
  this.timeout(90_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const [updateKey, nodeKey] = [makeKey('update-key'), makeKey('node-key')]
  let sentinels: LabSentinels
  let primary: LabServer
  let node: LabServer
  let hub: HubProcess

  const change = (): Promise<number> => changeZone(primary, ZONE, updateKey)
  const isReady = async () => expect((await fetch(`${hub.api}/readyz`)).status).to.equal(200)
  const queueWorks = async (): Promise<void> => {
    const { job } = await api<{ job: string }>(hub, `/v1/zones/${ZONE}/refresh`, { method: 'POST', body: '{}' })
    await eventually(async () => expect((await api<{ state: string }>(hub, `/v1/jobs/${job}`)).state).to.equal('done'))
  }

  before(async () => {
    const transfer = await findPort()
    ;[sentinels, primary, node] = await Promise.all([
      startSentinels(),
      findPort().then((port) =>
        startKnot({
          name: 'hm1',
          port,
          zones: [{ name: ZONE, text: zoneText(ZONE, { records: 20, retrySeconds: 1 }) }],
          updateKey,
          notify: [{ ip: '127.0.0.1', port: transfer }],
        }),
      ),
      findPort('127.0.0.51').then((port) =>
        startNsd({
          name: 'ams1',
          ip: '127.0.0.51',
          port,
          zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer, key: nodeKey }] }],
        }),
      ),
    ])
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port } },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey } },
        zones: [{ name: ZONE }],
        extra: { redis: { sentinels: sentinels.addresses, name: sentinels.name } },
      },
      { transfer },
    )
    hub = await spawnHub(place)
    await inSync(hub, ZONE)
  })

  after(async () => {
    await hub?.stop()
    await Promise.allSettled([sentinels, primary, node].map((server) => server?.stop()))
  })

  it('delivers changes while the master is down, and the hub is ready again with the new one', async () => {
    await queueWorks()
    const old = await sentinels.master()
    await old.kill()
    const killedAt = performance.now()
    const serial = await change()
    await awaitSerial(node, ZONE, (observed) => observed === serial)
    const servedMs = performance.now() - killedAt
    await eventually(async () => expect((await sentinels.master()).port).to.not.equal(old.port), { timeoutMs: 30_000 })
    await eventually(isReady, { timeoutMs: 30_000 })
    const readyMs = performance.now() - killedAt
    await queueWorks()
    await inSync(hub, ZONE, serial)
    process.stdout.write(
      `      change on the node ${Math.round(servedMs)} ms, hub ready ${Math.round(readyMs)} ms after the master died\n`,
    )
  })

  it('loses no hold and no node by FLUSHALL, and jobs continue', async () => {
    await api(hub, `/v1/zones/${ZONE}/hold`, { method: 'POST', body: JSON.stringify({ reason: 'a test' }) })
    await (await sentinels.master()).control('FLUSHALL')
    const held = await change()
    await eventually(async () => {
      const { versions } = await api<{ versions: { serial: number; state: string }[] }>(hub, `/v1/zones/${ZONE}`)
      expect(versions[0]).to.include({ serial: held, state: 'held' })
    })
    await queueWorks()
    expect(await awaitSerial(node, ZONE)).to.not.equal(held)
    await api(hub, `/v1/zones/${ZONE}/release`, { method: 'POST', body: JSON.stringify({ reason: 'a test' }) })
    await inSync(hub, ZONE, held)
  })
})
