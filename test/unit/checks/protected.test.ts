/** Protected records and their text form in the settings. */
import { expect } from 'chai'
import { WireError } from '../../../lib/dns/errors.js'
import { parseRecord } from '../../../lib/dns/record-words.js'
import { recordText } from '../../../lib/dns/record-text.js'
import type { Verdict } from '../../../lib/checks/verdicts.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { checkSettingsFor, checksSchema } from '../../../config/checks-schema.js'
import { checkNext, example, reportOf } from '../../support/check-scene.js'
import { storedFrom } from '../../support/record-lines.js'

const ZONE = [
  'www.example. 300 A 192.0.2.7',
  'www.example. 300 AAAA 2001:db8::7',
  'mail.example. 300 MX 10 Mx.example.',
  'txt.example. 300 TXT "v=spf1 -all" "b"',
]

const CASES: readonly { wanted: string; verdict: Verdict; says?: string }[] = [
  { wanted: 'www.example. A', verdict: 'pass' },
  { wanted: 'WWW.Example A', verdict: 'pass' },
  { wanted: 'example. SOA', verdict: 'pass' },
  { wanted: 'www.example. TXT', verdict: 'hold', says: 'A protected record is missing: www.example. has no TXT record.' },
  { wanted: 'gone.example. A', verdict: 'hold', says: 'gone.example. has no A record' },
  { wanted: 'www.example. A 192.0.2.7', verdict: 'pass' },
  { wanted: 'www.example. 60 IN A 192.0.2.7', verdict: 'pass' },
  { wanted: 'www.example. A 192.0.2.8', verdict: 'hold', says: 'others are in its place: www.example. A 192.0.2.8.' },
  { wanted: 'www.example. AAAA 2001:DB8:0::7', verdict: 'pass' },
  { wanted: 'www.example. AAAA ::ffff:192.0.2.1', verdict: 'hold' },
  { wanted: 'mail.example. MX 10 mX.EXAMPLE.', verdict: 'pass' },
  { wanted: 'mail.example. MX 11 mx.example.', verdict: 'hold' },
  { wanted: 'mail.example. MX 10 ml.example.', verdict: 'hold' },
  { wanted: 'txt.example. TXT "v=spf1 -all" b', verdict: 'pass' },
  { wanted: 'txt.example. TXT "v=SPF1 -all" b', verdict: 'hold' },
  { wanted: 'www.example. TYPE1 \\# 4 c0000207', verdict: 'pass' },
  { wanted: 'www.other. A', verdict: 'pass', says: 'No record of this zone is protected.' },
]

describe('the check protected', () => {
  for (const { wanted, verdict, says } of CASES)
    it(`returns ${verdict}: ${wanted}`, async () => {
      for (const whole of [false, true]) {
        const checks = { protected: { records: [wanted] } }
        // A change at another name, and a change at this name.
        for (const before of [[], ZONE]) {
          const outcome = await checkNext(example(1, before), example(2, ZONE), { checks, whole })
          const report = reportOf(outcome, 'protected')
          // checkSettingsFor keeps entries of other zones out; they are harmless here.
          expect(report.verdict, report.report).to.equal(verdict)
          if (says !== undefined) expect(report.report).to.include(says)
        }
      }
    })

  it('assigns a record to the lower of two zones', () => {
    const raw = checksSchema.parse({ protected: { records: ['www.a.example. A', 'www.b.example. A'] } })
    const zones = ['example.', 'a.example.', 'xa.example.'].map(parseZoneName)
    const recordsOf = (zone: string) => checkSettingsFor(raw, zones)(parseZoneName(zone)).protected.records
    expect(recordsOf('example.')).to.deep.equal(['www.b.example. A'])
    expect(recordsOf('a.example.')).to.deep.equal(['www.a.example. A'])
    expect(recordsOf('xa.example.')).to.deep.equal([])
  })
})

describe('protected records in the settings', () => {
  const READ: readonly [string, string][] = [
    ['a.example. TXT "a b" c', 'a.example. 0 IN TXT "a b" "c"'],
    ['a.example. TXT "a\\"b\\034\\255"', 'a.example. 0 IN TXT "a\\"b\\"\\255"'],
    ['a.example CAA 0 issue "ca.example"', 'a.example. 0 IN CAA 0 issue "ca.example"'],
    ['a.example AAAA ::', 'a.example. 0 IN AAAA ::'],
    ['a.example AAAA 1:2:3:4:5:6:7:8', 'a.example. 0 IN AAAA 1:2:3:4:5:6:7:8'],
    ['a.example AAAA ::1.2.3.4', 'a.example. 0 IN AAAA ::102:304'],
    ['a.example DS 1 13 2 AABB ccdd', 'a.example. 0 IN DS 1 13 2 aabbccdd'],
    ['a.example DNSKEY 257 3 13 AAEC Aw==', 'a.example. 0 IN DNSKEY 257 3 13 AAECAw=='],
    ['a.example NSEC3PARAM 1 0 0 -', 'a.example. 0 IN NSEC3PARAM 1 0 0 -'],
    ['a.example NSEC3PARAM 1 0 5 aabb', 'a.example. 0 IN NSEC3PARAM 1 0 5 aabb'],
    ['a.example SRV 1 2 3 b.example', 'a.example. 0 IN SRV 1 2 3 b.example.'],
    ['a.example TYPE65280 \\# 2 00 ff', 'a.example. 0 IN TYPE65280 \\# 2 00ff'],
  ]
  for (const [written, read] of READ)
    it(`may be ${written}`, () => {
      const { owner, type, rdata } = parseRecord(written)
      expect(recordText(storedFrom(owner, type, 0, rdata!), 0)).to.equal(read)
    })

  const BAD = [
    '',
    'a.example.',
    'a..example. A',
    'a.example. NOTYPE',
    'a.example. A 192.0.2',
    'a.example. A 192.0.2.256',
    'a.example. A 192.0.2.1 192.0.2.2',
    'a.example. AAAA 1::2::3',
    'a.example. AAAA 1:2:3:4:5:6:7',
    'a.example. AAAA 1:2:3:4:5:6:7:8:9',
    'a.example. MX ten mx.example.',
    'a.example. MX 65536 mx.example.',
    'a.example. DS 1 13 2 abc',
    'a.example. TYPE65280 x',
    'a.example. TYPE65280 \\# 3 00ff',
    'a.example. NSEC b.example. A',
  ]
  for (const written of BAD)
    it(`are refused when written as "${written}"`, () => {
      expect(() => parseRecord(written)).to.throw(WireError)
      expect(checksSchema.safeParse({ protected: { records: [written] } }).success).to.equal(false)
    })
})
