/** Counters that add up by themselves. */
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { HotCounter } from '../../../lib/runtime/hot-counter.js'

describe('a counter of frequent events', () => {
  it('has the sum of each series whenever the registry is read, and counts on', async () => {
    const registry = new Registry()
    const counter = new HotCounter('events_total', 'Events', ['kind', 'outcome'], registry)
    counter.inc({ kind: 'a', outcome: 'ok' })
    counter.inc({ kind: 'a', outcome: 'ok' }, 2.5)
    counter.inc({ outcome: 'failed', kind: 'a' })
    const first = await registry.metrics()
    expect(first)
      .to.include('events_total{kind="a",outcome="ok"} 3.5')
      .and.to.include('events_total{kind="a",outcome="failed"} 1')
    counter.inc({ kind: 'a', outcome: 'ok' })
    expect(await registry.metrics()).to.include('events_total{kind="a",outcome="ok"} 4.5')
    expect((await counter.get()).values).to.have.length(2)
  })

  it('is 0 for a series that counted nothing, which is not shown', async () => {
    const counter = new HotCounter('events_total', 'Events', ['kind'], new Registry())
    counter.inc({ kind: 'a' }, 0)
    expect((await counter.get()).values).to.deep.equal([])
  })
})
