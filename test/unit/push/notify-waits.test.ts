/** The waits between NOTIFYs follow the current config, not that of the start. */
import { expect } from 'chai'
import { PushFleet } from '../../../lib/push/push-fleet.js'
import { NodePaths } from '../../../lib/observe/node-paths.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { fleetOf, TransferScene } from '../../support/transfer-scene.js'

describe('the waits between NOTIFYs', () => {
  const scratch = scratchDirs()
  let scene: TransferScene
  let push: PushFleet
  before(async () => {
    scene = await TransferScene.start({ folder: scratch() })
    await scene.commit('S1\nexample. 300 NS ns1.example.')
  })
  after(async () => {
    push.stop()
    await scene.stop()
  })

  it('are those of a reload for the next delivery', async () => {
    const fleet = fleetOf(['example.'], [])
    const [zone] = fleet.zones.values()
    const node = zone!.nodes[0]!
    const clock = { now: () => scene.now }
    const notifyRetries = { retriesMs: [1] }
    let sent = 0
    push = new PushFleet(fleet, {
      store: scene.store,
      board: scene.board,
      bus: new SignalBus(),
      clock,
      log: silentLogger,
      metrics: new Metrics(),
      observer: { observe: async () => undefined, isDown: () => false, onUp: () => () => undefined, noteSign: () => undefined },
      notify: {
        send: (_node, _zone, _soa, _waitMs, done) => {
          sent += 1
          setImmediate(() => done({ kind: 'silent', reason: 'no answer' }))
        },
      },
      paths: new NodePaths(scene.board, clock, silentLogger),
      notifyRetries,
      observe: { unknownAfterMissed: 3 },
      handOver: () => undefined,
    })
    const delivered = async (notifies: number): Promise<void> => {
      sent = 0
      const outcome = push.deliver(zone!, node)
      await eventually(() => expect(sent).to.equal(notifies), { everyMs: 5 })
      push.stopNode(node.id)
      expect(await outcome).to.equal('superseded')
    }
    await delivered(1)
    // Like Hub.reload: the object is the same with other values.
    notifyRetries.retriesMs = [1, 1, 1]
    await delivered(3)
  })
})
