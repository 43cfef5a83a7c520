/** An operator's choice of a primary's content that arrives before this hub knows the content. */
import { expect } from 'chai'
import { Fleet } from '../../../lib/fleet/fleet.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import type { ZoneOrders } from '../../../lib/rollout/record.js'
import type { ZoneStore } from '../../../lib/store/zone-store.js'
import { carryOutChoice } from '../../../lib/release/carry-out-choice.js'
import type { ReleaseDecider } from '../../../lib/release/release-decider.js'
import { type DriverParts, RolloutDriver } from '../../../lib/release/rollout-driver.js'
import { eventually } from '../../support/eventually.js'
import { contentsOf } from '../../support/record-lines.js'
import { RefreshScene } from '../../support/refresh-scene.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { soa } from '../../support/transfer-script.js'

const NS = 'example. 60 NS ns1.example.'
const B = 'b.example. 60 A 192.0.2.2'
const V1 = `S1\n${NS}\nS1`
const OTHER_1 = `S1\n${NS}\n${B}\nS1`
const { digest: THEIRS } = contentsOf('example.', `${soa(1)}\n${NS}\n${B}`)
const { digest: OURS } = contentsOf('example.', `${soa(1)}\n${NS}`)

const choice = (digest: string, primary: string, at: number) =>
  ({ kind: 'approve', serial: 1, digest, primary, by: 'op', reason: 'right', at }) as const

describe('a choice that arrives before this hub knows of the conflict', () => {
  const scratch = scratchDirs()
  /** A scene with version 1 from hm1, without conflict; hm2 serves other content. */
  const holding = async (): Promise<RefreshScene> => {
    const scene = new RefreshScene(scratch())
    await scene.poll('hm1', 1)
    await scene.poll('hm2', 0)
    scene.answers = { 'hm1 axfr': V1, 'hm2 axfr': OTHER_1 }
    await scene.refresh()
    return scene
  }
  const partsOf = (scene: RefreshScene): DriverParts =>
    ({
      store: { zone: () => scene.stored, readable: () => scene.stored, resting: () => undefined } as unknown as ZoneStore,
      board: scene.board,
      clock: { now: () => scene.now },
      log: silentLogger,
      decider: {
        ordersOf: () => scene.board.get('orders', scene.name),
        decide: async () => ({ releasedAt: scene.now }),
      } as unknown as ReleaseDecider,
      inTurn: scene.processor.inTurn,
      onProgress: () => undefined,
      hub: 'b',
    }) as unknown as DriverParts

  it('is carried out when the comparison finds that content', async () => {
    const scene = await holding()
    const driver = new RolloutDriver(new Fleet([scene.zone], [], scene.primaries, []), partsOf(scene))
    scene.onConflict = (zone) => driver.review(zone)
    driver.start()
    scene.board.set('orders', scene.name, { at: scene.now, decisions: [choice(THEIRS, 'hm2', scene.now)] })
    try {
      await eventually(() => expect(scene.stored.orders?.decisions.length).to.equal(1))
      expect(scene.stored.latest!.digest).to.equal(OURS)
      await scene.poll('hm2', 1)
      scene.processor.compare(scene.name, 'hm2')
      await eventually(() => expect([scene.stored.latest!.digest, scene.cell?.conflict]).to.deep.equal([THEIRS, undefined]), {
        timeoutMs: 3_000,
      })
    } finally {
      await driver.finish()
    }
  })

  it('is ignored when a later choice revoked it', async () => {
    const scene = await holding()
    await scene.poll('hm2', 1)
    await scene.compare('hm2')
    const orders: ZoneOrders = { at: 2, decisions: [choice(THEIRS, 'hm2', 1), choice(OURS, 'hm1', 2)] }
    await carryOutChoice(scene.zone, scene.stored, orders, partsOf(scene))
    expect([scene.stored.latest!.digest, scene.stored.conflicting.list.length]).to.deep.equal([OURS, 1])
  })
})
