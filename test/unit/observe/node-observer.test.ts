/** A query to a node ends with an answer, with an error, or at its deadline: its caller never waits for good. */
import { expect } from 'chai'
import { mock } from 'node:test'
import { NodeObserver, type NodeObserverParts } from '../../../lib/observe/node-observer.js'
import { NodePaths } from '../../../lib/observe/node-paths.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { TransportError } from '../../../lib/transport/errors.js'
import { FLEET_ZONE, fleetNode } from '../fleet/facts.js'

const NODE = fleetNode('n1')
const clock = { now: () => 1_000_000 }

/** `plain`: what becomes of plain queries; full ones fail in silence. */
function observerWith(plain: NodeObserverParts['plain']['ask']): NodeObserver {
  const board = new Board()
  const silent = new TransportError({ code: 'TRANSPORT_TOO_SLOW', remote: 'n1' }, 'no answer')
  return new NodeObserver({
    soa: { ask: () => Promise.reject(silent) } as unknown as NodeObserverParts['soa'],
    bulk: { ask: () => false } as unknown as NodeObserverParts['bulk'],
    plain: { ask: plain },
    paths: new NodePaths(board, clock, silentLogger),
    board,
    clock,
    metrics: new Metrics(),
    hasHeardAll: () => true,
    observe: { everyMs: 30_000 },
  })
}

describe('a query to a node', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('ends with the serial of a plain answer', async () => {
    const observer = observerWith((_path, _apex, _timeoutMs, done) => done(7))
    expect(await observer.observe(NODE, FLEET_ZONE, true)).to.equal(7)
  })

  it('ends without one when neither a plain nor a full query is answered', async () => {
    const observer = observerWith((_path, _apex, _timeoutMs, done) => done(undefined))
    expect(await observer.observe(NODE, FLEET_ZONE, true)).to.equal(undefined)
  })

  it('ends at its deadline when nothing calls back, and a node that is down is probed again later', async () => {
    const observer = observerWith(() => undefined)
    for (let n = 1; n <= 4; n++) {
      expect(observer.isDown(NODE.id), `${n}`).to.equal(false)
      const serial = observer.observe(NODE, FLEET_ZONE, true)
      await Promise.resolve()
      mock.timers.tick(60_000)
      expect(await serial).to.equal(undefined)
    }
    expect(observer.isDown(NODE.id)).to.equal(true)
    observer.noteSign(NODE.id)
    expect(observer.isProbeDue(NODE.id)).to.equal(true)
  })
})
