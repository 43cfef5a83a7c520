/**
 * The owner of the catalogs of two workers is killed at any instant of a change (../support/shared-catalog-scene.ts): members that
 * join and leave do so once, at both, and the node loses no zone that it should have.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { CATALOG, otherOf, SharedCatalogScene } from '../support/shared-catalog-scene.js'

const KILLS = amount('ZONECAST_TEST_KILLS', { long: 30, short: 3 })
/** These stay; each round one zone joins, and the one of the round before leaves. */
const STAY = Array.from({ length: 8 }, (_, i) => `stay${i}.test.`)
const MEMBERS = [...STAY, ...Array.from({ length: KILLS + 1 }, (_, i) => `m${i}.test.`)]
/** From before the transfer of the catalog to after the change of its members, and of the published catalog. */
const WITHIN_MS = 700

for (const share of ['disk', 'machines'] as const)
  describe(`the members of catalogs of workers that share zones: ${share}`, function () {
    this.timeout(60_000 + KILLS * 60_000)
    needsPeers('knot', 'redis')
    const scene = new SharedCatalogScene(share, MEMBERS, '1h')
    before(() => scene.start(scratch(), STAY.length + 1))
    after(() => scene.stop())
    // Last: the processes write there until they end.
    const scratch = scratchDirs()

    const states = async () =>
      (await scene.membersAt()).map(({ zone, leavingSince }) => ({ zone, leaves: leavingSince !== null }))

    it(`join and leave whole while their owner is killed ${KILLS} times`, async () => {
      await scene.areShared()
      await scene.haveMembers(MEMBERS.slice(0, STAY.length + 1))
      for (const zone of MEMBERS.slice(0, STAY.length + 1)) await awaitSerial(scene.node, zone)
      for (let round = 0; round < KILLS; round++) {
        const next = STAY.length + round + 1
        const [name, ids] = [(await scene.owner())!, await scene.ids()]
        // Served for its grace time, so the node keeps it.
        const removed = await scene.removals(MEMBERS.slice(0, next), async () => {
          await scene.change(scene.adding(next), `delete id${next - 1}.zones.${CATALOG} PTR`)
          await sleep(Math.random() * WITHIN_MS)
          await scene.kill(name)
          await eventually(async () => expect(await scene.owner()).to.equal(otherOf(name)), { timeoutMs: 20_000 })
          const expected = MEMBERS.slice(0, next + 1).map((zone, i) => ({ zone, leaves: i >= STAY.length && i < next }))
          await eventually(async () => expect(await states(), `kill ${round}`).to.have.deep.members(expected), {
            timeoutMs: 30_000,
          })
          await awaitSerial(scene.node, MEMBERS[next]!, () => true, { timeoutMs: 30_000 })
        })
        expect(removed, `kill ${round}`).to.deep.equal([])
        const after = await scene.ids()
        for (const [zone, id] of ids) expect(after.get(zone), zone).to.equal(id)
        await scene.worker(name)
        await scene.areShared()
        await scene.haveMembers(MEMBERS.slice(0, next + 1))
      }
    })
  })
