/** `zonecast why`: a chain as sentences. */
import { expect } from 'chai'
import type { ChainAnswer } from '../../../services/cli/answers.js'
import { whySentences } from '../../../services/cli/why-sentences.js'

const time = (ms: number): string => new Date(Date.UTC(2026, 10, 24, 5, 2, 6, ms)).toISOString()

const WHOLE: ChainAnswer = {
  serial: 8,
  state: 'in-sync',
  observedAt: time(30),
  lagSeconds: 0,
  error: null,
  chain: [
    { step: 'seen', at: time(0), detail: 'serial 8 at hm1' },
    { step: 'transferred', at: time(12), detail: 'IXFR in 3.1 ms, the zone has 10 records' },
    { step: 'confirmed', at: time(30), detail: "the node's own answer shows serial 8" },
  ],
  waitingFor: null,
}

describe('the output of why', () => {
  it('has each step with its time and the time since the one before, and the total', () => {
    expect(whySentences('example.com', 'ams1', WHOLE).split('\n')).to.deep.equal([
      'ams1 serves serial 8 of example.com and is in-sync.',
      '  05:02:06.000              The new serial was announced: serial 8 at hm1.',
      '  05:02:06.012      +12 ms  The hub transferred it: IXFR in 3.1 ms, the zone has 10 records.',
      "  05:02:06.030      +18 ms  The node confirmed it: the node's own answer shows serial 8.",
      'Times are UTC, 2026-11-24.',
      'It waits for nothing: 30 ms from announcement to confirmation.',
      '',
    ])
  })

  it('ends with the event that it waits for', () => {
    const stuck: ChainAnswer = {
      ...WHOLE,
      serial: 7,
      state: 'lagging',
      lagSeconds: 301,
      chain: WHOLE.chain.slice(0, 2),
      waitingFor: 'ams1 to answer the NOTIFY',
    }
    const text = whySentences('example.com', 'ams1', stuck)
    expect(text).to.match(/^ams1 serves serial 7 of example\.com and is lagging, 301 s behind\.\n/)
    expect(text).to.match(/It waits for ams1 to answer the NOTIFY\.\n$/)
  })

  it('reports that there are no steps yet', () => {
    const empty: ChainAnswer = {
      ...WHOLE,
      serial: null,
      state: 'unknown',
      chain: [],
      waitingFor: 'a first version from a primary',
    }
    expect(whySentences('example.com', 'ams1', empty)).to.equal(
      'ams1 has not reported a serial of example.com and is unknown.\nIt waits for a first version from a primary.\n',
    )
  })

  it('accepts steps out of order and without a time', () => {
    const odd: ChainAnswer = {
      ...WHOLE,
      chain: [
        { step: 'taken', at: time(20), detail: 'by IXFR' },
        { step: 'answered', at: null, detail: 'it answered' },
        { step: 'confirmed', at: time(18), detail: 'it shows 8' },
      ],
    }
    expect(whySentences('example.com', 'ams1', odd)).to.match(/time unknown.*\n.* -2 ms/)
  })
})
