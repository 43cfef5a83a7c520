/** Results of checks: equal reports are one object, long ones are not kept. */
import { expect } from 'chai'
import { sharedOutcome } from '../../../lib/store/shared-outcome.js'

const outcome = (report: string) =>
  sharedOutcome({ verdict: 'pass', reports: [{ check: 'apex', verdict: 'pass', report }], at: 1 })

describe('the result of checks in memory', () => {
  it('shares reports that are equal', () => {
    expect(outcome('two name servers').reports[0]).to.equal(outcome('two name servers').reports[0])
    expect(outcome('three name servers').reports[0]).to.deep.equal({
      check: 'apex',
      verdict: 'pass',
      report: 'three name servers',
    })
  })

  it('has a long report for itself', () => {
    const long = 'name '.repeat(100)
    expect(outcome(long).reports[0]).to.deep.equal(outcome(long).reports[0])
    expect(outcome(long).reports[0]).to.not.equal(outcome(long).reports[0])
  })

  it('shares no more than a limited number', () => {
    for (let i = 0; i < 2_000; i++) outcome(`report ${i}`)
    expect(outcome('report 1999').reports[0]).to.not.equal(outcome('report 1999').reports[0])
  })
})
