/** The queries to a node that serves a version, and the answers that are correct. */
import { expect } from 'chai'
import type { SmallMessage } from '../../../lib/dns/message.js'
import { RCODE } from '../../../lib/dns/rcode.js'
import { recordText } from '../../../lib/dns/record-text.js'
import { TYPE, typeName } from '../../../lib/dns/rrtype.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { judgeProbe, planProbes, type Probe } from '../../../lib/rollout/probes.js'
import { compareContents } from '../../../lib/zone/compare.js'
import { pause } from '../../../lib/runtime/turns.js'
import { keyText, nameKey } from '../../../lib/names/name-key.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { soa, ZONE } from '../../support/transfer-script.js'

const NS = 'example. 300 NS ns1.example.'
const zone = (serial: number, ...records: string[]) => contentsOf(ZONE, [soa(serial), NS, ...records].join('\n'))
const a = (owner: string, last: number) => `${owner}example. 300 A 192.0.2.${last}`
const DNSKEY = 'example. 300 DNSKEY 257 3 8 AwEAAQ=='
const sig = (owner: string, type: string) =>
  `${owner}example. 300 RRSIG ${type} 8 1 300 20300101000000 20200101000000 1 example. ab==`
const nameOf = ({ name }: Probe): string => keyText(nameKey(name, 0, name.length))
const brief = (probe: Probe): string => {
  const texts = (list: readonly Buffer[]) => list.map((each) => recordText(each, 0).split(' ').slice(4).join(' '))
  const gone = probe.gone.length === 0 ? '' : ` not ${texts(probe.gone).join(' ')}`
  return `${nameOf(probe)} ${typeName(probe.type)}: ${texts(probe.expected).join(' ')}${gone}${probe.dnssec ? ' signed' : ''}`
}

async function plan(before: readonly string[] | undefined, after: readonly string[], sample = 10): Promise<Probe[]> {
  const contents = zone(2, ...after)
  const change = before && (await compareContents(zone(1, ...before), contents, Number.POSITIVE_INFINITY, pause))
  return await planProbes(contents, change, sample, 'absent', pause)
}

describe('the probes of a version', () => {
  const APEX = 'example. NS: ns1.example.'
  const ABSENT = 'absent.example. TXT: '
  const CASES: readonly (readonly [why: string, before: string[] | undefined, after: string[], changed: string[]])[] = [
    ['are name servers and an absent name when no change is known', undefined, [a('a.', 1)], []],
    ['include added records', [], [a('a.', 1)], ['a.example. A: 192.0.2.1']],
    ['include removed records', [a('a.', 1)], [], ['a.example. A:  not 192.0.2.1']],
    ['include replaced records', [a('a.', 1)], [a('a.', 2)], ['a.example. A: 192.0.2.2 not 192.0.2.1']],
    [
      'include the complete RRset when one record was added',
      [a('a.', 1)],
      [a('a.', 1), a('a.', 2)],
      ['a.example. A: 192.0.2.1 192.0.2.2'],
    ],
    [
      'include each type of a name',
      [],
      [a('a.', 1), 'a.example. 300 TXT "x"'],
      ['a.example. A: 192.0.2.1', 'a.example. TXT: "x"'],
    ],
    ['leave out unchanged records', [a('b.', 1)], [a('b.', 1), a('a.', 1)], ['a.example. A: 192.0.2.1']],
    ['query an alias for its CNAME only', [a('a.', 1)], ['a.example. 300 CNAME b.example.'], ['a.example. CNAME: b.example.']],
    [
      'include changes at the apex',
      ['example. 300 MX 10 a.example.'],
      ['example. 300 MX 10 b.example.', a('', 7)],
      ['example. A: 192.0.2.7', 'example. MX: 10 b.example. not 10 a.example.'],
    ],
    [
      'include a delegation without its glue',
      [],
      ['s.example. 300 NS ns.s.example.', a('ns.s.', 1)],
      ['s.example. NS: ns.s.example.'],
    ],
    ['include a removed delegation', ['s.example. 300 NS ns.test.'], [], ['s.example. NS:  not ns.test.']],
    [
      'include the DS of a delegation',
      ['s.example. 300 NS ns.test.'],
      ['s.example. 300 NS ns.test.', `s.example. 300 DS 1 8 2 ${'ab'.repeat(32)}`],
      [`s.example. DS: 1 8 2 ${'ab'.repeat(32)}`],
    ],
    ['leave out names below a delegation', ['s.example. 300 NS ns.test.'], ['s.example. 300 NS ns.test.', a('ns.s.', 1)], []],
    ['leave out names below a DNAME', ['d.example. 300 DNAME x.test.'], ['d.example. 300 DNAME x.test.', a('x.d.', 1)], []],
    ['include a DNAME itself', [], ['d.example. 300 DNAME x.test.'], ['d.example. DNAME: x.test.']],
    ['leave out a name with changed signatures only', [a('a.', 1)], [a('a.', 1), sig('a.', 'A')], []],
    ['expect no absence that a wildcard may hide', [a('a.', 1), a('*.', 1)], [a('*.', 1)], ['a.example. A: ']],
    ['expect no absence that a wildcard above may hide', [a('x.a.', 1), a('*.', 1)], [a('*.', 1)], ['x.a.example. A: ']],
  ]
  for (const [why, before, after, changed] of CASES)
    it(why, async () => {
      const probes = (await plan(before, after)).map(brief)
      expect(probes[0]).to.equal(APEX)
      expect(probes.at(-1)).to.equal(ABSENT)
      expect(probes.slice(1, -1).sort()).to.deep.equal(changed)
    })

  it('include the complete apex when that is configured', async () => {
    const contents = zone(2, a('', 7), 'example. 300 MX 10 a.example.', sig('', 'A'), a('a.', 1))
    const probes = (await planProbes(contents, undefined, 10, 'absent', pause, true)).map(brief)
    expect(probes.filter((text) => !text.startsWith('example. SOA'))).to.deep.equal([
      APEX,
      'example. A: 192.0.2.7',
      'example. MX: 10 a.example.',
      ABSENT,
    ])
    expect(probes[1]).to.match(/^example\. SOA: .* 2 /)
  })

  it('request signatures when the zone has keys', async () => {
    const probes = await plan([DNSKEY], [DNSKEY, a('a.', 1)])
    expect(probes.map(({ dnssec }) => dnssec)).to.deep.equal([true, true, true])
    expect((await plan([], [a('a.', 1)])).some(({ dnssec }) => dnssec)).to.equal(false)
  })

  it('are a sample of many changes, evenly over the zone', async () => {
    const many = Array.from({ length: 50 }, (_, i) => a(`n${String(i).padStart(2, '0')}.`, i))
    const names = (await plan([], many, 3)).map(nameOf)
    expect(names).to.have.lengthOf(5)
    expect(new Set(names).size).to.equal(5)
    expect(await plan([], many, 50)).to.have.lengthOf(52)
    expect(names[1]).to.not.equal(names[2])
    const at = names.slice(1, -1).map((name) => many.findIndex((line) => line.startsWith(name.split('.')[0]!)))
    expect(Math.max(...at) - Math.min(...at), 'from all of the zone').to.be.above(25)
  })

  it('leave out RRsets that are too large for a small message', async () => {
    const of = (count: number) => Array.from({ length: count }, (_, i) => a('a.', i))
    expect(await plan([], of(40))).to.have.lengthOf(3)
    expect(await plan([], of(41))).to.have.lengthOf(2)
    const servers = Array.from({ length: 40 }, (_, i) => `example. 300 NS ns${i + 2}.example.`)
    expect((await plan([], servers)).map(brief)).to.deep.equal([ABSENT])
  })
})

describe('an answer of a node to a probe', () => {
  const answer = (texts: string[], more: Partial<SmallMessage> = {}): SmallMessage =>
    ({ rcode: RCODE.NOERROR, answer: texts.map((line) => record(line)), authority: [], ...more }) as unknown as SmallMessage
  const probe = (more: Partial<Probe> = {}): Probe => ({
    name: nameToWire('a.example.'),
    type: TYPE.A,
    dnssec: false,
    expected: [record(a('a.', 1)), record(a('a.', 2))],
    gone: [record(a('a.', 3))],
    ...more,
  })
  const BOTH = [a('a.', 1), a('a.', 2)]
  const absent = probe({ expected: [], gone: [] })
  const removed = probe({ expected: [] })
  const signed = probe({ dnssec: true })
  const dname = ['example. 300 DNAME long.test.']

  const CASES: readonly (readonly [fault: string | undefined, why: string, probe: Probe, answer: SmallMessage])[] = [
    [undefined, 'with the RRset', probe(), answer(BOTH)],
    [undefined, 'with the RRset in another order', probe(), answer(BOTH.toReversed())],
    [undefined, 'with records of other types beside the RRset', probe(), answer([...BOTH, 'a.example. 300 TXT "x"'])],
    [
      'answers a.example. A without a.example. 300 IN A 192.0.2.2',
      'without one of the records',
      probe(),
      answer(BOTH.slice(0, 1)),
    ],
    [
      'answers a.example. A with a.example. 300 IN A 192.0.2.9, which is not in the version',
      'with an additional record',
      probe(),
      answer([...BOTH, a('a.', 9)]),
    ],
    [
      'answers a.example. A with a.example. 300 IN A 192.0.2.3, which is not in the version',
      'with a removed record',
      removed,
      answer([a('a.', 3)]),
    ],
    [undefined, 'with the records of a wildcard in place of removed ones', removed, answer([a('a.', 9)])],
    [undefined, 'with the records of both versions', probe({ gone: [record(BOTH[0]!)] }), answer(BOTH)],
    [undefined, 'without records for an absent name', absent, answer([], { rcode: RCODE.NXDOMAIN })],
    ['answers SERVFAIL to a.example. A', 'that fails', probe(), answer(BOTH, { rcode: RCODE.SERVFAIL })],
    ['answers REFUSED to a.example. A', 'that refuses', absent, answer([], { rcode: RCODE.REFUSED })],
    ['answers SERVFAIL to a.example. A', 'that fails below a DNAME', absent, answer(dname, { rcode: RCODE.SERVFAIL })],
    [
      'answers YXDOMAIN to a.example. A',
      'with a too long name instead of the RRset',
      probe(),
      answer(dname, { rcode: RCODE.YXDOMAIN }),
    ],
    [undefined, 'that is signed', signed, answer([...BOTH, sig('a.', 'A')])],
    ['answers a.example. A without signatures', 'that is not signed', signed, answer(BOTH)],
    [
      'answers a.example. A without signatures',
      'that is signed in the authority section alone',
      signed,
      answer(BOTH, { authority: [record(sig('', 'NS'))] }),
    ],
    [
      undefined,
      'of an absent name that is signed in the authority section',
      probe({ dnssec: true, expected: [], gone: [] }),
      answer([], { authority: [record(sig('', 'SOA'))] }),
    ],
    [
      'answers a.example. A without signatures',
      'of an absent name that is not signed',
      probe({ dnssec: true, expected: [], gone: [] }),
      answer([], { authority: [record(soa(1))] }),
    ],
    [
      undefined,
      'of a wildcard that is signed',
      probe({ dnssec: true, expected: [], gone: [] }),
      answer([a('a.', 9), sig('a.', 'A')]),
    ],
  ]
  for (const [fault, why, asked, given] of CASES)
    it(`${why} is ${fault === undefined ? 'correct' : 'bad'}`, () => {
      expect(judgeProbe(asked, given)).to.equal(fault)
    })
})
