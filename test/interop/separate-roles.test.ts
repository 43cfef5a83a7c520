/**
 *   Knot (primary) ──▶ watcher · worker · transfer · api ──▶ NSD (node)
 *                          four processes, one Redis, one data directory
 *
 * The roles as in docker-compose.yml: each in its own process, the worker alone writing, and each with its healthcheck.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
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
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'apart.example.'
/** The watcher last, like in docker-compose.yml: no version is released before nodes can transfer it. */
const ROLES = ['worker', 'transfer', 'api', 'watcher'] as const

describe('roles in separate processes', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const [primaryKey, nodeKey] = [makeKey('primary-key'), makeKey('node-key')]
  const processes = new Map<string, HubProcess>()
  let redis: LabRedis
  let primary: LabServer
  let node: LabServer
  let place: HubPlace
  let folder: string
  let serial = 1

  const change = async (record: string) => {
    await updateZone({ ip: primary.ip, port: primary.port, key: primaryKey }, ZONE, [`add ${record}.${ZONE} 60 A 192.0.2.1`])
    serial += 1
  }
  const difference = () =>
    compareZones({ ip: primary.ip, port: primary.port, key: primaryKey }, { ip: node.ip, port: node.port }, ZONE)
  const health = (role: string, ...args: string[]) =>
    spawnSync(process.execPath, ['deploy/healthcheck.mjs', role, ...args], { encoding: 'utf8' })
  const start = async (role: string) => processes.set(role, await spawnHub(place, ['--roles', role]))
  const port = (url: string) => new URL(url).port

  before(async () => {
    folder = scratch()
    const transfer = await findPort()
    ;[redis, primary, node] = await Promise.all([
      startRedis(),
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 100, retrySeconds: 1 }) }],
        transferKey: primaryKey,
        updateKey: primaryKey,
      }),
      startNsd({
        name: 'ams1',
        ip: '127.0.0.14',
        port: await findPort('127.0.0.14'),
        zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer, key: nodeKey }] }],
      }),
    ])
    place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey } },
        zones: [{ name: ZONE }],
        extra: { redis: redis.url },
      },
      { transfer },
    )
    for (const role of ROLES) await start(role)
  })

  after(async () => {
    await Promise.all(Array.from(processes.values(), (hub) => hub.stop()))
    await Promise.all([redis, primary, node].map((server) => server?.stop()))
  })

  it('deliver a version from the primary to the node', async () => {
    await inSync(place, ZONE, 1)
    await change('together')
    await inSync(place, ZONE, serial)
    expect(await difference()).to.equal(undefined)
  })

  it('report that they are alive', () => {
    for (const [role, ...args] of [
      ['worker', join(folder, 'data')],
      ['watcher', redis.url, 'test'],
      ['transfer', String(place.transfer.port)],
      ['api', port(place.api)],
    ] as const) {
      const { status, stderr } = health(role, ...args)
      expect(status, stderr).to.equal(0)
    }
  })

  it('are not alive when their process does not run', async () => {
    const free = String(await findPort())
    for (const args of [['worker', scratch()], ['watcher', redis.url, 'nobody'], ['transfer', free], ['api', free], ['cook']]) {
      const { status, stderr } = health(args[0]!, ...args.slice(1))
      expect(status, args.join(' ')).to.equal(1)
      expect(stderr, args.join(' ')).to.not.equal('')
    }
  })

  for (const role of ['worker', 'transfer', 'watcher'] as const)
    it(`include a ${role} that continues after a kill and a restart`, async () => {
      await processes.get(role)!.kill()
      await change(`without-${role}`)
      await start(role)
      await inSync(place, ZONE, serial, 30_000)
      await eventually(async () => expect(await difference()).to.equal(undefined))
    })
})
