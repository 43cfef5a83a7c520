/**
 *   Knot (primary) ──▶ zonecast ──▶ NSD (node), and a Redis that is down
 *
 * Zones are on disk and Redis only coordinates: a hub without Redis starts, serves, transfers changes, delivers them to the
 * nodes and reports the missing Redis; it uses Redis as soon as it runs.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import { runCommand } from '../../lab/run-command.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { changeZone } from '../support/change-zone.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { credentials, api, type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'without.example.'

describe('a Redis that is down', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const [primaryKey, nodeKey] = [makeKey('primary-key'), makeKey('node-key')]
  let primary: LabServer
  let node: LabServer
  let redis: LabRedis | undefined
  let redisPort: number
  let place: HubPlace
  let hub: HubProcess | undefined

  const change = (): Promise<number> => changeZone(primary, ZONE, primaryKey)
  const readiness = async () => {
    const response = await fetch(`${place.api}/readyz`)
    return { status: response.status, ...((await response.json()) as { missing: string[] }) }
  }

  before(async () => {
    const transfer = await findPort()
    redisPort = await findPort()
    ;[primary, node] = await Promise.all([
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: [{ name: ZONE, text: zoneText(ZONE, { records: 50, retrySeconds: 1 }) }],
        transferKey: primaryKey,
        updateKey: primaryKey,
      }),
      startNsd({
        name: 'ams1',
        ip: '127.0.0.15',
        port: await findPort('127.0.0.15'),
        zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer, key: nodeKey }] }],
      }),
    ])
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey } },
        zones: [{ name: ZONE }],
        extra: { redis: `redis://127.0.0.1:${redisPort}/0`, log: { level: 'info' } },
      },
      { transfer },
    )
  })

  after(async () => {
    await hub?.stop()
    await Promise.all([primary, node, redis].map((server) => server?.stop()))
  })

  it('lets a hub start, which reports that Redis is missing', async () => {
    hub = await spawnHub(place)
    await inSync(place, ZONE)
    const { status, missing } = await readiness()
    expect(status).to.equal(503)
    expect(missing).to.have.lengthOf(1)
    expect(missing[0]).to.match(/^redis is away \(connect ECONNREFUSED 127\.0\.0\.1:\d+\): no new job can be queued/)
  })

  it('lets changes reach the nodes', async () => {
    for (let i = 0; i < 3; i++) await inSync(place, ZONE, await change())
  })

  it('is named in the answer to a request for a job', async () => {
    const response = await fetch(`${place.api}/v1/zones/${ZONE}/refresh`, { method: 'POST', headers: credentials(place) })
    expect(response.status).to.equal(503)
    expect(await response.text()).to.match(/redis is unreachable/)
  })

  it('lets a hub stop', async () => {
    expect(await hub!.stop()).to.equal(0)
    hub = await spawnHub(place)
    await inSync(place, ZONE, await change())
  })

  const isOnHold = async () => (await api<{ onHold: unknown }>(place, `/v1/zones/${ZONE}`)).onHold !== null
  const order = (verb: string, key: string) =>
    api(place, `/v1/zones/${ZONE}/${verb}`, { method: 'POST', body: '{"reason":"test"}', headers: { 'idempotency-key': key } })

  it('lets an order with an Idempotency-Key run once', async () => {
    const answer = await order('hold', 'key-1')
    expect(await isOnHold()).to.equal(true)
    await order('release', 'key-2')
    expect(await order('hold', 'key-1')).to.deep.equal(answer)
    expect(await isOnHold()).to.equal(false)
    const other = await order('release', 'key-1').catch((error: Error) => error.message)
    expect(other).to.match(/422.*other-request/)
  })

  const redisKeys = async (pattern: string) =>
    (await runCommand('redis-cli', ['-u', redis!.url, '--scan', '--pattern', pattern])).split('\n').filter(Boolean).length

  it('is used when it starts: jobs run, state is shared', async () => {
    redis = await startRedis({ port: redisPort })
    await eventually(async () => expect((await readiness()).missing).to.deep.equal([]), { timeoutMs: 20_000 })
    await eventually(async () => expect(await redisKeys('zonecast:once:*')).to.equal(2))
    const { job } = await api<{ job: string }>(place, `/v1/zones/${ZONE}/refresh`, { method: 'POST' })
    await eventually(async () => expect((await api(place, `/v1/jobs/${job}`)).state).to.equal('done'))
    const resync = await api<{ job: string }>(place, `/v1/zones/${ZONE}/resync`, { method: 'POST' })
    await eventually(async () => expect((await api(place, `/v1/jobs/${resync.job}`)).state).to.equal('done'))
    await eventually(async () =>
      expect(await runCommand('redis-cli', ['-u', redis!.url, 'HLEN', 'zonecast:test:zones'])).to.equal('1\n'),
    )
  })

  it('with foreign data lets a hub start, which trusts none of it', async () => {
    for (const table of ['zones', 'nodes', 'orders', 'stages', 'hubs', 'drains', 'paths', 'primaries'])
      for (const [i, junk] of [
        '',
        'null',
        '7',
        '{',
        '[]',
        '{"at":1e300}',
        '{"at":99999999999999,"id":7,"decisions":3}',
      ].entries()) {
        await runCommand('redis-cli', ['-u', redis!.url, 'HSET', `zonecast:${table}`, i % 2 === 0 ? ZONE : `${ZONE} ams1`, junk])
        await runCommand('redis-cli', ['-u', redis!.url, 'HSET', `zonecast:test:${table}`, ZONE, junk])
      }
    for (const junk of [
      '',
      '{',
      'null',
      '{"changes":7}',
      '{"changes":[{"table":"orders","key":"x","value":null}]}',
      '{"signal":{"name":"committed"}}',
    ])
      await runCommand('redis-cli', ['-u', redis!.url, 'PUBLISH', 'zonecast:changes', junk])
    expect(await hub!.stop()).to.equal(0)
    hub = await spawnHub(place)
    await inSync(place, ZONE, await change())
    expect(await order('hold', 'key-1'), 'the order from before the start').to.be.an('object')
    expect(await isOnHold()).to.equal(false)
    expect((await fetch(`${place.api}/v1/status`)).status).to.equal(200)
    await runCommand('redis-cli', ['-u', redis!.url, 'FLUSHALL'])
    await eventually(async () =>
      expect(await runCommand('redis-cli', ['-u', redis!.url, 'HLEN', 'zonecast:test:zones'])).to.equal('1\n'),
    )
  })

  it('and then accepts connections without an answer is reported, and lets changes reach the nodes', async () => {
    redis!.pause()
    try {
      await eventually(async () => expect((await readiness()).missing[0]).to.match(/^redis does not answer/), {
        timeoutMs: 20_000,
      })
      const serial = await change()
      await awaitSerial(node, ZONE, (observed) => observed === serial)
    } finally {
      redis!.resume()
    }
    await eventually(async () => expect((await readiness()).missing).to.deep.equal([]), { timeoutMs: 20_000 })
  })

  it('and may evict keys when it returns is reported as such', async () => {
    await runCommand('redis-cli', ['-u', redis!.url, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'])
    await runCommand('redis-cli', ['-u', redis!.url, 'CLIENT', 'KILL', 'TYPE', 'normal'])
    await eventually(async () =>
      expect((await readiness()).missing).to.deep.equal([
        'redis has maxmemory-policy allkeys-lru and may drop jobs; set it to noeviction',
      ]),
    )
  })

  it('again lets a hub stop', async () => {
    await redis!.stop()
    redis = undefined
    // Jobs have the time of the shutdown grace.
    expect(await hub!.stop()).to.equal(0)
    hub = undefined
  }).timeout(30_000)
})
