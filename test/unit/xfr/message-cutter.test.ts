/** Splitting records into messages: each is readable alone, no record is lost or changed, and names are compressed where allowed. */
import dnsPacket from 'dns-packet'
import { expect } from 'chai'
import fc from 'fast-check'
import { HEADER_OCTETS, readHeader, readQuestion } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { PART, shapeOf } from '../../../lib/dns/rdata-shape.js'
import { recordText } from '../../../lib/dns/record-text.js'
import { TYPE, typeName } from '../../../lib/dns/rrtype.js'
import { MESSAGE_OCTETS, MessageCutter, type PreparedMessages } from '../../../lib/xfr/message-cutter.js'
import { arbitraryRecord } from '../../support/arbitrary-zone.js'
import { expectError } from '../../support/expect-error.js'
import { messagesOf, pointersIn } from '../../support/prepared.js'
import { readStored } from '../../support/raw-message.js'
import { record, storedFrom } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'
import { APEX } from '../../support/transfer-script.js'
import { RDATA_CASES, storedCase } from '../dns/rdata-cases.js'

function cut(records: readonly Buffer[]): PreparedMessages {
  const cutter = new MessageCutter(APEX, TYPE.AXFR)
  for (const stored of records) cutter.add(stored, 0)
  return cutter.finish()
}

/** The records of each message, read from it alone. */
function recordsOf(prepared: PreparedMessages): Buffer[][] {
  return messagesOf(prepared).map((message) => {
    const { questions, answers } = readHeader(message)
    const records: Buffer[] = []
    let at = questions === 0 ? HEADER_OCTETS : readQuestion(message).end
    for (let i = 0; i < answers; i++) {
      const { stored, next } = readStored(message, at)
      records.push(stored)
      at = next
    }
    expect(at, 'the message ends with its last record').to.equal(message.length)
    return records
  })
}

function expectSound(prepared: PreparedMessages): void {
  const messages = messagesOf(prepared)
  expect(messages.length).to.equal(prepared.messages)
  expect(Math.max(...messages.map((message) => message.length))).to.equal(prepared.largest)
  expect(messages.reduce((sum, message) => sum + message.length + 2, 0)).to.equal(prepared.octets)
  for (const [i, message] of messages.entries()) {
    expect(message.length, `message ${i}`).to.be.at.most(0xffff)
    if (readHeader(message).answers > 1) expect(message.length, `message ${i}`).to.be.at.most(MESSAGE_OCTETS)
    for (const { at, to } of pointersIn(message)) {
      expect(to, `message ${i}: a pointer goes back`).to.be.lessThan(at)
      expect(to, `message ${i}: a pointer goes behind the header`).to.be.at.least(HEADER_OCTETS)
    }
  }
}

const texts = (records: readonly Buffer[]): string[] => records.map((stored) => recordText(stored, 0))
const hosts = (count: number, rdata: string): Buffer[] =>
  Array.from({ length: count }, (_, i) => record(`host${i}.example. 60 ${rdata}`))

describe('messages of a transfer', () => {
  it('RFC 5936 §2.2.1: are answers with AA, RCODE 0, one question in the first and none later', () => {
    const messages = messagesOf(cut(hosts(500, 'TXT "some words to fill it"')))
    expect(messages.length).to.be.greaterThan(1)
    for (const [i, message] of messages.entries())
      expect(readHeader(message), `message ${i}`).to.deep.include({
        flags: 0x8400,
        questions: i === 0 ? 1 : 0,
        authorities: 0,
        additionals: 0,
      })
    const asked = readQuestion(messages[0]!)
    expect([asked.name.equals(APEX), asked.type, asked.class]).to.deep.equal([true, TYPE.AXFR, 1])
  })

  it('have every record of every type unchanged', () => {
    const records = RDATA_CASES.map((row, i) => storedCase(row, `Owner${i}.Example.`))
    const prepared = cut(records)
    expectSound(prepared)
    expect(recordsOf(prepared).flat().map(String)).to.deep.equal(records.map(String))
    expect(prepared.records).to.equal(records.length)
  })

  it('have random records unchanged, in their order', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { minLength: 1, maxLength: 300 }), (records) => {
        const prepared = cut(records)
        expectSound(prepared)
        expect(texts(recordsOf(prepared).flat())).to.deep.equal(texts(records))
      }),
      seededRuns(),
    )
  })

  it('are readable for dns-packet', () => {
    const records = hosts(3, 'MX 10 Mail.example.')
    const decoded = dnsPacket.decode(messagesOf(cut(records))[0]!)
    expect(decoded.answers!.map(({ name }) => name)).to.deep.equal(['host0.example', 'host1.example', 'host2.example'])
    expect(decoded.answers!.map((answer) => (answer as dnsPacket.MxAnswer).data.exchange)).to.deep.equal(
      Array(3).fill('Mail.example'),
    )
  })
})

describe('names in messages of a transfer', () => {
  const MAY = 'NS CNAME SOA PTR MX MB MG MR MINFO MD MF'.split(' ')

  it('RFC 3597 §4: are compressed in RDATA of the types of RFC 1035 and of no other', () => {
    // Every name is in the message before it is repeated.
    const twice = RDATA_CASES.flatMap((row) => [storedCase(row), storedCase(row)])
    const inside = new Set(
      messagesOf(cut(twice))
        .flatMap(pointersIn)
        .flatMap((pointer) => (pointer.inside === 'owner' ? [] : typeName(pointer.inside))),
    )
    expect([...inside].sort()).to.deep.equal(MAY.toSorted())
    const known = RDATA_CASES.filter(({ type }) => shapeOf(type)?.includes(PART.NAME)).map(({ type }) => typeName(type))
    expect([...new Set(known)].sort()).to.deep.equal(MAY.toSorted())
  })

  it('RFC 1035 §4.1.4: never point past octet 16,383, nor out of their message', () => {
    const large = (n: number): Buffer => record(`big${n}.example. 60 TYPE65280 \\# 15000 ${'00'.repeat(15_000)}`)
    const records = [
      large(1),
      ...hosts(40, 'NS ns1.example.'),
      large(2),
      large(3),
      ...hosts(2000, 'NS ns.of.the.same.name.example.'),
    ]
    const prepared = cut(records)
    expectSound(prepared)
    expect(texts(recordsOf(prepared).flat())).to.deep.equal(texts(records))
  })

  it('RFC 1035 §4.1.4: are uncompressed in a message far over 16,383 octets where a pointer does not reach', () => {
    const records = [
      record(`big.example. 60 TYPE65280 \\# 60000 ${'00'.repeat(60_000)}`),
      record('first.example. 60 NS first.example.'),
      record('first.example. 60 NS second.example.'),
    ]
    const prepared = cut(records)
    expectSound(prepared)
    expect(texts(recordsOf(prepared).flat())).to.deep.equal(texts(records))
  })

  it('RFC 4343 §4.1: keep their own letter case', () => {
    const records = [
      'www.example. 60 NS MAIL.Example.',
      'WWW.Example. 60 NS mail.example.',
      'www.EXAMPLE. 60 NS MAIL.EXAMPLE.',
      'x.WWW.example. 60 CNAME www.example.',
      'EXAMPLE. 60 NS Www.Example.',
    ].map(record)
    const prepared = cut(records)
    expectSound(prepared)
    expect(texts(recordsOf(prepared).flat())).to.deep.equal(texts(records))
  })

  it('are short: a repeated owner needs two octets', () => {
    const [message] = messagesOf(cut(hosts(200, 'A 192.0.2.1').flatMap((stored) => [stored, stored])))
    // A record under a new owner: label, pointer, 10 octets, address; under the same owner: pointer alone.
    const perPair = 'host100'.length + 1 + 2 + 14 + (2 + 14)
    expect(message!.length).to.be.lessThan(40 + 200 * perPair)
  })

  it('are found again, however many there were', () => {
    // More suffixes than the table has room for.
    const records = Array.from({ length: 1500 }, (_, i) => record(`${i.toString(36)}. 60 NS ${(i * 7).toString(36)}.`))
    const prepared = cut(records)
    expectSound(prepared)
    expect(texts(recordsOf(prepared).flat())).to.deep.equal(texts(records))
  })

  it('may have 255 octets, 127 labels, labels of 63 octets, and be the root', () => {
    const long = `${`${'a'.repeat(63)}.`.repeat(3)}${'b'.repeat(61)}.`
    const deep = 'a.'.repeat(127)
    const records = [`${long} 60 NS ${long}`, `${deep} 60 NS ${deep}`, '. 60 NS .', '. 60 NS a.'].map(record)
    const prepared = cut(records)
    expectSound(prepared)
    expect(texts(recordsOf(prepared).flat())).to.deep.equal(texts(records))
  })
})

describe('large records in messages of a transfer', () => {
  const ofOctets = (rdlength: number, owner = 'big.example.'): Buffer =>
    storedFrom(nameToWire(owner), 65_280, 60, Buffer.alloc(rdlength, 0x61))
  const soa = record('example. 60 SOA ns.example. h.example. 1 2 3 4 5')

  it('are alone in a message, with small ones before and after', () => {
    const prepared = cut([soa, ofOctets(60_000), ...hosts(10, 'A 192.0.2.1'), ofOctets(16_000), soa])
    expectSound(prepared)
    expect(recordsOf(prepared).map((records) => records.length)).to.deep.equal([1, 1, 10, 1, 1])
  })

  it('may fill a message to its last octet', () => {
    // Header 12, owner 13, fixed part 10.
    const most = 0xffff - 12 - nameToWire('big.example.').length - 10
    const prepared = cut([soa, ofOctets(most), soa])
    expectSound(prepared)
    expect(prepared.largest).to.equal(0xffff)
  })

  it('are an error at once when they fit no message', async () => {
    const most = 0xffff - 12 - nameToWire('big.example.').length - 10
    await expectError('WIRE_OVERSIZE', () => cut([soa, ofOctets(most + 1), soa]), { octets: 0x10000 })
    await expectError('WIRE_OVERSIZE', () => cut([soa, ofOctets(0xffff)]))
  })

  it('may be many, in block after block', () => {
    const records = Array.from({ length: 40 }, (_, i) => ofOctets(30_000 + i))
    const prepared = cut(records)
    expectSound(prepared)
    expect(prepared.blocks.length).to.be.greaterThan(3)
    expect(
      recordsOf(prepared)
        .flat()
        .map((stored) => stored.length),
    ).to.deep.equal(records.map((stored) => stored.length))
  })

  it('leave room for a signature when a message has more than one record', () => {
    for (const message of messagesOf(cut(hosts(5000, 'TXT "some words"'))))
      expect(message.length).to.be.at.most(MESSAGE_OCTETS - 300)
  })

  it('make no message when there are none', () => {
    expect(cut([])).to.deep.include({ messages: 0, records: 0, octets: 0 })
  })
})
