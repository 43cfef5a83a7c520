/** The checks that count: each at its thresholds, and against the incidents that it prevents. */
import { expect } from 'chai'
import type { CheckName, Verdict } from '../../../lib/checks/verdicts.js'
import { runChecks } from '../../../lib/checks/run-checks.js'
import { checkFirst, checkNext, delegations, example, hosts, inputOf, reportOf } from '../../support/check-scene.js'
import { contentsOf } from '../../support/record-lines.js'

interface SizeCase {
  id: string
  check: CheckName
  before: readonly string[]
  after: readonly string[]
  verdict: Verdict
  checks?: unknown
  says?: string | RegExp
}

/** Each zone has three records besides these. */
const CASES: readonly SizeCase[] = [
  { id: 'no change', check: 'shrink', before: hosts(200), after: hosts(200), verdict: 'pass', says: '203 records after 203' },
  { id: 'one record less than a tenth', check: 'shrink', before: hosts(297), after: hosts(268), verdict: 'pass' },
  {
    id: 'a tenth',
    check: 'shrink',
    before: hosts(297),
    after: hosts(267),
    verdict: 'hold',
    says: '30 records of 300 would be gone, 10 %; the threshold is 10 % and at least 20.',
  },
  { id: 'a tenth and more, but 19 records', check: 'shrink', before: hosts(147), after: hosts(128), verdict: 'pass' },
  { id: 'a tenth and more, 20 records', check: 'shrink', before: hosts(147), after: hosts(127), verdict: 'hold' },
  { id: 'a small zone, less than half', check: 'shrink', before: hosts(95), after: hosts(47), verdict: 'pass' },
  { id: 'a small zone, half', check: 'shrink', before: hosts(95), after: hosts(46), verdict: 'hold', says: '49 records of 98' },
  {
    id: '100 records are not small',
    check: 'shrink',
    before: hosts(97),
    after: hosts(77),
    verdict: 'hold',
    says: '20 records of 100',
  },
  {
    id: 'delegated names, a tenth',
    check: 'shrink',
    before: [...delegations(200), ...hosts(300)],
    after: [...delegations(180), ...hosts(300)],
    verdict: 'hold',
    says: '20 delegated names of 200 would be gone, 10 %',
  },
  {
    id: 'delegated names, one less than a tenth',
    check: 'shrink',
    before: [...delegations(200), ...hosts(300)],
    after: [...delegations(181), ...hosts(300)],
    verdict: 'pass',
    says: '181 delegated names after 200',
  },
  {
    id: 'half of a few delegated names',
    check: 'shrink',
    before: [...delegations(4), ...hosts(300)],
    after: [...delegations(2), ...hosts(300)],
    verdict: 'pass',
  },
  { id: 'as a warning', check: 'shrink', before: hosts(297), after: hosts(200), verdict: 'warn', checks: { shrink: 'warn' } },
  {
    id: 'with its own threshold',
    check: 'shrink',
    before: hosts(297),
    after: hosts(267),
    verdict: 'pass',
    checks: { shrink: { percent: 10.1 } },
  },
  { id: 'under a quarter more', check: 'growth', before: hosts(97), after: hosts(121), verdict: 'pass' },
  {
    id: 'a quarter more',
    check: 'growth',
    before: hosts(97),
    after: hosts(122),
    verdict: 'warn',
    says: '25 records more than 100, 25 %; the threshold is 25 % from 100 records on.',
  },
  { id: 'a tiny zone four times as large', check: 'growth', before: hosts(17), after: hosts(77), verdict: 'pass' },
  { id: 'twice as large, one below the limit', check: 'growth', before: hosts(9996), after: hosts(19_996), verdict: 'warn' },
  {
    id: 'twice as large, at the limit',
    check: 'growth',
    before: hosts(9997),
    after: hosts(19_997),
    verdict: 'hold',
    says: '100 %',
  },
  { id: 'not quite twice as large', check: 'growth', before: hosts(9997), after: hosts(19_996), verdict: 'warn' },
  {
    id: 'with its own limit',
    check: 'growth',
    before: hosts(97),
    after: hosts(197),
    verdict: 'hold',
    checks: { growth: { fromRecords: 100 } },
  },
  {
    id: 'under a third changed',
    check: 'churn',
    before: hosts(1000),
    after: [...hosts(300, '192.0.2.2'), ...hosts(1000).slice(300)],
    verdict: 'pass',
    says: '300 RRsets of 1,003 are gone or changed, 29.9 %',
  },
  {
    id: 'more than 30 % changed',
    check: 'churn',
    before: hosts(1000),
    after: [...hosts(301, '192.0.2.2'), ...hosts(1000).slice(301)],
    verdict: 'hold',
    says: /^301 RRsets of 1,003 .* the threshold is 30 % from 1,000 records on\. They are at h0\.example\.; .* and 291 more\./,
  },
  {
    id: 'below its size',
    check: 'churn',
    before: hosts(996),
    after: hosts(996, '192.0.2.2'),
    verdict: 'pass',
  },
  { id: 'at its size', check: 'churn', before: hosts(997), after: hosts(997, '192.0.2.2'), verdict: 'hold' },
  {
    id: 'RRsets that grew count as changed',
    check: 'churn',
    before: hosts(1000),
    after: [...hosts(1000), ...hosts(400, '192.0.2.2')],
    verdict: 'hold',
    says: '400 RRsets',
  },
  {
    id: 'new RRsets do not count as changed',
    check: 'churn',
    before: hosts(1000),
    after: hosts(1900),
    verdict: 'pass',
    says: '0 RRsets',
  },
  {
    id: 'records of a signer are counted apart',
    check: 'churn',
    before: [...hosts(1000), ...hosts(900).map((line) => line.replace(' A 192.0.2.1', ' NSEC example. A NSEC'))],
    after: [...hosts(1000), ...hosts(900).map((line) => line.replace(' A 192.0.2.1', ' NSEC ns1.example. A NSEC'))],
    verdict: 'pass',
    says: '1,800 records of the types RRSIG, NSEC and NSEC3 came or went',
  },
]

describe('checks that count', () => {
  for (const { id, check, before, after, verdict, checks, says } of CASES)
    it(`return ${verdict}: ${check}, ${id}`, async () => {
      const outcomes = [false, true].map((whole) => checkNext(example(1, before), example(2, after), { checks, whole }))
      for (const outcome of await Promise.all(outcomes)) {
        const report = reportOf(outcome, check)
        expect(report.verdict, report.report).to.equal(verdict)
        if (typeof says === 'string') expect(report.report).to.include(says)
        else if (says !== undefined) expect(report.report).to.match(says)
      }
    })

  it('RIPE, AFRINIC: hold a nearly empty zone', async () => {
    const outcome = await checkNext(example(1, hosts(5000)), example(2))
    expect(outcome.verdict).to.equal('hold')
    expect(reportOf(outcome, 'shrink').report).to.include('5,000 records of 5,003 would be gone')
  })

  it('hold a zone reduced to its apex, however small it was', async () => {
    const apex = (serial: number, lines = '') =>
      contentsOf(
        'example.',
        `example. 300 SOA ns.test. h.test. ${serial} 1 1 1 1\nexample. 300 NS ns.test.\nexample. 300 NS ns2.test.\n${lines}`,
      )
    const two = apex(1, 'a.example. 300 A 192.0.2.1')
    const report = reportOf(await checkNext(two, apex(2)), 'shrink')
    expect(report).to.include({ verdict: 'hold', report: 'Only 1 name of 2 would be left in the zone.' })
    expect(reportOf(await checkNext(apex(1), apex(2)), 'shrink').verdict).to.equal('pass')
  })

  it('.de 2010: hold a truncated zone, although it is valid', async () => {
    const whole = delegations(3000)
    const outcome = await checkNext(example(1, whole), example(2, whole.slice(0, 2000)))
    expect(outcome.verdict).to.equal('hold')
    expect(reportOf(outcome, 'shrink').report).to.include('1,000 delegated names of 3,000 would be gone, 33.3 %')
  })

  it('count the first version and pass it', async () => {
    const { verdict, figures } = await checkFirst(example(1, [...hosts(5), ...delegations(3), 'h0.example. 300 TXT "a"']))
    expect(verdict).to.equal('pass')
    expect(figures).to.deep.include({ records: 12, names: 10, delegations: 3, rrsets: 12 })
  })

  it('hold a large zone whose difference could not be computed, and still count it', async () => {
    for (const [count, verdict] of [
      [996, 'pass'],
      [997, 'hold'],
    ] as const) {
      const input = await inputOf(example(1, hosts(count)), example(2, hosts(count)))
      const outcome = await runChecks({ ...input, change: undefined })
      expect(reportOf(outcome, 'churn').verdict).to.equal(verdict)
      expect(reportOf(outcome, 'shrink').verdict).to.equal('pass')
      expect(outcome.figures).to.deep.include({ records: count + 3, names: count + 2 })
    }
  })

  it('count the RRsets of a name with many types, and of a change there', async () => {
    for (const count of [63, 64, 65, 66, 300]) {
      const types = Array.from({ length: count }, (_, i) => `many.example. 300 TYPE${1000 + i} \\# 1 00`)
      const twice = types.map((line) => line.replace(/00$/, '01'))
      const both = example(1, [...types, ...twice])
      expect((await checkFirst(both)).figures, String(count)).to.deep.include({ rrsets: count + 3, names: 3 })
      const { figures } = await checkNext(both, example(2, types.slice(1)))
      expect(figures, String(count)).to.deep.include({ rrsets: count + 2, names: 3 })
    }
  })

  it('carries its figures on as a count would have them', async () => {
    const before = example(1, [...hosts(50), ...delegations(30)])
    const after = example(2, [...hosts(45), ...delegations(33), 'h1.example. 300 TXT "a"', 'd3.example. 300 NS ns9.example.'])
    const { figures } = await checkNext(before, after)
    const { dnssec: _, ...counts } = (await checkFirst(after)).figures!
    expect(figures).to.deep.include(counts)
  })
})

describe('a small zone whose names come and go', () => {
  const few = (serial: number, count: number) =>
    contentsOf(
      'acme.test.',
      [`acme.test. 60 SOA a. b. ${serial} 1 1 1 1`, 'acme.test. 60 NS ns.test.', ...tokens(count)].join('\n'),
    )
  const tokens = (count: number): string[] => Array.from({ length: count }, (_, i) => `t${i}.acme.test. 60 TXT "x"`)
  const figuresOf = async (count: number) => (await checkFirst(few(1, count))).figures!

  it('does not shrink when it has had as few of late', async () => {
    const input = await inputOf(few(1, 5), few(2, 0))
    expect(reportOf(await runChecks({ ...input, recent: [await figuresOf(3)] }), 'shrink').verdict).to.equal('hold')
    expect(reportOf(await runChecks({ ...input, recent: [await figuresOf(0), await figuresOf(3)] }), 'shrink').verdict).to.equal(
      'pass',
    )
  })

  it('does shrink when only a large zone was that small before', async () => {
    const input = await inputOf(few(1, 150), few(2, 0))
    expect(reportOf(await runChecks({ ...input, recent: [await figuresOf(0)] }), 'shrink').verdict).to.equal('hold')
  })
})
