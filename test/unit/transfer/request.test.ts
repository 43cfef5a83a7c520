/** Requests to the transfer server: any octets are a request, an answer that refuses it, or nothing. */
import { expect } from 'chai'
import { OPTION, readMessage, type SmallMessage, writeOpt } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { FLAG, OPCODE, RCODE, TSIG_ERROR } from '../../../lib/dns/rcode.js'
import { tryReadRequest } from '../../../lib/dns/request-reader.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { AnswerVerifier } from '../../../lib/dns/tsig.js'
import { findTsig, type TsigKey } from '../../../lib/dns/tsig-record.js'
import { heldSerialOf, isAheadOf } from '../../../services/transfer/held-serial.js'
import { answerTo, optionsFor, readRequest, readStranger } from '../../../services/transfer/request.js'
import { octets, question, type RawMessage, rawMessage, rawRecord, wire } from '../../support/raw-message.js'
import { NOW, plainQuery, signBy, signed, testKey } from '../../support/tsig-maker.js'

const KEY = testKey()
const keys = (name: Buffer): TsigKey[] => (KEY.wireName.equals(name) ? [KEY] : [])
const SOA_QUESTION = [question('Example.', 'SOA')]
const opcode = (n: number): number => n << 11

function answerOf(message: Buffer): SmallMessage & { octets: Buffer } {
  const read = readRequest(message, keys, NOW)
  if (read.kind !== 'refusal') throw new Error(`it is ${read.kind === 'drop' ? 'dropped' : 'a request'}`)
  const octets = read.answer()
  return { ...readMessage(octets), octets }
}

const DROPPED: readonly (readonly [id: string, message: Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['two octets', octets('4142')],
  ['eleven octets', Buffer.alloc(11)],
  ['an answer', rawMessage({ questions: SOA_QUESTION, flags: FLAG.QR })],
  ['an answer to a NOTIFY', rawMessage({ questions: SOA_QUESTION, flags: FLAG.QR | opcode(OPCODE.NOTIFY) })],
  ['an answer of garbage', Buffer.concat([octets('1234 ffff ffff ffff ffff ffff'), Buffer.alloc(50, 0xff)])],
]

describe('a request to the transfer server', () => {
  it('is a query or a NOTIFY of one question in class IN', () => {
    for (const flags of [0, opcode(OPCODE.NOTIFY) | FLAG.AA, FLAG.RD]) {
      const read = readRequest(rawMessage({ questions: SOA_QUESTION, flags }), keys, NOW)
      expect(read.kind, `flags ${flags}`).to.equal('request')
    }
  })

  for (const [id, message] of DROPPED)
    it(`is not ${id}, which is dropped without an answer`, () => expect(readRequest(message, keys, NOW).kind).to.equal('drop'))

  const REFUSED: readonly (readonly [id: string, rcode: number, parts: RawMessage])[] = [
    ['without a question', RCODE.FORMERR, {}],
    ['with two questions', RCODE.FORMERR, { questions: [...SOA_QUESTION, ...SOA_QUESTION] }],
    ['with a question cut short', RCODE.FORMERR, { trailing: octets('03 6162'), counts: { questions: 1 } }],
    ['with an octet too many', RCODE.FORMERR, { questions: SOA_QUESTION, trailing: Buffer.alloc(1) }],
    ['with records it does not have', RCODE.FORMERR, { questions: SOA_QUESTION, counts: { authorities: 3 } }],
    ['with 65,535 records', RCODE.FORMERR, { questions: SOA_QUESTION, counts: { answers: 65_535 } }],
    ['RFC 2136: an UPDATE', RCODE.NOTIMP, { questions: SOA_QUESTION, flags: opcode(OPCODE.UPDATE) }],
    ['a STATUS', RCODE.NOTIMP, { flags: opcode(OPCODE.STATUS) }],
    ['of opcode 15', RCODE.NOTIMP, { questions: SOA_QUESTION, flags: opcode(15) }],
    ['in class CH', RCODE.REFUSED, { questions: [question('Example.', 'SOA', 3)] }],
    ['in class ANY', RCODE.REFUSED, { questions: [question('Example.', 'SOA', 255)] }],
    ['RFC 6891 §6.1.1: with OPT twice', RCODE.FORMERR, { questions: SOA_QUESTION, additionals: [writeOpt(), writeOpt()] }],
    [
      'with an SOA of 10 octets in its authority section',
      RCODE.FORMERR,
      { questions: SOA_QUESTION, authorities: [rawRecord(nameToWire('example.'), TYPE.SOA, Buffer.alloc(10))] },
    ],
    [
      'with TSIG in its answer section',
      RCODE.FORMERR,
      { questions: SOA_QUESTION, answers: [rawRecord(KEY.wireName, TYPE.TSIG, Buffer.alloc(20), { klass: 255, ttl: 0 })] },
    ],
  ]
  for (const [id, rcode, parts] of REFUSED)
    it(`${id} is answered with RCODE ${rcode}, its id and its opcode`, () => {
      const answer = answerOf(rawMessage({ id: 0xbeef, ...parts }))
      expect([answer.id, answer.rcode]).to.deep.equal([0xbeef, rcode])
      expect(answer.flags & (FLAG.QR | opcode(15))).to.equal(FLAG.QR | ((parts.flags ?? 0) & opcode(15)))
      expect(answer.answer).to.deep.equal([])
    })

  it('RFC 6891 §6.1.3: with EDNS version 1 is answered with BADVERS and version 0', () => {
    const opt = rawRecord(Buffer.from([0]), TYPE.OPT, Buffer.alloc(0), { klass: 1232, ttl: 0x00010000 })
    const answer = answerOf(rawMessage({ questions: SOA_QUESTION, additionals: [opt] }))
    expect(answer.rcode).to.equal(RCODE.BADVERS)
    expect(answer.edns!.version).to.equal(0)
  })

  it('with an unknown EDNS option is a request', () => {
    const message = rawMessage({ questions: SOA_QUESTION, additionals: [writeOpt([{ code: 65_001, data: Buffer.alloc(9) }])] })
    expect(readRequest(message, keys, NOW).kind).to.equal('request')
  })
})

describe('a message from an unknown address', () => {
  const answered = (parts: RawMessage): SmallMessage => {
    const read = readStranger(rawMessage({ id: 0xbeef, ...parts }))
    if (read.kind !== 'refusal') throw new Error(`it is ${read.kind}`)
    return readMessage(read.answer())
  }

  const ANSWERS: readonly (readonly [id: string, rcode: number, parts: RawMessage])[] = [
    ['a query', RCODE.REFUSED, { questions: SOA_QUESTION }],
    ['a NOTIFY', RCODE.REFUSED, { questions: SOA_QUESTION, flags: opcode(OPCODE.NOTIFY) | FLAG.AA }],
    ['an UPDATE', RCODE.NOTIMP, { questions: SOA_QUESTION, flags: opcode(OPCODE.UPDATE) }],
    ['no question', RCODE.FORMERR, {}],
    ['a question cut short', RCODE.FORMERR, { trailing: octets('03 6162'), counts: { questions: 1 } }],
    ['a name of 200 labels', RCODE.FORMERR, { questions: [Buffer.concat([octets('0161'.repeat(200)), octets('00 0006 0001')])] }],
    [
      'garbage behind its question',
      RCODE.REFUSED,
      { questions: SOA_QUESTION, counts: { answers: 9 }, trailing: Buffer.alloc(99, 0xc0) },
    ],
    ['a TSIG record', RCODE.REFUSED, { questions: SOA_QUESTION, additionals: [signed(KEY).message.subarray(25)] }],
  ]
  for (const [id, rcode, parts] of ANSWERS)
    it(`with ${id} is answered with RCODE ${rcode}`, () => {
      const { id: answerId, rcode: answerCode, answer } = answered(parts)
      expect([answerId, answerCode, answer.length]).to.deep.equal([0xbeef, rcode, 0])
    })

  it('RFC 6891 §6.1.1: with OPT alone behind its question is answered with OPT', () => {
    expect(answered({ questions: SOA_QUESTION, additionals: [writeOpt()] }).edns).to.not.equal(undefined)
    expect(answered({ questions: SOA_QUESTION }).edns).to.equal(undefined)
  })

  for (const [id, message] of DROPPED)
    it(`that is ${id} is dropped without an answer`, () => expect(readStranger(message).kind).to.equal('drop'))
})

describe('a signed request', () => {
  it('has its key', () => {
    const read = readRequest(signed(KEY).message, keys, NOW)
    expect(read.kind === 'request' && read.request.key).to.equal(KEY)
  })

  const flip = (mac: Buffer): Buffer => Buffer.from(mac.map((octet) => octet ^ 1))
  const ERRORS: readonly (readonly [id: string, error: number, macOctets: number, message: Buffer])[] = [
    ['RFC 8945 §5.2.1: by a stranger', TSIG_ERROR.BADKEY, 0, signed(testKey('hmac-sha256', 'other.example.')).message],
    ['RFC 8945 §5.2.2: with a bad MAC', TSIG_ERROR.BADSIG, 0, signBy(KEY, plainQuery(), { mac: flip })],
    ['RFC 8945 §5.2.3: an hour ago', TSIG_ERROR.BADTIME, 32, signBy(KEY, plainQuery(), { time: NOW - 3600 })],
    [
      'RFC 8945 §5.2.4: with half a MAC',
      TSIG_ERROR.BADTRUNC,
      32,
      signBy(KEY, plainQuery(), { mac: (mac) => mac.subarray(0, 16) }),
    ],
    ['as an error report', TSIG_ERROR.BADSIG, 0, signBy(KEY, plainQuery(), { error: 18, mac: () => Buffer.alloc(0) })],
  ]
  for (const [id, error, macOctets, message] of ERRORS)
    it(`${id} is answered with NOTAUTH and error ${error}, ${macOctets > 0 ? 'signed' : 'unsigned'}`, () => {
      const answer = answerOf(message)
      const tsig = findTsig(answer.octets)!
      expect([answer.rcode, answer.id, tsig.error, tsig.mac.length]).to.deep.equal([RCODE.NOTAUTH, 0x1234, error, macOctets])
    })

  it('RFC 8945 §5.2.2.1: is malformed with a MAC that is too short', () => {
    const answer = answerOf(signBy(KEY, plainQuery(), { mac: (mac) => mac.subarray(0, 8) }))
    expect(answer.rcode).to.equal(RCODE.FORMERR)
    expect(findTsig(answer.octets)).to.equal(undefined)
  })

  it('that is refused for another reason gets an answer signed with the current time', () => {
    for (const parts of [
      { questions: [question('example.', 'SOA', 3)] },
      {
        questions: SOA_QUESTION,
        additionals: [rawRecord(Buffer.from([0]), TYPE.OPT, Buffer.alloc(0), { klass: 1232, ttl: 0x00010000 })],
      },
    ]) {
      const { message, mac } = signed(KEY, rawMessage(parts))
      expect(new AnswerVerifier(KEY, mac).accept(answerOf(message).octets, NOW)).to.equal(true)
    }
  })

  it('RFC 6891 §6.1.1: with OPT gets an answer with OPT, also when it is refused', () => {
    const message = signBy(KEY, plainQuery({ additionals: [writeOpt()] }), { mac: flip })
    expect(answerOf(message).edns).to.not.equal(undefined)
  })
})

describe('an answer of the transfer server', () => {
  const read = (message: Buffer) => {
    const request = readRequest(message, keys, NOW)
    if (request.kind !== 'request') throw new Error('no request')
    return request.request
  }

  it('is signed for a signed request, has OPT for a request with OPT, and copies the question', () => {
    const { message, mac } = signed(KEY, rawMessage({ questions: SOA_QUESTION, additionals: [writeOpt()] }))
    const answer = answerTo(read(message), { rcode: 0, authoritative: true }, NOW)
    expect(new AnswerVerifier(KEY, mac).accept(answer, NOW)).to.equal(true)
    expect(readMessage(answer).edns).to.not.equal(undefined)
    expect(readMessage(answer).question!.name.toString('latin1')).to.equal('\x07Example\0')
    const plain = answerTo(read(rawMessage({ questions: SOA_QUESTION })), { rcode: 0 }, NOW)
    expect([findTsig(plain), readMessage(plain).edns]).to.deep.equal([undefined, undefined])
  })

  const asking = (...options: { code: number; data: Buffer }[]) =>
    read(rawMessage({ questions: SOA_QUESTION, additionals: [writeOpt(options)] }))
  const APEX = nameToWire('a.b.example.')
  const none = Buffer.alloc(0)

  it('RFC 7314 §2: has the seconds until expiry on request, 0 at least', () => {
    for (const [left, hex] of [
      [3600, '00000e10'],
      [0, '00000000'],
      [-5, '00000000'],
      [2 ** 40, 'ffffffff'],
    ] as const) {
      const [option, ...more] = optionsFor(asking({ code: OPTION.EXPIRE, data: none }), left, 1, APEX)
      expect([option!.code, option!.data.toString('hex'), more.length]).to.deep.equal([9, hex, 0])
    }
  })

  it('RFC 9660 §3: has the version of the zone for a request with an empty option', () => {
    const [option] = optionsFor(asking({ code: OPTION.ZONEVERSION, data: none }), 1, 0xfffffffe, APEX)
    expect([option!.code, option!.data.toString('hex')]).to.deep.equal([19, '0300fffffffe'])
    expect(optionsFor(asking({ code: OPTION.ZONEVERSION, data: Buffer.alloc(6) }), 1, 1, APEX)).to.deep.equal([])
  })

  it('has neither without a request for it', () => {
    expect(optionsFor(asking(), 1, 1, APEX)).to.deep.equal([])
    expect(optionsFor(read(rawMessage({ questions: SOA_QUESTION })), 1, 1, APEX)).to.deep.equal([])
  })
})

describe('the serial in an IXFR request', () => {
  const APEX = nameToWire('example.')
  const soa = (owner = 'example.', serial = 7): Buffer => wire(`${owner} 60 SOA ns.example. h.example. ${serial} 2 3 4 5`)
  const held = (parts: RawMessage): number | undefined => {
    const message = tryReadRequest(rawMessage({ questions: [question('example.', 'IXFR')], ...parts }))
    if (typeof message === 'string') throw new Error(message)
    return heldSerialOf(message, APEX)
  }

  it('RFC 1995 §3: is in the SOA of the authority section, whatever the letter case', () => {
    expect(held({ authorities: [soa()] })).to.equal(7)
    expect(held({ authorities: [soa('EXAMPLE.', 4294967295)] })).to.equal(4294967295)
  })

  const NONE: readonly (readonly [id: string, parts: RawMessage])[] = [
    ['no SOA', {}],
    ['an SOA in the answer section', { answers: [soa()] }],
    ['an SOA in the additional section', { additionals: [soa()] }],
    ['the SOA of another zone', { authorities: [soa('other.')] }],
    ['two SOAs', { authorities: [soa(), soa('example.', 8)] }],
    ['another record', { authorities: [wire('example. 60 NS ns.example.')] }],
  ]
  for (const [id, parts] of NONE) it(`is not in ${id}`, () => expect(held(parts)).to.equal(undefined))

  it('RFC 1982 §3.2: is ahead of the current serial only when they are comparable', () => {
    expect([isAheadOf(8, 7), isAheadOf(7, 7), isAheadOf(6, 7), isAheadOf(0, 4294967295), isAheadOf(0x80000000, 0)]).to.deep.equal(
      [true, false, false, true, false],
    )
  })
})
