/** Receiving an AXFR: every valid form, and the error of every invalid one. */
import { expect } from 'chai'
import { nameToWire } from '../../../lib/dns/name.js'
import { expectError } from '../../support/expect-error.js'
import { axfrOf, messagesOf } from '../../support/prepared.js'
import { octets, question, rawRecord, u16, wire } from '../../support/raw-message.js'
import { contentsOf } from '../../support/record-lines.js'
import {
  ID,
  printed,
  receive,
  type ScriptedMessage,
  soa,
  stored,
  textsOf,
  type TransferScript,
} from '../../support/transfer-script.js'

const BODY = `
example. 300 NS ns1.example.
example. 300 TXT "one"
ns1.example. 300 A 192.0.2.1
a.example. 300 A 192.0.2.10
`
const V1 = `S1\n${BODY}`
const AXFR_QUESTION = [question('example.', 'AXFR')]
const opt = rawRecord(Buffer.from([0]), 41, Buffer.alloc(0), { klass: 1232, ttl: 0 })

/** An owner outside the zone that ends in the octets of the apex, inside one label. */
const IMPOSTOR = octets('09 78 07 6578616d706c65 00')

const WHOLE: readonly (readonly [id: string, messages: readonly ScriptedMessage[], zone?: string])[] = [
  ['in one message', [`${V1}\nS1`]],
  ['one record a message', [...stored(`${V1}\nS1`).map((octet) => ({ answers: [octet.subarray(2)] }))]],
  ['RFC 5936 §2.2: split anywhere', [V1, 'S1']],
  ['RFC 5936 §2.2.1: with a question in the first message alone', ['S1', { questions: [], text: `${BODY}\nS1` }]],
  ['RFC 5936 §2.2.1: with a question in every message', ['S1', BODY, 'S1']],
  ['with no question at all', [{ questions: [], text: `${V1}\nS1` }]],
  ['with the question in other letter case', [{ questions: [question('EXAMPLE.', 'AXFR')], text: `${V1}\nS1` }]],
  ['with messages of no records in the middle', ['S1', '', BODY, '', 'S1']],
  ['without AA', [{ flags: 0x8000, text: `${V1}\nS1` }]],
  [
    'RFC 5936 §2.2.4: with records in its authority section, which are no zone data',
    [{ text: `${V1}\nS1`, authorities: [wire('x.example. 1 A 192.0.2.1')] }],
  ],
  ['RFC 5936 §2.2.5: with OPT behind it', [{ text: `${V1}\nS1`, additionals: [opt] }]],
  ['RFC 5936 §2.2: with records twice, which count once', [`${V1}\n${BODY}\nS1`]],
  [
    'RFC 4343 §3: with a record twice in other letter case, of which the first counts',
    [`${V1}\nA.Example. 300 A 192.0.2.10\nS1`],
  ],
  ['RFC 2181 §5.2: with a record twice under another TTL, of which the first counts', [`${V1}\na.example. 600 A 192.0.2.10\nS1`]],
  ['with records outside the zone, which are dropped', [`${V1}\nother. 300 A 192.0.2.99\nnotexample. 300 A 192.0.2.99\nS1`]],
  ['with its records in another order', [`S1\n${BODY.trim().split('\n').reverse().join('\n')}\nS1`]],
  ['of the SOA alone', ['S1\nS1'], 'S1'],
  ['of the SOA alone, in two messages', ['S1', 'S1'], 'S1'],
  [
    'RFC 5936 §2.2: with its SOA in other letter case at the end',
    [V1, 'EXAMPLE. 300 SOA NS1.example. HOST.example. 1 7200 900 1209600 60'],
  ],
]

describe('an AXFR that is received', () => {
  for (const [id, messages, zone = V1] of WHOLE)
    it(`is accepted: ${id}`, () => {
      const { outcome, contents } = receive({ messages })
      expect(outcome?.kind).to.equal('full')
      expect(textsOf(contents!)).to.deep.equal(printed(zone))
    })

  it('keeps letter case, TTLs and unknown types', () => {
    const odd = 'S1\nWwW.Example. 1 NS MixED.Example.\nx.example. 4294967 TYPE65280 \\# 3 00ff01\nx.example. 0 TXT "" ""'
    expect(textsOf(receive({ messages: [`${odd}\nS1`] }).contents!)).to.deep.equal(printed(odd))
  })

  it('counts its records, and those outside the zone', () => {
    const { inbound } = receive({ messages: [V1, 'out. 1 A 192.0.2.1\nout. 1 A 192.0.2.2', 'S1'] })
    expect([inbound.records, inbound.messages, inbound.outside]).to.deep.equal([8, 3, 2])
    expect(inbound.octets).to.be.greaterThan(100)
  })

  it('drops an owner that merely ends in the octets of the apex', () => {
    const impostor = rawRecord(IMPOSTOR, 1, octets('c0000201'))
    const { inbound, contents } = receive({ messages: [V1, { answers: [impostor, ...stored('S1').map((s) => s.subarray(2))] }] })
    expect(inbound.outside).to.equal(1)
    expect(contents!.records).to.equal(5)
  })

  it('accepts names of any length in the zone, and the root zone', () => {
    const long = `${`${'l'.repeat(63)}.`.repeat(3)}${'m'.repeat(53)}.example.`
    expect(receive({ messages: [`${V1}\n${long} 1 A 192.0.2.1\nS1`] }).contents!.records).to.equal(6)
    const root = '. 300 SOA ns. host. 1 2 3 4 5'
    const { contents } = receive({
      apex: nameToWire('.'),
      messages: [{ questions: [question('.', 'AXFR')], text: `${root}\nany.where. 1 A 192.0.2.1\n. 1 NS ns.\n${root}` }],
    })
    expect(contents!.records).to.equal(3)
  })
})

const ERRORS: readonly (readonly [
  id: string,
  code: string,
  script: Omit<TransferScript, 'asked'>,
  data?: Record<string, unknown>,
])[] = [
  ['SERVFAIL', 'XFR_RCODE', { messages: [{ flags: 0x8002 }] }, { rcode: 2 }],
  ['REFUSED', 'XFR_RCODE', { messages: [{ flags: 0x8005 }] }, { rcode: 5 }],
  ['NOTAUTH with records', 'XFR_RCODE', { messages: [{ flags: 0x8009, text: V1 }] }, { rcode: 9 }],
  ['SERVFAIL in the middle', 'XFR_RCODE', { messages: [V1, { flags: 0x8402, text: '' }] }, { rcode: 2 }],
  ['another id', 'XFR_HEADER', { messages: [{ id: ID + 1, text: V1 }] }],
  ['another id in a later message', 'XFR_HEADER', { messages: [V1, { id: ID + 1, text: 'S1' }] }],
  ['RFC 5936 §2.2.1: no QR', 'XFR_HEADER', { messages: [{ flags: 0x0400, text: V1 }] }],
  ['opcode NOTIFY', 'XFR_HEADER', { messages: [{ flags: 0xa400, text: V1 }] }],
  ['RFC 5936 §2.2.1: TC', 'XFR_HEADER', { messages: [{ flags: 0x8600, text: V1 }] }],
  ['two questions', 'XFR_HEADER', { messages: [{ questions: [...AXFR_QUESTION, ...AXFR_QUESTION], text: V1 }] }],
  ['the question of another zone', 'XFR_HEADER', { messages: [{ questions: [question('other.', 'AXFR')], text: V1 }] }],
  ['the question of another type', 'XFR_HEADER', { messages: [{ questions: [question('example.', 'IXFR')], text: V1 }] }],
  ['the question of another class', 'XFR_HEADER', { messages: [{ questions: [question('example.', 'AXFR', 3)], text: V1 }] }],
  [
    'octets behind the last record',
    'XFR_HEADER',
    { messages: [{ text: V1, trailing: Buffer.alloc(2) }] },
    { reason: 'trailing octets' },
  ],
  ['no records at all', 'XFR_EMPTY_ANSWER', { messages: [''] }],
  ['RFC 5936 §2.2: no SOA at its beginning', 'XFR_NO_LEADING_SOA', { messages: [BODY] }],
  ['RFC 5936 §2.2: another serial at its end', 'XFR_SERIAL_MISMATCH', { messages: [V1, 'S2'] }, { reason: 'closing SOA' }],
  ['another SOA of the same serial at its end', 'XFR_SERIAL_MISMATCH', { messages: [V1, soa(1, 61)] }, { reason: 'closing SOA' }],
  ['another SOA as its second record', 'XFR_SERIAL_MISMATCH', { messages: ['S1\nS2'] }],
  [
    'a record of class CH',
    'XFR_BAD_RECORD',
    { messages: ['S1', { answers: [rawRecord(octets('0161 07 6578616d706c65 00'), 16, octets('0161'), { klass: 3 })] }] },
    { reason: 'class' },
  ],
  [
    'a record of class ANY at its beginning',
    'XFR_BAD_RECORD',
    { messages: [{ answers: [rawRecord(Buffer.from([0]), 6, Buffer.alloc(22), { klass: 255 })] }] },
    { reason: 'class' },
  ],
  [
    'OPT among its answers',
    'XFR_BAD_RECORD',
    { messages: ['S1', { answers: [rawRecord(Buffer.from([0]), 41, Buffer.alloc(0))] }] },
    { reason: 'meta type' },
  ],
  [
    'TYPE0 among its answers',
    'XFR_BAD_RECORD',
    { messages: ['S1', { answers: [rawRecord(Buffer.from([0]), 0, Buffer.alloc(0))] }] },
    { reason: 'meta type' },
  ],
  [
    'the SOA of a child',
    'XFR_BAD_RECORD',
    { messages: [V1, 'sub.example. 1 SOA . . 1 2 3 4 5'] },
    { reason: 'SOA below the apex' },
  ],
  [
    'the SOA of another zone in front',
    'XFR_BAD_RECORD',
    { messages: ['other. 1 SOA . . 1 2 3 4 5'] },
    { reason: 'SOA below the apex' },
  ],
  ['RFC 5936 §2.2: a record behind its end', 'XFR_TRAILING', { messages: [`${V1}\nS1\nz.example. 1 A 192.0.2.1`] }],
  ['RFC 5936 §2.2: a third SOA', 'XFR_TRAILING', { messages: [`${V1}\nS1\nS1`] }],
  ['a message behind its end', 'XFR_TRAILING', { messages: [`${V1}\nS1`, BODY] }],
  [
    'an A record of 3 octets',
    'WIRE_BAD_RDATA',
    { messages: ['S1', { answers: [rawRecord(octets('0161 07 6578616d706c65 00'), 1, Buffer.alloc(3))] }] },
  ],
  ['more answers announced than there are', 'WIRE_TRUNCATED', { messages: [{ text: V1, counts: { answers: 9 } }] }],
  ['a message shorter than a header', 'WIRE_TRUNCATED', { messages: [Buffer.alloc(11)] }],
  [
    'a pointer to itself',
    'WIRE_BAD_POINTER',
    { messages: ['S1', { answers: [Buffer.concat([u16(0xc000 | 25), Buffer.alloc(10)])] }] },
  ],
  ['a broken record in its additional section', 'WIRE_TRUNCATED', { messages: [{ text: V1, counts: { additionals: 1 } }] }],
]

describe('an AXFR that is received is refused for', () => {
  for (const [id, code, script, data = {}] of ERRORS)
    it(`${id}: ${code}`, async () => {
      const error = await expectError(code, () => receive(script), data)
      expect(['axfr', 'next-primary']).to.include(error.nextMove)
    })

  it('RFC 5936 §2.2: an early end: XFR_ENDED_EARLY', async () => {
    for (const messages of [[], ['S1'], [V1]]) {
      const { inbound, outcome } = receive({ messages })
      expect(outcome).to.equal(undefined)
      const error = await expectError('XFR_ENDED_EARLY', () => inbound.end(), { asked: 'axfr', records: inbound.records })
      expect(error.nextMove).to.equal('next-primary')
    }
  })
})

describe('a transfer with compressed names', () => {
  const OWNER = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example.`
  // The owner has two octets on the wire each time, and 193 in a zone.
  const lines = Array.from({ length: 300 }, (_, i) => `${OWNER} 1 TXT "${i}"`)

  it('is counted by its uncompressed size', async () => {
    const many = messagesOf(await axfrOf(contentsOf('example.', [soa(1), ...lines].join('\n'))))
    for (const message of many) message.writeUInt16BE(ID)
    const wire = receive({ messages: many }).inbound.octets
    expect(wire).to.be.lessThan(10_000)
    for (const limit of ['octets', 'memory'])
      await expectError('XFR_LIMIT', () => receive({ messages: many, limits: { [limit]: wire + 1000 } }))
    expect(receive({ messages: many, limits: { octets: 100_000, memory: 100_000 } }).outcome?.kind).to.equal('full')
  })
})

describe('a transfer ends at a limit on', () => {
  const many = ['S1', ...Array.from({ length: 20 }, (_, i) => `n${i}.example. 1 A 192.0.2.1\nn${i}.example. 1 A 192.0.2.2`), 'S1']
  for (const [limit, most] of [
    ['octets', 500],
    ['records', 11],
    ['messages', 5],
    ['names', 7],
  ] as const)
    it(limit, async () => {
      const error = await expectError('XFR_LIMIT', () => receive({ messages: many, limits: { [limit]: most } }), {
        limit: `${most} ${limit}`,
      })
      expect([error.nextMove, error.message.includes('raise it')]).to.deep.equal(['next-primary', true])
      const enough = receive({ messages: many, limits: { [limit]: limit === 'octets' ? 5000 : limit === 'messages' ? 22 : 42 } })
      expect(enough.outcome?.kind).to.equal('full')
    })
})
