/**
 *   Knot (primary) ──▶ two workers · a transfer server of two processes on one address · api ──▶ NSD (node)
 */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { compareZones, readZone } from '../../../lab/compare.js'
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
import { type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const SOON = { timeoutMs: 40_000 }
const ZONES = ['a.two.example.', 'b.two.example.', 'c.two.example.', 'd.two.example.']

describe('a transfer server of two processes', function () {
  this.timeout(180_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const [key, nodeKey] = [makeKey('primary-key'), makeKey('node-key')]
  const processes: HubProcess[] = []
  let redis: LabRedis
  let primary: LabServer
  let node: LabServer
  let place: HubPlace
  let server: HubProcess
  let serial = 1

  before(async () => {
    const transfer = await findPort()
    ;[redis, primary, node] = await Promise.all([
      startRedis(),
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: ZONES.map((name) => ({ name, text: zoneText(name, { serial: 1, records: 50, retrySeconds: 1 }) })),
        transferKey: key,
        updateKey: key,
      }),
      startNsd({
        name: 'ams1',
        ip: '127.0.0.14',
        port: await findPort('127.0.0.14'),
        zones: ZONES.map((name) => ({ name, from: [{ ip: '127.0.0.1', port: transfer, key: nodeKey }] })),
      }),
    ])
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key } },
        nodes: {
          ams1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey },
          reader: { cloud: 'A', ip: '127.0.0.1', port: await findPort(), key: nodeKey },
        },
        zones: ZONES.map((name) => ({ name })),
        transfer: { processes: 2 },
        extra: { redis: redis.url, workers: { share: 'disk' } },
      },
      { transfer },
    )
    for (const name of ['w1', 'w2']) processes.push(await spawnHub(place, ['--roles', 'watcher,worker', '--worker', name]))
    server = await spawnHub(place, ['--roles', 'transfer,api'])
    processes.push(server)
  })

  after(async () => {
    await Promise.all(processes.map((hub) => hub.stop()))
    await Promise.all([redis, primary, node].map((each) => each?.stop()))
  })

  const children = () =>
    readFileSync(`/proc/${server.child.pid}/task/${server.child.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  const served = async () => {
    const from = { ip: primary.ip, port: primary.port, key }
    for (const zone of ZONES) {
      const hub = { ip: place.transfer.ip, port: place.transfer.port, key: nodeKey }
      // Each connection may reach another process.
      for (let i = 0; i < 4; i++)
        await eventually(async () => expect(await compareZones(from, hub, zone)).to.equal(undefined), SOON)
      await eventually(
        async () => expect(await compareZones(from, { ip: node.ip, port: node.port }, zone)).to.equal(undefined),
        SOON,
      )
    }
  }
  const change = async () => {
    serial += 1
    for (const zone of ZONES)
      await updateZone({ ip: primary.ip, port: primary.port, key }, zone, [`add n${serial}.${zone} 60 A 192.0.2.1`])
  }

  it('has two processes, each with every zone of both workers', async () => {
    expect(children()).to.have.length(2)
    await served()
    await change()
    await served()
    expect(
      (await readZone({ ip: place.transfer.ip, port: place.transfer.port, key: nodeKey }, ZONES[0]!)).length,
    ).to.be.greaterThan(50)
  })

  it('serves on while one process is killed, and starts it again', async () => {
    const [first, second] = children()
    process.kill(first!, 'SIGKILL')
    await change()
    await served()
    await eventually(() => {
      const now = children()
      expect(now).to.have.length(2)
      expect(now).to.include(second!).and.to.not.include(first!)
    }, SOON)
    await served()
  })

  it('confirms versions by the node itself', async () => {
    await change()
    for (const zone of ZONES)
      await eventually(async () => {
        const { nodes } = await fetch(`${place.api}/v1/zones/${zone}`).then(
          (answer) => answer.json() as Promise<{ nodes: Record<string, { state: string; serial: number }> }>,
        )
        expect(nodes.ams1).to.include({ state: 'in-sync', serial })
      }, SOON)
  })

  it('ends with the process that started it', async () => {
    const pids = children()
    expect(await server.stop()).to.equal(0)
    for (const pid of pids) expect(() => process.kill(pid, 0)).to.throw()
    processes.splice(processes.indexOf(server), 1)
  })
})
