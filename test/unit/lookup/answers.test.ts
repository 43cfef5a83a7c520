/** The answer that a name server gives from a zone, and the faults of other answers. */
import { expect } from 'chai'
import { NOTHING_IGNORED, ignoredRecords } from '../../../lib/dns/ignored-records.js'
import type { SmallMessage } from '../../../lib/dns/message.js'
import { FLAG, RCODE } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { expectedAnswer } from '../../../lib/lookup/expected-answer.js'
import { judgeAnswer } from '../../../lib/lookup/judge-answer.js'
import { sliceOf, type ZoneSlice } from '../../../lib/lookup/zone-slice.js'
import { keyOfText, keyText } from '../../../lib/names/name-key.js'
import { record } from '../../support/record-lines.js'
import { contentsOfLines } from '../../support/signer.js'

const APEX = 'example.'
const LINES = [
  'example. 60 SOA ns. h. 7 3600 600 604800 60',
  'example. 60 NS ns.example.',
  'host.example. 60 A 192.0.2.1',
  'host.example. 60 A 192.0.2.2',
  'x.empty.example. 60 A 192.0.2.3',
  '*.wild.example. 60 TXT "any"',
  'exact.wild.example. 60 A 192.0.2.4',
  '*.walias.example. 60 CNAME host.example.',
  'alias.example. 60 CNAME host.example.',
  'dn.example. 60 DNAME host.example.',
  'sub.example. 60 NS ns.sub.example.',
  'sub.example. 60 DS 1 13 2 00',
  'ns.sub.example. 60 A 192.0.2.5',
]
const ASKED = [
  'host',
  'no.host',
  'no',
  'empty',
  'no.empty',
  'no.wild',
  'a.b.wild',
  'exact.wild',
  'no.exact.wild',
  'no.walias',
  'alias',
  'dn',
  'no.dn',
  'sub',
  'ns.sub',
  'no.sub',
].map((label) => `${label}.example.`)

const answerOf = (lines: readonly string[], more: Partial<SmallMessage> = {}): SmallMessage => ({
  id: 1,
  flags: FLAG.QR | FLAG.AA,
  questions: 1,
  answers: lines.length,
  authorities: 0,
  additionals: 0,
  rcode: RCODE.NOERROR,
  question: undefined,
  answer: lines.map(record),
  authority: [],
  edns: undefined,
  ...more,
})

describe('the expected answer', () => {
  let zone: ZoneSlice
  before(async () => {
    const contents = contentsOfLines(APEX, LINES)
    const view = contents.view()
    zone = await sliceOf(view, contents.apex, contents.soa.stored, ASKED.map(keyOfText), () => Promise.resolve())
    view.release()
  })

  const ROWS: [name: string, type: keyof typeof TYPE, is: string][] = [
    ['host', 'A', 'rrset host.example.'],
    ['host', 'TXT', 'nothing true'],
    ['no.host', 'A', 'nothing false'],
    ['no', 'A', 'nothing false'],
    ['empty', 'A', 'nothing true'],
    ['no.empty', 'A', 'nothing false'],
    ['no.wild', 'TXT', 'rrset no.wild.example.'],
    ['a.b.wild', 'TXT', 'rrset a.b.wild.example.'],
    ['no.wild', 'A', 'nothing true'],
    ['exact.wild', 'TXT', 'nothing true'],
    ['no.exact.wild', 'TXT', 'nothing false'],
    ['no.walias', 'A', 'alias no.walias.example.'],
    ['alias', 'A', 'alias alias.example.'],
    ['alias', 'CNAME', 'rrset alias.example.'],
    ['dn', 'DNAME', 'rrset dn.example.'],
    ['dn', 'A', 'nothing true'],
    ['no.dn', 'A', 'redirection dn.example.'],
    ['sub', 'A', 'referral sub.example.'],
    ['sub', 'DS', 'rrset sub.example.'],
    ['ns.sub', 'A', 'referral sub.example.'],
    ['no.sub', 'DS', 'referral sub.example.'],
  ]
  for (const [label, type, is] of ROWS)
    it(`for ${label} ${type} is ${is}`, () => {
      const found = expectedAnswer(zone, keyOfText(`${label}.example.`), TYPE[type])
      const about = 'owner' in found ? keyText(found.owner) : 'exists' in found ? String(found.exists) : ''
      expect(`${found.is} ${about}`).to.equal(is)
    })

  const judge = (label: string, type: number, answer: SmallMessage, ignored = NOTHING_IGNORED) => {
    const name = keyOfText(`${label}.example.`)
    const asked = { name, type, dnssec: false, expected: expectedAnswer(zone, name, type) }
    const judged = judgeAnswer(asked, answer, keyOfText(APEX), ignored)
    return 'cannot' in judged ? judged.cannot : judged.faults.map(({ kind, text }) => `${kind} ${text}`)
  }
  const HOST = ['host.example. 60 A 192.0.2.1', 'HOST.example. 60 A 192.0.2.2']

  it('has no fault, in any order and letter case', () => {
    expect(judge('host', TYPE.A, answerOf(HOST))).to.deep.equal([])
    expect(judge('host', TYPE.A, answerOf(HOST.toReversed()))).to.deep.equal([])
  })
  it('lacks a record, or has another', () => {
    expect(judge('host', TYPE.A, answerOf([HOST[0]!]))).to.deep.equal(['missing host.example. 60 IN A 192.0.2.2'])
    expect(judge('host', TYPE.A, answerOf([...HOST, 'host.example. 60 A 192.0.2.9']))).to.deep.equal([
      'extra host.example. 60 IN A 192.0.2.9',
    ])
  })
  it('has another TTL, unless TTLs are ignored', () => {
    const low = answerOf(['host.example. 5 A 192.0.2.1', 'host.example. 60 A 192.0.2.2'])
    expect(judge('host', TYPE.A, low)).to.deep.equal([
      'missing host.example. 60 IN A 192.0.2.1',
      'extra host.example. 5 IN A 192.0.2.1',
    ])
    expect(judge('host', TYPE.A, low, ignoredRecords(['ttl']))).to.deep.equal([])
  })
  it('denies what exists, and gives what does not exist', () => {
    expect(judge('empty', TYPE.A, answerOf([], { rcode: RCODE.NXDOMAIN }))).to.have.length(1)
    expect(judge('no', TYPE.A, answerOf(['no.example. 60 A 192.0.2.1']))).to.deep.equal(['extra no.example. 60 IN A 192.0.2.1'])
    expect(judge('no', TYPE.A, answerOf([], { rcode: RCODE.NXDOMAIN }))).to.deep.equal([])
  })
  it('is proof of nothing when the server refuses, fails, or has the child zone too', () => {
    expect(judge('host', TYPE.A, answerOf([], { rcode: RCODE.REFUSED }))).to.equal('it answers REFUSED to host.example. A')
    expect(judge('host', TYPE.A, answerOf([], { rcode: RCODE.SERVFAIL }))).to.include('SERVFAIL')
    expect(judge('host', TYPE.A, answerOf([], { flags: FLAG.QR }))).to.include('without authority')
    expect(judge('sub', TYPE.A, answerOf(['sub.example. 5 A 192.0.2.99']))).to.deep.equal([])
  })
  it('refers to other name servers', () => {
    const referral = (line: string): SmallMessage => answerOf([], { flags: FLAG.QR, authority: [record(line)] })
    expect(judge('ns.sub', TYPE.A, referral('sub.example. 60 NS ns.sub.example.'))).to.deep.equal([])
    expect(judge('ns.sub', TYPE.A, referral('sub.example. 60 NS bad.sub.example.'))).to.have.length(2)
    expect(judge('host', TYPE.A, referral('host.example. 60 NS bad.example.'))).to.deep.equal([
      'extra host.example. 60 IN NS bad.example.',
    ])
  })
  it('from a server that follows no DNAME is tolerated, and from one that follows another is not', () => {
    expect(judge('no.dn', TYPE.A, answerOf([], { rcode: RCODE.NXDOMAIN }))).to.deep.equal([])
    expect(judge('no.dn', TYPE.A, answerOf(['dn.example. 60 DNAME other.example.']))).to.have.length(2)
  })
})
