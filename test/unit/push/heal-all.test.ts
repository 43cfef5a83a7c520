/** A node that is delivered to again as a whole: no answer of it is known by that. */
import { expect } from 'chai'
import { NodePaths } from '../../../lib/observe/node-paths.js'
import { PushFleet } from '../../../lib/push/push-fleet.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { fleetOf, TransferScene } from '../../support/transfer-scene.js'

describe('the delivery of all versions to a node', () => {
  const scratch = scratchDirs()
  let scene: TransferScene
  let push: PushFleet
  let sent = 0
  const bus = new SignalBus()
  const fleet = fleetOf(['example.'], [])
  const [zone] = fleet.zones.values()
  const node = zone!.nodes[0]!

  before(async () => {
    scene = await TransferScene.start({ folder: scratch() })
    await scene.commit('S1\nexample. 300 NS ns1.example.')
    const clock = { now: () => scene.now }
    push = new PushFleet(fleet, {
      store: scene.store,
      board: scene.board,
      bus,
      clock,
      log: silentLogger,
      metrics: new Metrics(),
      observer: {
        observe: () => new Promise(() => undefined),
        isDown: () => false,
        onUp: () => () => undefined,
        noteSign: () => undefined,
      },
      notify: {
        send: () => {
          sent += 1
        },
      },
      paths: new NodePaths(scene.board, clock, silentLogger),
      notifyRetries: { retriesMs: [60_000] },
      observe: { unknownAfterMissed: 3 },
      handOver: () => undefined,
    })
  })
  after(async () => {
    push.stop()
    await scene.stop()
  })

  it('begins deliveries, and is no answer for one that runs: the node gets no NOTIFY while it loads the version', async () => {
    await push.healAll(node)
    await eventually(() => expect(sent).to.equal(1), { everyMs: 5 })
    const { serial, digest } = scene.store.zone(zone!.name).released!
    bus.emit('taken', { zone: zone!.name, nodes: [node.id], serial, digest, kind: 'axfr', at: scene.now })
    await push.healAll(node)
    push.heal(zone!, node, serial - 1)
    expect(sent).to.equal(1)
    // The same answer later: the node may have lost the version.
    scene.now += 10_000
    push.heal(zone!, node, serial - 1)
    expect(sent).to.equal(2)
  })
})
