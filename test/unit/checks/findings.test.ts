/** What checks have found, as it is told: one sentence for each kind of fault, as severe as the worst of its kind. */
import { expect } from 'chai'
import { Findings } from '../../../lib/checks/findings.js'

describe('findings', () => {
  it('one kind of fault is as severe as its worst case, whichever came first', () => {
    for (const severities of [['warn', 'hold'] as const, ['hold', 'warn'] as const]) {
      const findings = new Findings()
      for (const [i, severity] of severities.entries()) findings.add(severity, 'A name has no address', `n${i}.example.`)
      const { verdict, report } = findings.toReport('apex', 'hold', 'All is well.')
      expect(verdict).to.equal('hold')
      expect(report).to.equal('A name has no address (2 times): n0.example.; n1.example.')
    }
  })

  it('a check that only warns holds nothing', () => {
    const findings = new Findings()
    findings.add('hold', 'It is bad')
    expect(findings.toReport('apex', 'warn', 'All is well.')).to.deep.equal({
      check: 'apex',
      verdict: 'warn',
      report: 'It is bad.',
    })
    expect(new Findings().toReport('apex', 'hold', 'All is well.').report).to.equal('All is well.')
  })
})
