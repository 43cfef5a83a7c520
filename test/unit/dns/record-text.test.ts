/** Presentation form: printed by `show` and `diff`, and read back. */
import { expect } from 'chai'
import fc from 'fast-check'
import { RDATA_GRAMMAR } from '../../../lib/dns/rdata-grammar.js'
import { genericText, rdataText, recordText } from '../../../lib/dns/record-text.js'
import { TYPE, typeName, typeNumber } from '../../../lib/dns/rrtype.js'
import { octets } from '../../support/raw-message.js'
import { record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'
import { RDATA_CASES, storedCase } from './rdata-cases.js'

/** Types without a text form of their own, but with a name that every server knows. */
const NAMED = ['SVCB', 'HTTPS', 'APL', 'IPSECKEY', 'KEY', 'TYPE65280']

describe('the text of a record', () => {
  for (const row of RDATA_CASES) {
    const text = row.text ?? genericText(row.rdata)
    const type = row.text !== undefined || NAMED.includes(typeName(row.type)) ? typeName(row.type) : `TYPE${row.type}`
    it(`is printed and read back: ${row.id}`, () => {
      expect(rdataText(row.type, row.rdata)).to.equal(text)
      expect(recordText(storedCase(row), 0)).to.equal(`Case.example. 3600 IN ${type} ${text}`)
      expect(record(recordText(storedCase(row), 0)).equals(storedCase(row))).to.equal(true)
    })
  }

  it('has a case for every type with a grammar', () => {
    const cased = new Set(RDATA_CASES.filter(({ text }) => text !== undefined).map(({ type }) => type))
    expect(
      Array.from(RDATA_GRAMMAR.keys())
        .filter((type) => !cased.has(type))
        .map(typeName),
    ).to.deep.equal([])
  })

  it('RFC 3597 §5: has CLASSn for a class without a name', () => {
    const stored = record('a.example. 60 TXT "x"')
    for (const [klass, text] of [
      [3, 'CH'],
      [4, 'HS'],
      [254, 'CLASS254'],
    ] as const) {
      stored.writeUInt16BE(klass, 2 + stored[0]! + 2)
      expect(recordText(stored, 0)).to.equal(`a.example. 60 ${text} TXT "x"`)
    }
  })

  it('RFC 4034 §3.2: prints a time after 2038 from all 32 bits', () => {
    const rrsig = (seconds: string): string => rdataText(TYPE.RRSIG, octets(`0001 08 02 00000e10 ${seconds} 00000000 0001 00 aa`))
    expect(rrsig('ffffffff')).to.include(' 21060207062815 19700101000000 ')
    expect(rrsig('80000000')).to.include(' 20380119031408 ')
  })

  it('RFC 5952 §4.2: shortens the first of the longest runs of zeros in an IPv6 address, and no single zero', () => {
    const ip6 = (hex: string): string => rdataText(TYPE.AAAA, octets(hex))
    expect(ip6('20010db8 00000000 00010000 00000001')).to.equal('2001:db8::1:0:0:1')
    expect(ip6('20010db8 00000001 00000000 00000001')).to.equal('2001:db8:0:1::1')
    expect(ip6('20010db8 00000001 00010001 00010000')).to.equal('2001:db8:0:1:1:1:1:0')
    expect(ip6('20010db8 00000000 00000000 00000000')).to.equal('2001:db8::')
  })

  // RDATA that a server would misread or refuse is printed in the generic form (RFC 3597 §5).
  const MISFITS: readonly (readonly [id: string, type: string, hex: string])[] = [
    ['an A record of 5 octets', 'A', 'c000020101'],
    ['a name that does not end', 'NS', '0161'],
    ['a name and an octet more', 'CNAME', '016100ff'],
    ['a string longer than what is left', 'HINFO', '0161 0561'],
    ['TXT of nothing', 'TXT', ''],
    ['a DNSKEY without a key', 'DNSKEY', '0100 03 08'],
    ['a DS without a digest', 'DS', '0001 08 02'],
    ['a CAA tag with a space', 'CAA', '00 03 612062 78'],
    ['a CAA tag of nothing', 'CAA', '00 00 78'],
    ['a LOC record of version 1', 'LOC', '01 33 16 13 80000000 80000000 00989680'],
    ['RFC 1876 §2: a size with a power over 9', 'LOC', '00 1a 16 13 80000000 80000000 00989680'],
    ['RFC 1876 §2: a size with a mantissa over 9', 'LOC', '00 a1 16 13 80000000 80000000 00989680'],
    ['RFC 1876 §2: zero written with a power', 'LOC', '00 05 16 13 80000000 80000000 00989680'],
    ['RFC 1876 §2: a latitude over 90 degrees', 'LOC', '00 33 16 13 934fd901 80000000 00989680'],
    ['RFC 1876 §2: a longitude over 180 degrees', 'LOC', '00 33 16 13 80000000 594c4fff 00989680'],
    ['a bitmap that is cut short', 'NSEC', '00 00 02 40'],
    ['RFC 4034 §4.1.2: a bitmap that ends in an octet of zeros', 'NSEC', '00 00 02 4000'],
    ['RFC 4034 §4.1.2: a bitmap with its windows out of order', 'NSEC', '00 01 01 40 00 01 40'],
    ['RFC 4034 §4.1.2: a bitmap with one window twice', 'CSYNC', '00000042 0003 00 01 40 00 01 20'],
    [`RFC 4034 §4.1.2: a bitmap window of 33 octets`, 'NSEC', `00 00 21 ${'01'.repeat(33)}`],
    ['an NSEC3 salt longer than what is left', 'NSEC3PARAM', '01 00 0000 04 aabb'],
  ]
  for (const [id, type, hex] of MISFITS)
    it(`is generic for ${id}`, () => {
      expect(rdataText(typeNumber(type)!, octets(hex))).to.equal(genericText(octets(hex)))
    })

  it('is one line of plain characters for any octets, and reads back as the same octets', () => {
    const type = fc.oneof(fc.constantFrom(...RDATA_CASES.map((row) => row.type)), fc.nat(65_535))
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 60 }), (number, rdata) => {
        const text = rdataText(number, Buffer.from(rdata))
        expect(text).to.match(/^[\x20-\x7e]+$/)
        const stored = record(`x.example. 1 ${typeName(number)} ${text}`)
        expect(stored.subarray(stored.length - rdata.length).equals(rdata), text).to.equal(true)
      }),
      seededRuns(2000),
    )
  })
})
