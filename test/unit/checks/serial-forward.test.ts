/** The check of serials, at the edges of RFC 1982. */
import { expect } from 'chai'
import type { Verdict } from '../../../lib/checks/verdicts.js'
import { checkFirst, checkNext, example, reportOf } from '../../support/check-scene.js'

const CASES: readonly { from: number; to: number; verdict: Verdict; says: string }[] = [
  { from: 1, to: 2, verdict: 'pass', says: 'Serial 2 is newer than 1, by 1.' },
  { from: 4294967295, to: 0, verdict: 'pass', says: 'newer than 4294967295' },
  { from: 2, to: 1, verdict: 'hold', says: 'Serial 1 is older than 2' },
  { from: 7, to: 7, verdict: 'hold', says: 'Serial 7 is that of the last released version' },
  { from: 0, to: 0x80000000, verdict: 'hold', says: 'neither is newer (RFC 1982 §3.2)' },
  { from: 0, to: 0x80000001, verdict: 'hold', says: 'older' },
  { from: 0, to: 0x40000000, verdict: 'pass', says: 'by 1,073,741,824' },
  { from: 0, to: 0x40000001, verdict: 'warn', says: 'a jump that is hard to take back' },
  { from: 0, to: 0x7fffffff, verdict: 'warn', says: 'a jump' },
]

describe('the check serial-forward', () => {
  for (const { from, to, verdict, says } of CASES)
    it(`returns ${verdict} for ${from} → ${to}`, async () => {
      const report = reportOf(await checkNext(example(from), example(to, 'a.example. 1 A 192.0.2.1')), 'serial-forward')
      expect(report.verdict).to.equal(verdict)
      expect(report.report).to.include(says)
    })

  it('passes a first version, and reports nothing when it is off', async () => {
    expect(reportOf(await checkFirst(example(9)), 'serial-forward').verdict).to.equal('pass')
    const off = await checkNext(example(2), example(1), { checks: { 'serial-forward': 'off' } })
    expect(off.reports.map(({ check }) => check)).not.to.include('serial-forward')
    const warned = await checkNext(example(2), example(1), { checks: { 'serial-forward': 'warn' } })
    expect(warned.verdict).to.equal('warn')
  })
})
