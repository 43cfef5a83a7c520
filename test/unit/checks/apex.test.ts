/** The check `apex`: records that a zone needs to be served and reached; a change and a complete check find the same. */
import { expect } from 'chai'
import type { CheckReport } from '../../../lib/checks/check.js'
import type { Verdict } from '../../../lib/checks/verdicts.js'
import { checkFirst, checkNext, example, hosts, reportOf } from '../../support/check-scene.js'
import { contentsOf } from '../../support/record-lines.js'

const zone = (serial: number, lines: string) =>
  contentsOf('example.', `example. 300 SOA ns1.example. host.example. ${serial} 7200 900 1209600 60\n${lines}`)

interface ApexCase {
  id: string
  before: string
  after: string
  verdict: Verdict
  says?: string
  checks?: unknown
}

const BASE = 'example. 300 NS ns1.example.\nns1.example. 300 A 192.0.2.1'

const CASES: readonly ApexCase[] = [
  { id: 'all is well', before: BASE, after: BASE, verdict: 'pass', says: 'One SOA with serial 2, 1 NS record at the apex' },
  {
    id: 'no NS at the apex',
    before: BASE,
    after: 'ns1.example. 300 A 192.0.2.1',
    verdict: 'hold',
    says: 'There is no NS record at the apex example.',
  },
  {
    id: 'an RRset with several TTLs',
    before: BASE,
    after: `${BASE}\na.example. 300 A 192.0.2.2\na.example. 60 A 192.0.2.3\na.example. 60 TXT "x"`,
    verdict: 'warn',
    says: 'An RRset has several TTLs (RFC 2181 §5.2): a.example. 60 IN A 192.0.2.3',
  },
  {
    id: 'a record that came with several TTLs',
    before: BASE,
    after: `${BASE}\na.example. 300 A 192.0.2.2\na.example. 60 A 192.0.2.2`,
    verdict: 'warn',
    says: 'the next version is transferred by AXFR: a.example. 60 IN A 192.0.2.2',
  },
  { id: 'name servers outside the zone', before: BASE, after: 'example. 300 NS ns.test.', verdict: 'pass' },
  {
    id: 'a new name server without address',
    before: BASE,
    after: `${BASE}\nexample. 300 NS ns2.example.`,
    verdict: 'hold',
    says: 'points at a name in the zone that has no address: example. 300 IN NS ns2.example.',
  },
  {
    id: 'a new name server with an IPv6 address',
    before: BASE,
    after: `${BASE}\nexample. 300 NS v6.example.\nv6.example. 1 AAAA 2001:db8::1`,
    verdict: 'pass',
  },
  {
    id: 'a name server whose address is removed',
    before: `${BASE}\nexample. 300 NS NS2.example.\nns2.example. 300 A 192.0.2.2`,
    after: `${BASE}\nexample. 300 NS NS2.example.`,
    verdict: 'hold',
    says: 'example. 300 IN NS NS2.example.',
  },
  {
    id: 'a name server with a changed address',
    before: BASE,
    after: 'example. 300 NS ns1.example.\nns1.example. 300 A 192.0.2.9',
    verdict: 'pass',
  },
  {
    id: 'a name server covered by a wildcard',
    before: BASE,
    after: `${BASE}\nexample. 300 NS ns.w.example.\n*.w.example. 300 A 192.0.2.2`,
    verdict: 'pass',
  },
  {
    id: 'removal of the wildcard that covered a name server',
    before: `${BASE}\nexample. 300 NS ns.w.example.\n*.w.example. 300 A 192.0.2.2`,
    after: `${BASE}\nexample. 300 NS ns.w.example.`,
    verdict: 'hold',
    says: 'NS ns.w.example.',
  },
  {
    id: 'a name server with other records, which a wildcard does not cover',
    before: BASE,
    after: `${BASE}\nexample. 300 NS ns.w.example.\nns.w.example. 1 TXT "x"\n*.w.example. 300 A 192.0.2.2`,
    verdict: 'hold',
    says: 'NS ns.w.example.',
  },
  {
    id: 'a name server below a delegation',
    before: BASE,
    after: `${BASE}\nexample. 300 NS ns.sub.example.\nsub.example. 300 NS ns.test.`,
    verdict: 'pass',
  },
  {
    id: 'removal of the delegation above a name server',
    before: `${BASE}\nexample. 300 NS ns.sub.example.\nsub.example. 300 NS ns.test.`,
    after: `${BASE}\nexample. 300 NS ns.sub.example.`,
    verdict: 'hold',
    says: 'NS ns.sub.example.',
  },
  {
    id: 'a name server that is an alias',
    before: BASE,
    after: `${BASE}\nexample. 300 NS ns2.example.\nns2.example. 300 CNAME ns1.example.`,
    verdict: 'warn',
    says: 'An NS record points at an alias (RFC 2181 §10.3): example. 300 IN NS ns2.example.',
  },
  {
    id: 'missing glue',
    before: BASE,
    after: `${BASE}\nsub.example. 300 NS ns.sub.example.`,
    verdict: 'warn',
    says: 'sub.example. 300 IN NS ns.sub.example.',
  },
  {
    id: 'removed glue',
    before: `${BASE}\nsub.example. 300 NS ns.sub.example.\nns.sub.example. 300 A 192.0.2.3`,
    after: `${BASE}\nsub.example. 300 NS ns.sub.example.`,
    verdict: 'hold',
    says: 'sub.example. 300 IN NS ns.sub.example.',
    checks: { apex: { glue: 'hold' } },
  },
  {
    id: 'no glue for a sibling delegation',
    before: BASE,
    after: `${BASE}\nsub.example. 300 NS ns.sis.example.\nsis.example. 300 NS ns.test.`,
    verdict: 'pass',
    checks: { apex: { glue: 'hold' } },
  },
  {
    id: 'glue that no delegation needs',
    before: BASE,
    after: `${BASE}\nsub.example. 300 NS ns.sub.example.`,
    verdict: 'pass',
    checks: { apex: { glue: 'off' } },
  },
  {
    id: 'a CNAME and another record',
    before: `${BASE}\na.example. 300 CNAME b.example.`,
    after: `${BASE}\na.example. 300 CNAME b.example.\nA.example. 300 TXT "x"`,
    verdict: 'hold',
    says: 'A name with a CNAME record has other records as well (RFC 1034 §3.6.2): a.example. 300 IN CNAME b.example.',
  },
  {
    id: 'a CNAME with RRSIG and NSEC',
    before: BASE,
    after: `${BASE}\na.example. 300 CNAME b.example.\na.example. 60 NSEC b.example. CNAME NSEC\na.example. 300 RRSIG CNAME 8 2 300 20260101000000 20250101000000 1 example. AA==`,
    verdict: 'pass',
    checks: { dnssec: 'off' },
  },
  {
    id: 'two CNAME records',
    before: BASE,
    after: `${BASE}\na.example. 300 CNAME b.example.\na.example. 300 CNAME c.example.`,
    verdict: 'hold',
    says: 'more than one CNAME',
  },
  {
    id: 'two DNAME records',
    before: BASE,
    after: `${BASE}\na.example. 300 DNAME b.test.\na.example. 300 DNAME c.test.`,
    verdict: 'hold',
    says: 'more than one DNAME',
  },
  {
    id: 'three names that repeat the apex',
    before: BASE,
    after: `${BASE}\n${['a', 'b', 'c'].map((name) => `${name}.example.example. 300 A 192.0.2.1`).join('\n')}`,
    verdict: 'warn',
    says: "ends in the zone's own name twice, as if a final dot were missing (3 times): a.example.example. 300 IN A 192.0.2.1;",
  },
  {
    id: 'four names that repeat the apex',
    before: BASE,
    after: `${BASE}\n${['a', 'b', 'c', 'd'].map((name) => `${name}.example.example. 300 A 192.0.2.1`).join('\n')}`,
    verdict: 'hold',
    says: '4 of 4 new records (100 %) have a name that',
  },
  {
    id: 'four such names among many',
    before: BASE,
    after: `${BASE}\n${hosts(396).join('\n')}\n${['a', 'b', 'c', 'd'].map((name) => `${name}.example. 300 MX 5 m.Example.Example.`).join('\n')}`,
    verdict: 'warn',
    says: 'a.example. 300 IN MX 5 m.Example.Example.',
  },
  {
    id: 'four such names among one fewer',
    before: BASE,
    after: `${BASE}\n${hosts(395).join('\n')}\n${['a', 'b', 'c', 'd'].map((name) => `${name}.example. 300 SRV 1 2 3 example.example.`).join('\n')}`,
    verdict: 'hold',
    says: '4 of 399 new records (1 %)',
  },
  {
    id: 'such names of the version before with another TTL',
    before: `${BASE}\n${['a', 'b', 'c', 'd'].map((name) => `${name}.example.example. 300 A 192.0.2.1`).join('\n')}`,
    after: `${BASE}\n${['a', 'b', 'c', 'd'].map((name) => `${name}.example.example. 60 A 192.0.2.1`).join('\n')}`,
    verdict: 'pass',
  },
  {
    id: 'a name that only resembles one',
    before: BASE,
    after: `${BASE}\n${['a', 'b', 'c', 'd'].map((name) => `${name}example.example. 300 A 192.0.2.1`).join('\n')}`,
    verdict: 'pass',
  },
]

describe('the check apex', () => {
  const judged = async ({ before, after, checks }: ApexCase, whole: boolean): Promise<CheckReport> =>
    reportOf(await checkNext(zone(1, before), zone(2, after), { checks, whole }), 'apex')

  for (const one of CASES)
    it(`returns ${one.verdict}: ${one.id}`, async () => {
      for (const whole of [false, true]) {
        const report = await judged(one, whole)
        expect(report.verdict, report.report).to.equal(one.verdict)
        if (one.says !== undefined) expect(report.report).to.include(one.says)
      }
    })

  it('.se 2009: holds a zone with a missing dot in every name', async () => {
    const names = Array.from({ length: 2000 }, (_, i) => `d${i}`)
    const good = names.map((name) => `${name}.example. 300 NS ns1.hoster.test.`)
    const dotless = names.map((name) => `${name}.example.example. 300 NS ns1.hoster.test.example.`)
    const outcome = await checkNext(example(1, good), example(2, dotless))
    expect(outcome.verdict).to.equal('hold')
    expect(reportOf(outcome, 'apex').report).to.include('2,000 of 2,000 new records (100 %) have a name that')
    expect(reportOf(outcome, 'churn').verdict).to.equal('hold')
  })

  it('checks all names of a first version', async () => {
    const outcome = await checkFirst(
      zone(1, `${BASE}\n${['a', 'b', 'c', 'd'].map((n) => `${n}.example.example. 1 A 192.0.2.1`).join('\n')}`),
    )
    expect(outcome.verdict).to.equal('hold')
  })

  it('finds no repeated label in the root zone', async () => {
    const root = (serial: number, more = '') =>
      contentsOf('.', `. 300 SOA a.test. h.test. ${serial} 1 1 1 1\n. 300 NS ns.test.\nns.test. 1 A 192.0.2.1\n${more}`)
    const outcome = await checkNext(root(1), root(2, 'a.b.c.d. 300 TXT "x"'))
    expect(reportOf(outcome, 'apex').verdict, JSON.stringify(outcome.reports)).to.equal('pass')
  })
})
