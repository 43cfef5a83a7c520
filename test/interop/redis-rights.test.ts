/**
 *   a hub ──▶ Redis, as a user with the rights that deploy/make-secrets.mjs gives it
 *
 * The rights are enough for queues and shared state, and the user without a password has none.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import { runCommand } from '../../lab/run-command.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'rights.example.'

describe('a Redis user with the rights of the containers', function () {
  this.timeout(60_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  let primary: LabServer
  let redis: LabRedis
  let place: HubPlace
  let hub: HubProcess

  before(async () => {
    const folder = scratch()
    const made = spawnSync(process.execPath, ['deploy/make-secrets.mjs', join(folder, 'secrets')], { encoding: 'utf8' })
    expect(made.status, made.stderr).to.equal(0)
    redis = await startRedis({ aclFile: join(folder, 'secrets/redis/users.acl') })
    primary = await startKnot({
      name: 'hm1',
      port: await findPort(),
      zones: [{ name: ZONE, text: zoneText(ZONE, { records: 20, retrySeconds: 1 }) }],
    })
    place = await writeHubConfig({
      folder,
      primaries: { hm1: { ip: primary.ip, port: primary.port } },
      nodes: { ams1: { cloud: 'A', ip: '127.0.0.44', port: 5300 } },
      zones: [{ name: ZONE }],
      extra: {
        redis: redis.url.replace('redis://', 'redis://zonecast@'),
        redisPasswordFile: join(folder, 'secrets/hub/redis.password'),
      },
    })
    hub = await spawnHub(place)
  })
  after(async () => {
    await hub?.stop()
    await Promise.all([primary, redis].map((server) => server?.stop()))
  })

  it('runs jobs and shares state', async () => {
    await eventually(async () => {
      const { serial } = await api<{ serial: number | null }>(place, `/v1/zones/${ZONE}`)
      if (serial === null) throw new Error('nothing is released yet')
    })
    for (const order of ['refresh', 'resync']) {
      const { job } = await api<{ job: string }>(place, `/v1/zones/${ZONE}/${order}`, {
        method: 'POST',
        body: JSON.stringify(order === 'resync' ? { strength: 'notify' } : {}),
      })
      await eventually(async () => expect((await api(place, `/v1/jobs/${job}`)).state).to.be.oneOf(['done', 'failed', 'active']))
    }
    const readiness = (await (await fetch(`${place.api}/readyz`)).json()) as { missing: string[] }
    expect(readiness.missing.filter((text) => text.includes('redis'))).to.deep.equal([])
  })

  it('may not empty, stop or reconfigure the server, and a client without the password has no rights', async () => {
    const password = readFileSync(join(place.configFile, '../secrets/hub/redis.password'), 'utf8').trim()
    const ask = (...args: string[]): Promise<string> =>
      runCommand('redis-cli', ['-p', String(redis.port), ...args]).catch((error: Error) => error.message)
    expect(await ask('PUBLISH', 'zonecast:changes', '{}')).to.match(/NOAUTH/)
    for (const command of ['FLUSHALL', 'SHUTDOWN', 'ACL WHOAMI', 'CONFIG SET dir /tmp', 'REPLICAOF NO ONE'])
      expect(await ask('--user', 'zonecast', '--pass', password, ...command.split(' ')), command).to.match(/NOPERM/)
    expect(await ask('--user', 'zonecast', '--pass', password, 'PING')).to.match(/PONG/)
  })
})
