/**
 *   Knot (primary) ──▶ zonecast, which lost its zones on disk, and a Redis with their old state that comes after the hub
 *
 * The primary is silent until the hub has read Redis, so that no refresh has ended before.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'lost-disk.test.'

describe('a hub that lost its zones on disk, with a Redis that comes later', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  let primary: LabServer
  let node: LabServer
  let redis: LabRedis
  let place: HubPlace
  let folder: string
  let hub: HubProcess | undefined

  before(async () => {
    const transfer = await findPort()
    folder = scratch()
    const ip = '127.0.0.91'
    ;[primary, node, redis] = await Promise.all([
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: [{ name: ZONE, text: zoneText(ZONE, { records: 20, refreshSeconds: 3_600, retrySeconds: 1 }) }],
      }),
      startNsd({
        name: 'n1',
        ip,
        port: await findPort(ip),
        zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer }] }],
      }),
      startRedis({ durable: true }),
    ])
    place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: { ip: primary.ip, port: primary.port } },
        nodes: { n1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: [{ name: ZONE }],
        extra: { redis: redis.url },
      },
      { transfer },
    )
  })
  after(async () => {
    primary.resume()
    await hub?.stop()
    await Promise.all([primary, node, redis].map((server) => server?.stop()))
  })

  it('transfers the zone again, whose old version Redis names', async () => {
    hub = await spawnHub(place)
    const serial = await inSync(place, ZONE)
    expect(await hub.stop()).to.equal(0)
    await redis.kill()
    for (const lost of ['zones', 'zones.rows']) rmSync(join(folder, 'data', lost), { recursive: true, force: true })
    primary.pause()
    hub = await spawnHub(place)
    await redis.restart()
    const readiness = async () => (await (await fetch(`${place.api}/readyz`)).json()) as { missing: string[] }
    await eventually(async () => expect((await readiness()).missing.join()).not.to.match(/redis/), { timeoutMs: 20_000 })
    const released = async () => (await api<{ serial: number | null }>(place, `/v1/zones/${ZONE}`)).serial
    await eventually(async () => expect(await released()).to.equal(null))
    primary.resume()
    await eventually(async () => expect(await released()).to.equal(serial), { timeoutMs: 20_000 })
  })
})
