/** Findings of the checks: one sentence for each kind of fault, with the severity of its worst case. */
import { expect } from 'chai'
import { Findings } from '../../../lib/checks/findings.js'

describe('the findings of a check', () => {
  it('have one severity for each kind of fault, that of its worst case, in any order', () => {
    for (const severities of [['warn', 'hold'] as const, ['hold', 'warn'] as const]) {
      const findings = new Findings()
      for (const [i, severity] of severities.entries()) findings.add(severity, 'A name has no address', `n${i}.example.`)
      const { verdict, report } = findings.toReport('apex', 'hold', 'All is well.')
      expect(verdict).to.equal('hold')
      expect(report).to.equal('A name has no address (2 times): n0.example.; n1.example.')
    }
  })

  it('hold no version in mode warn', () => {
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
