/**
 * Catalogs of two workers of one hub (../../support/shared-catalog-scene.ts). One worker owns the catalogs at a time: it consumes and
 * publishes them, and the other has the same members. Killed, it is followed by the other, and the node keeps every zone that it has.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { askSerial, awaitSerial } from '../../../lab/ask-serial.js'
import { runCommand } from '../../../lab/run-command.js'
import { updateZone } from '../../../lab/update.js'
import type { ProvisionProgress } from '../../../lib/queue/jobs.js'
import { ended } from '../../support/control-scene.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { CATALOG, otherOf, SharedCatalogScene } from '../../support/shared-catalog-scene.js'
import { api } from '../../support/test-hub.js'

/** Published from a reload on. */
const ADDED = 'added.test.'
const MEMBERS = Array.from({ length: 12 }, (_, i) => `m${i}.test.`)
const FIRST = MEMBERS.slice(0, 6)

for (const share of ['disk', 'machines'] as const)
  describe(`catalogs of workers that share zones: ${share}`, function () {
    this.timeout(120_000)
    needsPeers('knot', 'redis')
    const scene = new SharedCatalogScene(share, MEMBERS, '3s')
    const add = (i: number) => scene.change(scene.adding(i))

    before(() => scene.start(scratch(), FIRST.length))
    after(() => scene.stop())
    // Last: the processes write there until they end.
    const scratch = scratchDirs()

    it('reach the node, with members of both workers', async () => {
      await scene.areShared()
      await scene.haveMembers(FIRST)
      for (const zone of FIRST) await awaitSerial(scene.node, zone)
    })

    it('leave nothing to provision on a node that consumes them', async () => {
      const order = { method: 'POST', body: JSON.stringify({ apply: true, reason: 'test' }) }
      const { job } = await api<{ job: string }>(scene.front, '/v1/nodes/a1/provision', order)
      const { error, progress } = (await ended(scene.front, job)) as unknown as {
        error: string | null
        progress: ProvisionProgress
      }
      expect(error).to.equal(null)
      expect(progress.changes).to.deep.equal([])
      for (const zone of FIRST) await awaitSerial(scene.node, zone)
    })

    it('get a new member at every worker', async () => {
      await add(6)
      await scene.haveMembers(MEMBERS.slice(0, 7))
      await awaitSerial(scene.node, MEMBERS[6]!)
      for (const zone of MEMBERS.slice(0, 7)) await updateZone(scene.primary, zone, [`add new.${zone} 60 A 192.0.2.9`])
      for (const zone of MEMBERS.slice(0, 7)) await awaitSerial(scene.node, zone, (serial) => serial === 2)
    })

    it('go on at the other worker when their owner is killed, and no zone is lost or reset', async () => {
      const [name, before] = [(await scene.owner())!, await scene.ids()]
      expect(before.size).to.equal(7)
      const removed = await scene.removals(MEMBERS.slice(0, 7), async () => {
        await scene.kill(name)
        await add(7)
        await eventually(async () => expect(await scene.owner()).to.equal(otherOf(name)), { timeoutMs: 20_000 })
        await eventually(async () => expect((await scene.membersAt()).length).to.equal(8), { timeoutMs: 20_000 })
        await awaitSerial(scene.node, MEMBERS[7]!)
      })
      expect(removed).to.deep.equal([])
      const after = await scene.ids()
      for (const [zone, id] of before) expect(after.get(zone), zone).to.equal(id)
      await scene.worker(name)
      await scene.areShared()
      await scene.haveMembers(MEMBERS.slice(0, 8))
    })

    it('belong to one worker, also after its pause: its writes are refused', async () => {
      const name = (await scene.owner())!
      scene.lookAt(otherOf(name))
      const paused = scene.processes.get(name)!
      paused.child.kill('SIGSTOP')
      await eventually(async () => expect(await scene.owner()).to.equal(otherOf(name)), { timeoutMs: 20_000 })
      await add(8)
      await awaitSerial(scene.node, MEMBERS[8]!)
      paused.child.kill('SIGCONT')
      await scene.areShared()
      await scene.haveMembers(MEMBERS.slice(0, 9))
      await add(9)
      await awaitSerial(scene.node, MEMBERS[9]!)
      await scene.haveMembers(MEMBERS.slice(0, 10))
    })

    it('lose a member at every worker when its grace time ends', async () => {
      await scene.change(`delete id0.zones.${CATALOG} PTR`)
      await scene.haveMembers(MEMBERS.slice(1, 10))
      await eventually(async () => expect((await askSerial(scene.node, MEMBERS[0]!))?.serial).to.equal(undefined), {
        timeoutMs: 20_000,
      })
      for (const zone of MEMBERS.slice(1, 10)) expect((await askSerial(scene.node, zone))?.serial, zone).to.be.a('number')
    })

    if (share === 'machines')
      it('are read again by an owner after Redis has lost its data', async () => {
        await runCommand('redis-cli', ['-u', scene.redis.url, 'FLUSHALL'])
        await add(10)
        await scene.haveMembers(MEMBERS.slice(1, 11))
        await awaitSerial(scene.node, MEMBERS[10]!)
      })

    it('include one that a reload adds, with the members of both workers', async () => {
      await scene.areShared()
      const listed = share === 'machines' ? MEMBERS.slice(1, 11) : MEMBERS.slice(1, 10)
      for (const { configFile } of new Set(scene.places.values())) {
        const config = JSON.parse(readFileSync(configFile, 'utf8')) as { catalogs: object[] }
        config.catalogs.push({ name: ADDED, publish: 'a1' })
        writeFileSync(configFile, JSON.stringify(config))
      }
      for (const { child } of scene.processes.values()) child.kill('SIGHUP')
      const haveAdded = async (zones: readonly string[]) =>
        await eventually(
          async () => {
            const place = scene.places.get((await scene.owner())!)!
            const { members } = await api<{ members: { zone: string }[] }>(place, `/v1/catalogs/${ADDED}`)
            expect(members.map(({ zone }) => zone).sort()).to.deep.equal([...zones].sort())
          },
          { timeoutMs: 20_000 },
        )
      await haveAdded(listed)
      await add(11)
      await haveAdded([...listed, MEMBERS[11]!])
    })
  })
