/**
 *   Knot (primary of a catalog) ──▶ two workers of one hub ──▶ Knot (node, consumes the published catalog)
 *                                  on one disk, or on two machines
 *
 * One worker owns the catalogs at a time: it consumes and publishes them, and the other has the same members. Killed, it is
 * followed by the other, and the node keeps every zone that it has.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { askSerial, awaitSerial } from '../../../lab/ask-serial.js'
import { startKnot } from '../../../lab/knot.js'
import { runCommand } from '../../../lab/run-command.js'
import { findPort } from '../../../lab/ports.js'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { CATALOG_SHARD } from '../../../lib/fleet/shards.js'
import type { ProvisionProgress } from '../../../lib/queue/jobs.js'
import { ended } from '../../support/control-scene.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, credentials, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const CATALOG = 'cat.test.'
const PUBLISHED = 'nodes.test.'
/** Published from a reload on. */
const ADDED = 'added.test.'
const MEMBERS = Array.from({ length: 12 }, (_, i) => `m${i}.test.`)
const FIRST = MEMBERS.slice(0, 6)
const TEXT = [
  `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. 1 1 1 1000 0\n@ NS invalid.\nversion TXT 2`,
  ...FIRST.map((zone, i) => `id${i}.zones PTR ${zone}`),
].join('\n')
const SECRET = Buffer.alloc(32, 7).toString('base64')
const KNOT_NODE = '127.0.0.92'

for (const share of ['disk', 'machines'] as const)
  describe(`catalogs of workers that share zones: ${share}`, function () {
    this.timeout(120_000)
    needsPeers('knot', 'redis')
    const processes = new Map<string, HubProcess>()
    let redis: LabRedis
    let primary: LabServer
    let node: LabServer
    /** By name of the worker. */
    const places = new Map<string, HubPlace>()
    let front: HubPlace

    const begin = async (name: string, roles = 'watcher,worker') =>
      processes.set(name, await spawnHub(places.get(name)!, ['--roles', roles, '--worker', name]))
    /** With two machines each worker has the transfer server of its machine. */
    const worker = (name: string) => begin(name, share === 'disk' ? 'watcher,worker' : 'watcher,worker,transfer,api')
    const change = (...changes: string[]) => updateZone(primary, CATALOG, changes)
    const add = (i: number) => change(`add id${i}.zones.${CATALOG} 0 PTR ${MEMBERS[i]}`)
    const membersAt = async (place: HubPlace) =>
      (await api<{ members: { zone: string; leavingSince: string | null }[] }>(place, `/v1/catalogs/${CATALOG}`)).members
    const haveMembers = async (zones: readonly string[]) => {
      for (const place of new Set(share === 'disk' ? [front] : places.values()))
        await eventually(
          async () => expect((await membersAt(place)).map(({ zone }) => zone).sort()).to.deep.equal([...zones].sort()),
          {
            timeoutMs: 20_000,
          },
        )
    }
    const owner = async (place = front) => {
      const { workers } = await api<{ workers: { name: string; shards: number[] }[] }>(place, '/v1/workers')
      return workers.find(({ shards }) => shards.includes(CATALOG_SHARD))?.name
    }
    const areShared = () =>
      eventually(
        async () => {
          const { workers } = await api<{ workers: { shards: number[] }[] }>(front, '/v1/workers')
          expect(workers.map(({ shards }) => shards.length)).to.deep.equal([32, 32])
        },
        { timeoutMs: 40_000 },
      )
    /** Unique ids of the published catalog: a node that sees another one resets the zone. */
    const ids = async () => {
      // The machine of the owner has the catalog on its disk.
      const place = places.get((await owner())!)!
      const { serial } = await api<{ serial: number }>(place, `/v1/zones/${PUBLISHED}`)
      const headers = credentials(place)
      const text = await (await fetch(`${place.api}/v1/zones/${PUBLISHED}/versions/${serial}`, { headers })).text()
      const pointers = text.split('\n').flatMap((line) => /^(\S+)\s.*\sPTR\s+(\S+)$/.exec(line) ?? [])
      return new Map(pointers.flatMap((_, i) => (i % 3 === 0 ? [[pointers[i + 2]!, pointers[i + 1]!] as const] : [])))
    }

    before(async () => {
      const folder = scratch()
      // A node distinguishes primaries by their addresses.
      const hubs = [{ ip: '127.0.0.1', port: await findPort() }]
      if (share === 'machines') hubs.push({ ip: '127.0.0.2', port: await findPort('127.0.0.2') })
      const zones = MEMBERS.map((name) => ({ name, text: zoneText(name, { records: 6, retrySeconds: 1 }) }))
      ;[redis, primary, node] = await Promise.all([
        startRedis(),
        startKnot({ name: 'hm1', port: await findPort(), notify: hubs, zones: [{ name: CATALOG, text: TEXT }, ...zones] }),
        startKnot({
          name: 'a1',
          ip: KNOT_NODE,
          port: await findPort(KNOT_NODE),
          zones: [{ name: PUBLISHED, from: hubs, catalog: 'consumed' }],
        }),
      ])
      const config = (machine: number) =>
        writeHubConfig(
          {
            folder: join(folder, `machine${machine}`),
            primaries: { hm1: primary },
            nodes: { a1: { cloud: 'A', ip: node.ip, port: node.port, channel: node.channel } },
            zones: [],
            transfer: { listen: [`${hubs[machine]!.ip}:${hubs[machine]!.port}`] },
            extra: {
              redis: redis.url,
              keys: { machines: { algorithm: 'hmac-sha256', secret: SECRET } },
              workers: { share, lease: '3s', ...(share === 'machines' ? { key: 'machines' } : {}) },
              catalogs: [
                { name: CATALOG, grace: '3s' },
                { name: PUBLISHED, publish: 'A' },
              ],
            },
          },
          { transfer: hubs[machine]!.port },
        )
      front = await config(0)
      places.set('w1', front)
      places.set('w2', share === 'disk' ? front : await config(1))
      places.set('front', front)
      await worker('w1')
      if (share === 'disk') await begin('front', 'transfer,api')
      await worker('w2')
    })
    after(async () => {
      for (const hub of processes.values()) hub.child.kill('SIGCONT')
      await Promise.all(Array.from(processes.values(), (hub) => hub.stop()))
      await Promise.all([redis, primary, node].map((server) => server?.stop()))
    })

    // Last: the processes write there until they end.
    const scratch = scratchDirs()

    it('reach the node, with members of both workers', async () => {
      await areShared()
      await haveMembers(FIRST)
      for (const zone of FIRST) await awaitSerial(node, zone)
    })

    it('leave nothing to provision on a node that consumes them', async () => {
      const order = { method: 'POST', body: JSON.stringify({ apply: true, reason: 'test' }) }
      const { job } = await api<{ job: string }>(front, '/v1/nodes/a1/provision', order)
      const { error, progress } = (await ended(front, job)) as unknown as { error: string | null; progress: ProvisionProgress }
      expect(error).to.equal(null)
      expect(progress.changes).to.deep.equal([])
      for (const zone of FIRST) await awaitSerial(node, zone)
    })

    it('get a new member at every worker', async () => {
      await add(6)
      await haveMembers(MEMBERS.slice(0, 7))
      await awaitSerial(node, MEMBERS[6]!)
      for (const zone of MEMBERS.slice(0, 7)) await updateZone(primary, zone, [`add new.${zone} 60 A 192.0.2.9`])
      for (const zone of MEMBERS.slice(0, 7)) await awaitSerial(node, zone, (serial) => serial === 2)
    })

    it('go on at the other worker when their owner is killed, and no zone is lost or reset', async () => {
      const [name, before] = [(await owner())!, await ids()]
      expect(before.size).to.equal(7)
      const left = name === 'w1' ? 'w2' : 'w1'
      const removed = await removals(async () => {
        await processes.get(name)!.kill()
        processes.delete(name)
        front = share === 'disk' ? front : places.get(left)!
        await add(7)
        await eventually(async () => expect(await owner()).to.equal(left), { timeoutMs: 20_000 })
        await eventually(async () => expect((await membersAt(front)).length).to.equal(8), { timeoutMs: 20_000 })
        await awaitSerial(node, MEMBERS[7]!)
      })
      expect(removed).to.deep.equal([])
      const after = await ids()
      for (const [zone, id] of before) expect(after.get(zone), zone).to.equal(id)
      await worker(name)
      await areShared()
      await haveMembers(MEMBERS.slice(0, 8))
    })

    it('belong to one worker, also after its pause: its writes are refused', async () => {
      const name = (await owner())!
      const left = name === 'w1' ? 'w2' : 'w1'
      front = share === 'disk' ? front : places.get(left)!
      const paused = processes.get(name)!
      paused.child.kill('SIGSTOP')
      await eventually(async () => expect(await owner()).to.equal(left), { timeoutMs: 20_000 })
      await add(8)
      await awaitSerial(node, MEMBERS[8]!)
      paused.child.kill('SIGCONT')
      await areShared()
      await haveMembers(MEMBERS.slice(0, 9))
      await add(9)
      await awaitSerial(node, MEMBERS[9]!)
      await haveMembers(MEMBERS.slice(0, 10))
    })

    it('lose a member at every worker when its grace time ends', async () => {
      await change(`delete id0.zones.${CATALOG} PTR`)
      await haveMembers(MEMBERS.slice(1, 10))
      await eventually(async () => expect((await askSerial(node, MEMBERS[0]!))?.serial).to.equal(undefined), {
        timeoutMs: 20_000,
      })
      for (const zone of MEMBERS.slice(1, 10)) expect((await askSerial(node, zone))?.serial, zone).to.be.a('number')
    })

    if (share === 'machines')
      it('are read again by an owner after Redis has lost its data', async () => {
        await runCommand('redis-cli', ['-u', redis.url, 'FLUSHALL'])
        await add(10)
        await haveMembers(MEMBERS.slice(1, 11))
        await awaitSerial(node, MEMBERS[10]!)
      })

    it('include one that a reload adds, with the members of both workers', async () => {
      await areShared()
      const listed = share === 'machines' ? MEMBERS.slice(1, 11) : MEMBERS.slice(1, 10)
      for (const { configFile } of new Set(places.values())) {
        const config = JSON.parse(readFileSync(configFile, 'utf8')) as { catalogs: object[] }
        config.catalogs.push({ name: ADDED, publish: 'a1' })
        writeFileSync(configFile, JSON.stringify(config))
      }
      for (const { child } of processes.values()) child.kill('SIGHUP')
      const haveAdded = async (zones: readonly string[]) =>
        await eventually(
          async () => {
            const place = places.get((await owner())!)!
            const { members } = await api<{ members: { zone: string }[] }>(place, `/v1/catalogs/${ADDED}`)
            expect(members.map(({ zone }) => zone).sort()).to.deep.equal([...zones].sort())
          },
          { timeoutMs: 20_000 },
        )
      await haveAdded(listed)
      await add(11)
      await haveAdded([...listed, MEMBERS[11]!])
    })

    /** Zones that the node did not serve at some time during the work. */
    const removals = async (work: () => Promise<void>): Promise<string[]> => {
      const zones = MEMBERS.slice(0, 7)
      const lost = new Set<string>()
      let isOver = false
      const watch = (async () => {
        while (!isOver) {
          for (const zone of zones) {
            const answer = await askSerial(node, zone)
            if (answer !== undefined && answer.serial === undefined) lost.add(zone)
          }
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      })()
      await work().finally(() => {
        isOver = true
      })
      await watch
      return [...lost]
    }
  })
