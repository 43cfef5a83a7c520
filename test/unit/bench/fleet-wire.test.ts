/** The messages of the simulated fleet, and what a simulated node accepts as proof of a version. */
import { expect } from 'chai'
import { decode } from 'dns-packet'
import fc from 'fast-check'
import { announcedSerial, clientSerial, CURRENT, readTransfer, REFUSED, UNUSABLE } from '../../../bench/fleet/received.js'
import { contentAnswer, zoneAbove } from '../../../bench/fleet/content.js'
import {
  axfrAnswer,
  axfrQuery,
  ixfrAnswer,
  ixfrQuery,
  notifyOf,
  shortAnswer,
  soaAnswer,
  soaQuery,
  zoneAt,
  zoneName,
  zoneOf,
} from '../../../bench/fleet/wire.js'
import { frame } from '../../../lib/dns/framing.js'
import { readMessage, writeQuery } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { RCODE } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'

const ZONE = 1_234_567
/** Without the length in front. */
const message = (framed: Buffer): Buffer => framed.subarray(2)
const query = message(ixfrQuery(7, ZONE, 4))

/** An answer of a hub to AXFR of zone 0 at serial 1: its names point to the first SOA. */
const POINTING = Buffer.from(
  [
    '000084000001000500000000087a3030303030303005666c656574076578616d706c650000fc0001',
    '087a3030303030303005666c656574076578616d706c65000006000100000e100027036e7331c0280a686f73746d6173746572c028',
    '0000000100000e100000025800093a800000012cc0280002000100000e100002c04ac04a0001000100000e100004c0000201',
    '03777777c0280001000100000e1000040a000001',
    'c0280006000100000e100018c04ac0500000000100000e100000025800093a800000012c',
  ].join(''),
  'hex',
)

describe('names of the fleet', () => {
  it('are read as the number that they were made from', () => {
    fc.assert(
      fc.property(
        fc.nat(9_999_999),
        (zone) => zoneAt(nameToWire(zoneName(zone)), 0) === zone && zoneOf(message(soaQuery(1, zone))) === zone,
      ),
    )
  })

  it('are read in upper case', () => {
    expect(zoneAt(nameToWire(zoneName(ZONE).toUpperCase()), 0)).to.equal(ZONE)
  })

  for (const name of [
    'z123456.fleet.example.',
    'z1234567.fleet.exampla.',
    'y1234567.fleet.example.',
    'z123456x.fleet.example.',
    '.',
  ])
    it(`do not include ${name}`, () => {
      expect(zoneAt(nameToWire(name), 0)).to.equal(-1)
    })
})

describe('messages of the fleet', () => {
  it('have the length of the message in front', () => {
    for (const framed of [query, soaAnswer(query, 5), axfrAnswer(query, 5), ixfrAnswer(query, 5, 4), shortAnswer(query, 5)].slice(
      1,
    ))
      expect(framed.readUInt16BE(0)).to.equal(framed.length - 2)
  })

  it('are a zone of four records in an answer to AXFR', () => {
    const { answers = [], id } = decode(message(axfrAnswer(query, 5)))
    expect(id).to.equal(7)
    expect(answers.map(({ type }) => type)).to.deep.equal(['SOA', 'NS', 'A', 'A', 'SOA'])
    expect(answers[3]).to.include({ name: `www.${zoneName(ZONE).slice(0, -1)}`, data: '10.0.0.5' })
  })

  it('are one difference sequence in an answer to IXFR', () => {
    const { answers = [] } = decode(message(ixfrAnswer(query, 0x010203, 4)))
    const shown = answers.map((each) => (each.type === 'SOA' ? each.data.serial : each.type === 'A' ? each.data : undefined))
    expect(shown).to.deep.equal([0x010203, 4, '10.0.0.4', 0x010203, '10.1.2.3', 0x010203])
  })

  it('are read without an error by the reader of the hub', () => {
    for (const each of [soaAnswer(query, 5), axfrAnswer(query, 5), ixfrAnswer(query, 5, 4), notifyOf(3, ZONE, 5)])
      expect(readMessage(message(each)).answer.length).to.be.greaterThan(0)
  })

  it('repeat the question in a refusal, and no more', () => {
    const refusal = decode(message(shortAnswer(query, RCODE.REFUSED)))
    expect(refusal).to.include({ id: 7, rcode: 'REFUSED', type: 'response' })
    expect([refusal.questions!.length, refusal.answers!.length, refusal.authorities!.length]).to.deep.equal([1, 0, 0])
  })

  it('answer a NOTIFY as NOTIFY', () => {
    expect(decode(message(shortAnswer(message(notifyOf(9, ZONE, 5)), RCODE.NOERROR)))).to.include({ id: 9, opcode: 'NOTIFY' })
  })

  it('name the serial of the client in IXFR, of the primary in NOTIFY', () => {
    expect(clientSerial(query, ZONE)).to.equal(4)
    expect(clientSerial(message(axfrQuery(7, ZONE)), ZONE)).to.equal(-1)
    expect(announcedSerial(message(notifyOf(1, ZONE, 99)), ZONE)).to.equal(99)
    expect(announcedSerial(message(soaQuery(1, ZONE)), ZONE)).to.equal(-1)
  })
})

describe('a simulated node', () => {
  /** The answer with another value at an octet. */
  const changed = (framed: Buffer, change: (octets: Buffer) => void): Buffer => {
    const copy = Buffer.from(message(framed))
    change(copy)
    return copy
  }

  it('has the serial of a whole zone, with an older version or none', () => {
    for (const had of [0, 3]) expect(readTransfer(message(axfrAnswer(query, 5)), ZONE, had)).to.equal(5)
  })

  it('has the serial of a difference from its own', () => {
    expect(readTransfer(message(ixfrAnswer(query, 9, 4)), ZONE, 4)).to.equal(9)
  })

  it('has no serial from a difference between others', () => {
    for (const had of [0, 3, 5]) expect(readTransfer(message(ixfrAnswer(query, 9, 4)), ZONE, had)).to.equal(UNUSABLE)
  })

  it('has no serial from an SOA alone', () => {
    expect(readTransfer(message(soaAnswer(query, 9)), ZONE, 4)).to.equal(UNUSABLE)
    expect(readTransfer(message(soaAnswer(query, 4)), ZONE, 4)).to.equal(CURRENT)
  })

  it('has no serial from a NOTIFY or a query', () => {
    for (const each of [notifyOf(1, ZONE, 9), ixfrQuery(1, ZONE, 9)])
      expect(readTransfer(message(each), ZONE, 4)).to.equal(UNUSABLE)
  })

  it('has no serial from the contents of another', () => {
    const answer = message(axfrAnswer(query, 5))
    const other = Buffer.from(answer)
    other[answer.indexOf(Buffer.from([10, 0, 0, 5])) + 3] = 4
    expect(readTransfer(other, ZONE, 0)).to.equal(UNUSABLE)
  })

  it('has no serial from a transfer without its last SOA', () => {
    for (const each of [axfrAnswer(query, 5), ixfrAnswer(query, 5, 4)])
      expect(
        readTransfer(
          changed(each, (octets) => octets.writeUInt16BE(octets.readUInt16BE(6) - 1, 6)),
          ZONE,
          4,
        ),
      ).to.equal(UNUSABLE)
  })

  it('has no serial from a transfer of another zone', () => {
    expect(readTransfer(message(axfrAnswer(query, 5)), ZONE + 1, 0)).to.equal(UNUSABLE)
  })

  it('has no serial from an error', () => {
    expect(readTransfer(message(shortAnswer(query, RCODE.SERVFAIL)), ZONE, 4)).to.equal(REFUSED)
    expect(
      readTransfer(
        changed(axfrAnswer(query, 5), (octets) => octets.writeUInt8(RCODE.REFUSED, 3)),
        ZONE,
        4,
      ),
    ).to.equal(REFUSED)
  })

  it('has no serial from a part of a transfer, wherever it ends', () => {
    for (const each of [axfrAnswer(query, 5), ixfrAnswer(query, 5, 4)].map(message))
      for (let end = 12; end < each.length; end++) expect(readTransfer(each.subarray(0, end), ZONE, 4)).to.equal(UNUSABLE)
  })

  it('has a serial from no octets that were not sent with it', () => {
    const answer = message(axfrAnswer(query, 5))
    fc.assert(
      fc.property(fc.integer({ min: 12, max: answer.length - 1 }), fc.nat(255), (at, octet) => {
        const copy = Buffer.from(answer)
        copy[at] = octet
        expect(readTransfer(copy, ZONE, 0)).to.be.oneOf([5, UNUSABLE])
      }),
    )
  })

  it('answers each record of a version as the transfer of that version has it', () => {
    const ask = (name: string, type: number) => {
      const question = message(Buffer.from(frame(writeQuery({ id: 1, apex: nameToWire(name), type, edns: true }))))
      expect(zoneAbove(question)).to.equal(ZONE)
      return readMessage(message(contentAnswer(question, ZONE, 5)))
    }
    const zone = zoneName(ZONE)
    const { answer } = readMessage(message(axfrAnswer(query, 5)))
    const owners = [zone, zone, `ns1.${zone}`, `www.${zone}`]
    const types = [TYPE.SOA, TYPE.NS, TYPE.A, TYPE.A]
    for (const [i, owner] of owners.entries()) expect(ask(owner, types[i]!).answer, owner).to.deep.equal([answer[i]])
    expect(ask(`none.${zone}`, TYPE.TXT).rcode).to.equal(RCODE.NXDOMAIN)
  })

  it('has the serial of a transfer whose names point to its own records', () => {
    expect(readTransfer(POINTING, 0, 0)).to.equal(1)
  })
})
