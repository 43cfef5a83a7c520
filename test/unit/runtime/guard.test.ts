/** Guards: an error that escapes a callback is reported and stops nothing else. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { InvariantError } from '../../../lib/errors.js'
import { faultLog, guard, setFaultSink } from '../../../lib/runtime/guard.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { SignalBus } from '../../../lib/state/signals.js'

describe('guards around callbacks', () => {
  let faults: [string, unknown][]

  beforeEach(() => {
    faults = []
    setFaultSink((where, error) => faults.push([where, error]))
  })
  afterEach(() => setFaultSink(undefined))

  it('report an error of a callback, with its place', () => {
    const error = new RangeError('port')
    guard('udp message', () => {
      throw error
    })()
    expect(faults).to.deep.equal([['udp message', error]])
  })

  it('report a rejected promise of a callback, with its place', async () => {
    const error = new Error('late')
    guard('timer', async () => {
      throw error
    })()
    await new Promise(setImmediate)
    expect(faults).to.deep.equal([['timer', error]])
  })

  it('pass arguments through', () => {
    const heard: unknown[] = []
    guard('x', (a: number, b: string) => heard.push(a, b))(1, 'two')
    expect(heard).to.deep.equal([1, 'two'])
  })

  it('isolate a failing board listener from the writer and from other listeners', () => {
    const board = new Board()
    let heard = 0
    board.onChange(() => {
      throw new Error('odd cell')
    })
    board.onChange(() => {
      heard += 1
    })
    board.set('drains', 'n1', { at: 1, drained: true } as never)
    expect(heard).to.equal(1)
    expect(faults.map(([where]) => where)).to.deep.equal(['board listener'])
  })

  it('isolate a failing signal listener from the sender and from other listeners', () => {
    const bus = new SignalBus()
    let heard = 0
    bus.on('committed', () => {
      throw new Error('odd signal')
    })
    bus.on('committed', () => {
      heard += 1
    })
    bus.emit('committed', { zone: 'a.' as ZoneName, serial: 1, at: 1 })
    expect(heard).to.equal(1)
    expect(faults.map(([where]) => where)).to.deep.equal(['signal committed'])
  })

  it('stop listening on request', () => {
    const board = new Board()
    let heard = 0
    const unlisten = board.onChange(() => {
      heard += 1
    })
    unlisten()
    board.set('drains', 'n1', { at: 1, drained: true } as never)
    expect(heard).to.equal(0)
  })

  it('count every fault and log each kind once', async () => {
    const metrics = new Metrics()
    const lines: object[] = []
    const log = { ...silentLogger, error: (line: object) => lines.push(line) } as unknown as typeof silentLogger
    const sink = faultLog(log, metrics)
    for (let i = 0; i < 3; i++) sink('udp message', new Error('the same'))
    sink('udp message', new Error('another'))
    expect(lines).to.have.length(2)
    expect(await metrics.registry.getSingleMetricAsString('zonecast_unexpected_errors_total')).to.contain(
      'zonecast_unexpected_errors_total{where="udp message"} 4',
    )
  })

  it('let a failed invariant end the process', async () => {
    const broken = new InvariantError('two writers')
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const escaped = new Promise((resolve) => process.once('uncaughtException', resolve))
    guard('timer', () => {
      throw broken
    })()
    expect(await escaped).to.equal(broken)
    for (const listener of listeners) process.on('uncaughtException', listener)
  })
})
