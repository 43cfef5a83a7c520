/** Small messages: written by Zonecast and read by Zonecast and by dns-packet; and malformed messages. */
import dnsPacket from 'dns-packet'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  findSoa,
  OPTION,
  opcodeOf,
  rcodeOf,
  readHeader,
  readMessage,
  readQuestion,
  soaOf,
  UDP_PAYLOAD,
  writeAnswer,
  writeNotify,
  writeOpt,
  writeQuery,
} from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { FLAG, OPCODE, RCODE } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { ZonecastError } from '../../../lib/errors.js'
import { answersIn, conversationNames, readConversation, requestIn } from '../../support/conversation.js'
import { expectError } from '../../support/expect-error.js'
import { octets, question, rawMessage, rawRecord, wire } from '../../support/raw-message.js'
import { record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'

const APEX = nameToWire('Example.')
const SOA = record('example. 300 SOA ns1.example. host.example. 4294967295 7200 900 1209600 60')
const ROOT = Buffer.from([0])

describe('a header', () => {
  it('RFC 1035 §4.1.1: has its six words in order', () => {
    expect(readHeader(octets('beef 8583 0001 0002 0003 0004'))).to.deep.equal({
      id: 0xbeef,
      flags: 0x8583,
      questions: 1,
      answers: 2,
      authorities: 3,
      additionals: 4,
    })
    expect(opcodeOf(0x2400)).to.equal(OPCODE.NOTIFY)
    expect(rcodeOf(0x8585)).to.equal(RCODE.REFUSED)
  })

  it('needs 12 octets', async () => {
    for (const n of [0, 1, 11]) await expectError('WIRE_TRUNCATED', () => readHeader(Buffer.alloc(n)), { at: n })
  })
})

describe('a question', () => {
  it('keeps its letter case and returns the offset of its end', () => {
    const message = rawMessage({ questions: [question('ExAmple.', 'IXFR', 3)], trailing: Buffer.alloc(4) })
    const { name, type, class: klass, end } = readQuestion(message)
    expect([name.toString('latin1'), type, klass, end]).to.deep.equal(['\x07ExAmple\0', TYPE.IXFR, 3, 25])
  })

  it('is refused when it is cut short anywhere', async () => {
    const whole = rawMessage({ questions: [question('example.', 'SOA')] })
    for (let n = 12; n < whole.length; n++) await expectError('WIRE_TRUNCATED', () => readMessage(whole.subarray(0, n)))
  })
})

describe('a query', () => {
  it('RFC 1995 §3: by IXFR has the current SOA in its authority section', () => {
    const message = readMessage(writeQuery({ id: 7, apex: APEX, type: TYPE.IXFR, currentSoa: SOA, edns: false }))
    expect([message.id, message.flags, message.questions, message.authorities]).to.deep.equal([7, 0, 1, 1])
    expect(message.authority[0]!.equals(SOA)).to.equal(true)
    expect(message.question!.name.equals(APEX)).to.equal(true)
  })

  it('RFC 7314 §2: with EDNS requests EXPIRE by an empty option', () => {
    const { edns } = readMessage(writeQuery({ id: 7, apex: APEX, type: TYPE.SOA, edns: true }))
    expect(edns).to.deep.include({ payload: UDP_PAYLOAD, version: 0 })
    expect(edns!.options.get(OPTION.EXPIRE)!.length).to.equal(0)
  })

  it('is readable for dns-packet', () => {
    const decoded = dnsPacket.decode(writeQuery({ id: 7, apex: APEX, type: TYPE.IXFR, currentSoa: SOA, edns: true }))
    expect(decoded).to.deep.include({ id: 7, type: 'query', opcode: 'QUERY', flag_rd: false })
    expect(decoded.questions).to.deep.equal([{ name: 'Example', type: 'IXFR', class: 'IN' }])
    expect(decoded.authorities![0]).to.deep.include({ name: 'example', type: 'SOA', ttl: 300 })
    expect(decoded.additionals!.length).to.equal(1)
  })
})

describe('a NOTIFY', () => {
  it('RFC 1996 §3.7: has opcode 4, AA, one question and the new SOA in its answer section', () => {
    const message = readMessage(writeNotify(9, APEX, SOA))
    expect([message.id, opcodeOf(message.flags), message.flags & FLAG.AA, message.questions]).to.deep.equal([9, 4, FLAG.AA, 1])
    expect(findSoa(message.answer, nameToWire('EXAMPLE.'))!.serial).to.equal(4294967295)
    expect(readMessage(writeNotify(9, APEX, undefined)).answer).to.deep.equal([])
  })
})

describe('an answer', () => {
  const request = {
    id: 0x1234,
    flags: (OPCODE.NOTIFY << 11) | FLAG.RD,
    question: readQuestion(rawMessage({ questions: [question('eXample.', 'SOA')] })),
  }

  it('copies id, opcode, RD and question, letter case included', () => {
    const message = readMessage(writeAnswer({ request, rcode: RCODE.NOTAUTH, authoritative: true, truncated: true }))
    expect(message.id).to.equal(0x1234)
    expect(message.flags).to.equal(FLAG.QR | (4 << 11) | FLAG.AA | FLAG.TC | FLAG.RD | RCODE.NOTAUTH)
    expect(message.question!.name.toString('latin1')).to.equal('\x07eXample\0')
  })

  it('RFC 6891 §6.1.3: has the upper bits of its RCODE in the OPT record', () => {
    const message = readMessage(writeAnswer({ request, rcode: RCODE.BADVERS, edns: { options: [] } }))
    expect(message.flags & 15).to.equal(0)
    expect(message.rcode).to.equal(RCODE.BADVERS)
    expect(message.edns!.version).to.equal(0)
  })

  it('is readable for dns-packet', () => {
    const option = { code: OPTION.EXPIRE, data: octets('00000e10') }
    const decoded = dnsPacket.decode(
      writeAnswer({ request, rcode: 0, authoritative: true, answer: [SOA], edns: { options: [option] } }),
    )
    expect(decoded).to.deep.include({ type: 'response', opcode: 'NOTIFY', flag_aa: true, rcode: 'NOERROR' })
    const { data } = decoded.answers![0] as dnsPacket.SoaAnswer
    expect(data).to.deep.include({ mname: 'ns1.example', rname: 'host.example', serial: 4294967295, expire: 1209600 })
    const [opt] = decoded.additionals as unknown as { options: { code: number; data: Buffer }[] }[]
    expect(opt!.options[0]!.data.toString('hex')).to.equal('00000e10')
  })
})

describe('the SOA of a zone', () => {
  it('RFC 1035 §3.3.13: has its numbers in order', () => {
    const { stored, ...fields } = soaOf(SOA)
    expect(fields).to.deep.equal({ serial: 4294967295, refresh: 7200, retry: 900, expire: 1209600, minimum: 60 })
    expect(stored.equals(SOA)).to.equal(true)
    expect(soaOf(Buffer.concat([SOA, SOA]), SOA.length).serial).to.equal(4294967295)
  })

  it('is found among answers by its owner, whatever the letter case', () => {
    const others = [record('example. 60 A 192.0.2.1'), record('sub.example. 60 SOA . . 1 2 3 4 5')]
    expect(findSoa(others, APEX)).to.equal(undefined)
    expect(findSoa([...others, SOA], APEX)!.serial).to.equal(4294967295)
  })
})

describe('EDNS', () => {
  const withOpts = (...opts: Buffer[]): Buffer => rawMessage({ questions: [question('example.', 'SOA')], additionals: opts })
  const opt = (hex: string, owner: Buffer = ROOT): Buffer => rawRecord(owner, TYPE.OPT, octets(hex), { klass: 1232, ttl: 0 })

  it('RFC 6891 §6.1.2: has options by code: the last of several counts, unknown ones are kept', () => {
    const options = [
      { code: 9, data: Buffer.alloc(0) },
      { code: 65_001, data: octets('0102') },
      { code: 9, data: octets('00000001') },
    ]
    const { edns } = readMessage(withOpts(writeOpt(options, 0, 4096)))
    expect(edns!.payload).to.equal(4096)
    expect(Array.from(edns!.options, ([code, data]) => [code, data.toString('hex')])).to.deep.equal([
      [9, '00000001'],
      [65_001, '0102'],
    ])
  })

  it('RFC 6891 §6.1.3: has its version in the second octet of the TTL, whatever the first octet is', () => {
    for (const ttl of [0x00010000, 0x01010000, 0xff018000])
      expect(
        readMessage(withOpts(rawRecord(ROOT, TYPE.OPT, Buffer.alloc(0), { klass: 512, ttl }))).edns!.version,
        `TTL ${ttl}`,
      ).to.equal(1)
  })

  const BAD: readonly (readonly [id: string, message: Buffer])[] = [
    ['RFC 6891 §6.1.1: two OPT records', withOpts(opt(''), opt(''))],
    ['RFC 6891 §6.1.2: an OPT record with an owner', withOpts(opt('', nameToWire('example.')))],
    ['an option cut inside its head', withOpts(opt('0009 00'))],
    ['an option longer than the record', withOpts(opt('0009 0004 000000'))],
  ]
  for (const [id, message] of BAD)
    it(`refuses ${id}`, async () => {
      await expectError('WIRE_FORMAT', () => readMessage(message), { reason: 'bad OPT' })
    })
})

describe('a message', () => {
  const ASKED = [question('example.', 'SOA')]
  const BAD: readonly (readonly [id: string, code: string, message: Buffer])[] = [
    ['of nothing', 'WIRE_TRUNCATED', Buffer.alloc(0)],
    ['of 11 octets', 'WIRE_TRUNCATED', Buffer.alloc(11)],
    ['with two questions', 'WIRE_FORMAT', rawMessage({ questions: [...ASKED, ...ASKED] })],
    ['with 65,535 questions', 'WIRE_FORMAT', rawMessage({ questions: ASKED, counts: { questions: 65_535 } })],
    ['with a question it does not have', 'WIRE_TRUNCATED', rawMessage({ counts: { questions: 1 } })],
    ['with an answer it does not have', 'WIRE_TRUNCATED', rawMessage({ questions: ASKED, counts: { answers: 1 } })],
    [
      'with an additional record it does not have',
      'WIRE_TRUNCATED',
      rawMessage({ questions: ASKED, counts: { additionals: 1 } }),
    ],
    ['with an octet behind its end', 'WIRE_FORMAT', rawMessage({ questions: ASKED, trailing: Buffer.alloc(1) })],
    [
      'with a record its counts leave out',
      'WIRE_FORMAT',
      rawMessage({ questions: ASKED, answers: [wire('a. 1 A 192.0.2.1')], counts: { answers: 0 } }),
    ],
    ['with 2,049 records', 'WIRE_OVERSIZE', rawMessage({ answers: Array(2049).fill(wire('a. 1 A 192.0.2.1')) })],
    [
      'with three times 65,535 records',
      'WIRE_OVERSIZE',
      rawMessage({ counts: { answers: 65_535, authorities: 65_535, additionals: 65_535 } }),
    ],
    [
      'with an SOA of 15 octets',
      'WIRE_BAD_RDATA',
      rawMessage({ questions: ASKED, answers: [rawRecord(ROOT, TYPE.SOA, Buffer.alloc(15))] }),
    ],
    [
      'with an SOA of 60,000 octets',
      'WIRE_BAD_RDATA',
      rawMessage({ questions: ASKED, authorities: [rawRecord(ROOT, TYPE.SOA, Buffer.alloc(60_000))] }),
    ],
  ]
  for (const [id, code, message] of BAD)
    it(`is refused with ${code}: ${id}`, async () => {
      await expectError(code, () => readMessage(message))
    })

  it('has room for 70 name servers with two addresses each and their signatures', () => {
    const times = (count: number, line: string) => Array(count).fill(wire(line))
    const message = readMessage(
      rawMessage({
        questions: ASKED,
        answers: [wire('a. 1 A 192.0.2.1')],
        authorities: times(70, 'a. 1 NS b.'),
        additionals: [...times(280, 'b. 1 A 192.0.2.2'), writeOpt()],
      }),
    )
    expect([message.answer.length, message.authority.length, message.edns?.version]).to.deep.equal([1, 70, 0])
  })

  it('may have no question, and 2,048 records', () => {
    const message = readMessage(rawMessage({ flags: 0x8001, answers: Array(2048).fill(wire('a. 1 A 192.0.2.1')) }))
    expect(message.question).to.equal(undefined)
    expect(message.answer.length).to.equal(2048)
  })

  it('has its records by section, without TSIG and OPT', () => {
    const message = readMessage(
      rawMessage({
        questions: ASKED,
        answers: [wire('a. 1 A 192.0.2.1')],
        authorities: [wire('b. 1 NS a.')],
        additionals: [writeOpt(), wire('a. 1 AAAA ::1'), rawRecord(ROOT, TYPE.TSIG, Buffer.alloc(3), { klass: 255 })],
      }),
    )
    expect(message.answer.map((stored) => stored.equals(record('a. 1 A 192.0.2.1')))).to.deep.equal([true])
    expect(message.authority.map((stored) => stored.equals(record('b. 1 NS a.')))).to.deep.equal([true])
    expect(message.edns).to.not.equal(undefined)
  })

  it('from a real program is read: queries, NOTIFYs and small answers', () => {
    let read = 0
    for (const name of conversationNames()) {
      const conversation = readConversation(name)
      expect(readMessage(requestIn(conversation)).question, name).to.not.equal(undefined)
      if (!/^(soa|bad|notify|ixfr-current|axfr-(refused|foreign))/.test(name)) continue
      for (const answer of answersIn(conversation)) {
        expect(readMessage(answer).flags & FLAG.QR, name).to.equal(FLAG.QR)
        read += 1
      }
    }
    expect(read).to.be.greaterThan(20)
  })

  it('of random octets is read, or refused by a WireError', () => {
    const seeds = conversationNames().map((name) => requestIn(readConversation(name)))
    const mutated = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat())
      .map(([seed, changes, cut]) => {
        const message = Buffer.from(seed.subarray(0, seed.length - (cut % 40)))
        for (const [at, value] of changes) message[at % message.length] = value
        return message
      })
    fc.assert(
      fc.property(mutated, (message) => {
        try {
          readMessage(message)
        } catch (error) {
          if (!(error instanceof ZonecastError)) throw error
          expect(error.code).to.match(/^WIRE_/)
        }
      }),
      seededRuns(1000),
    )
  })
})
