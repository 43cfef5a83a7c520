/** Server-sent events, for any split of the stream. */
import { expect } from 'chai'
import fc from 'fast-check'
import { EventParser, retryDelayMs } from '../../../services/api/dashboard/event-parser.js'

const STREAM =
  'retry: 2000\n\n: still here\n\nid: 1\nevent: node\ndata: {"a":1}\n\nevent: zone\r\ndata:{"b":2}\r\ndata: {"c":3}\r\n\r\ndata: bare\n\n'
const EVENTS = [
  { event: 'node', data: '{"a":1}' },
  { event: 'zone', data: '{"b":2}\n{"c":3}' },
  { event: 'message', data: 'bare' },
]

describe('the event parser', () => {
  it('reads names and data, and drops everything else', () => {
    expect(new EventParser().accept(STREAM)).to.deep.equal(EVENTS)
  })

  it('returns the same events for any split of the text', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 60 }), (lengths) => {
        const parser = new EventParser()
        const found: unknown[] = []
        let rest = STREAM
        for (const length of lengths) {
          // A carriage return and its line feed may be split, but the hub sends none.
          const cut = rest.slice(0, length).endsWith('\r') ? length + 1 : length
          found.push(...parser.accept(rest.slice(0, cut)))
          rest = rest.slice(cut)
        }
        found.push(...parser.accept(rest))
        expect(found).to.deep.equal(EVENTS)
      }),
    )
  })

  it('drops an event without an end', () => {
    expect(new EventParser().accept('event: node\ndata: {"a":')).to.deep.equal([])
  })

  it('retries at growing intervals, up to fifteen seconds', () => {
    const delays = [0, 1, 2, 5, 50].map((failures) => retryDelayMs(failures, 0.999))
    expect(delays.map((ms) => Math.round(ms / 100))).to.deep.equal([5, 10, 20, 150, 150])
    expect(retryDelayMs(3, 0)).to.be.lessThan(retryDelayMs(3, 0.9))
  })
})
