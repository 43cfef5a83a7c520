/** Reading records: RDATA of every known type unchanged, cut short and too long, and records that are refused. */
import dnsPacket from 'dns-packet'
import { expect } from 'chai'
import fc from 'fast-check'
import { RecordReader } from '../../../lib/dns/record-reader.js'
import { storedClass, storedLength, storedOwner, storedTtl, storedType } from '../../../lib/dns/record.js'
import { shapeOf } from '../../../lib/dns/rdata-shape.js'
import { isMetaType, TYPE, typeName, typeNumber } from '../../../lib/dns/rrtype.js'
import { ZonecastError } from '../../../lib/errors.js'
import { expectError } from '../../support/expect-error.js'
import { octets, rawMessage, rawRecord, readStored, wire } from '../../support/raw-message.js'
import { seededRuns } from '../../support/seed.js'
import { RDATA_CASES, storedCase } from './rdata-cases.js'

const OWNER = octets('04 43617365 07 6578616d706c65 00')

/** A message with one record of this RDATA; `rdlength` may be false. */
const messageWith = (type: number, rdata: Buffer, options: Parameters<typeof rawRecord>[3] = {}): Buffer =>
  rawMessage({ answers: [rawRecord(OWNER, type, rdata, { ttl: 3600, ...options })] })

/** Types whose RDATA dns-packet reads and writes octet by octet. */
const SECOND_OPINION = 'A AAAA NS PTR DNAME SOA MX SRV DS DNSKEY RRSIG NSEC NSEC3 SSHFP TLSA NAPTR RP CAA HINFO'.split(' ')

describe('reading a record', () => {
  it('has a case for every type with a layout', () => {
    const withLayout = Object.values(TYPE).filter((type) => shapeOf(type) !== undefined)
    const cased = new Set(RDATA_CASES.map(({ type }) => type))
    expect(withLayout.filter((type) => !cased.has(type)).map(typeName)).to.deep.equal([])
  })

  for (const row of RDATA_CASES) {
    const { id, type, rdata } = row
    it(`keeps ${id} unchanged`, () => {
      const { stored, next } = readStored(messageWith(type, rdata), 12)
      expect(stored.equals(storedCase(row))).to.equal(true)
      expect(next).to.equal(12 + OWNER.length + 10 + rdata.length)
    })

    it(`refuses ${id} cut short anywhere, or reads exactly the octets that are left`, () => {
      for (let n = 0; n < rdata.length; n++) {
        const cut = rdata.subarray(0, n)
        try {
          const { stored } = readStored(messageWith(type, cut), 12)
          expect(stored.subarray(stored.length - n).equals(cut), `${n} octets`).to.equal(true)
        } catch (error) {
          expect((error as ZonecastError).code, `${n} octets`).to.match(/^WIRE_/)
        }
      }
    })

    it(`refuses ${id} when the message ends inside it`, async () => {
      const whole = messageWith(type, rdata)
      for (let n = 12; n < whole.length; n++) await expectError('WIRE_TRUNCATED', () => readStored(whole.subarray(0, n), 12))
    })
  }

  for (const row of RDATA_CASES.filter(({ type }) => SECOND_OPINION.includes(typeName(type))))
    it(`agrees with dns-packet, which reads and writes ${row.id}`, () => {
      const message = messageWith(row.type, row.rdata)
      const again = dnsPacket.encode(dnsPacket.decode(message))
      const { stored } = readStored(again, 12)
      expect(stored.equals(storedCase(row))).to.equal(true)
    })

  // The last octet of these belongs to a part with its own length: one octet more does not fit.
  for (const row of RDATA_CASES.filter(({ type }) => (shapeOf(type)?.at(-1) ?? -6) > -4))
    it(`refuses ${row.id} with an octet too many`, async () => {
      const rdata = Buffer.concat([row.rdata, Buffer.from([0])])
      await expectError('WIRE_BAD_RDATA', () => readStored(messageWith(row.type, rdata), 12), { type: row.type })
    })
})

describe('a record', () => {
  const line = 'WwW.example. 300 A 192.0.2.1'

  it('returns its parts from the stored form', () => {
    const { stored } = readStored(rawMessage({ answers: [wire(line)] }), 12)
    expect(storedType(stored, 0)).to.equal(TYPE.A)
    expect(storedClass(stored, 0)).to.equal(1)
    expect(storedTtl(stored, 0)).to.equal(300)
    expect(storedOwner(stored, 0).toString('latin1')).to.equal('\x03WwW\x07example\0')
    expect(storedLength(stored, 0)).to.equal(stored.length)
  })

  it('RFC 2181 §8: with a TTL over 2³¹−1 is read with a TTL of 0', () => {
    for (const [ttl, taken] of [
      [0x7fffffff, 0x7fffffff],
      [0x80000000, 0],
      [0xffffffff, 0],
    ] as const)
      expect(storedTtl(readStored(messageWith(1, octets('c0000201'), { ttl }), 12).stored, 0), `TTL ${ttl}`).to.equal(taken)
  })

  it('RFC 1035 §4.1.4: is the same with a pointer as with the name written out', () => {
    const arbitraryOwners = fc.array(
      fc.record({ inline: fc.boolean(), label: fc.nat(2), back: fc.nat(5), keeps: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 12,
      },
    )
    fc.assert(
      fc.property(arbitraryOwners, (owners) => {
        const parts = [Buffer.alloc(12)]
        const targets: number[] = []
        let at = 12
        for (const { inline, label, back } of owners) {
          const target = targets[targets.length - 1 - (back % Math.max(1, targets.length))]
          const isInline = inline || target === undefined
          const owner = isInline
            ? Buffer.from(`\x02a${label}\x01z\0`, 'latin1')
            : Buffer.from([0xc0 | (target >> 8), target & 255])
          // The target is a complete name, or a name without its first label.
          if (isInline) targets.push(at, at + 3)
          const record = Buffer.concat([owner, octets('0001 0001 0000012c 0004'), Buffer.from([10, 0, 0, label])])
          parts.push(record)
          at += record.length
        }
        const message = Buffer.concat(parts)
        const reader = new RecordReader()
        const out = Buffer.alloc(1 << 17)
        let filled = 0
        at = 12
        for (const { keeps } of owners) {
          reader.read(message, at, out, filled)
          const alone = readStored(message, at)
          expect(out.toString('hex', filled, filled + reader.length)).to.equal(alone.stored.toString('hex'))
          at = reader.next
          // Unused records are overwritten.
          if (keeps) filled += reader.length
        }
      }),
      seededRuns(500),
    )
  })

  const BAD: readonly (readonly [id: string, type: string, hex: string])[] = [
    ['an A record of 5 octets', 'A', 'c000020101'],
    ['an A record of nothing', 'A', ''],
    ['an AAAA record of 4 octets', 'AAAA', 'c0000201'],
    ['a TXT record without a string', 'TXT', ''],
    ['a TXT record whose last string is longer than what is left', 'TXT', '0161 0562'],
    ['an SOA record with 16 octets of numbers', 'SOA', `00 00 ${'00'.repeat(16)}`],
    ['an SOA record with 24 octets of numbers', 'SOA', `00 00 ${'00'.repeat(24)}`],
    ['an NS record with two names', 'NS', '0000'],
    ['a CAA record whose tag is longer than it', 'CAA', '00 0a 6973'],
    ['a DS record without a digest', 'DS', '000a 08 02'],
    ['an NSEC3 record without a hash', 'NSEC3', '01 00 0000 00'],
    ['RFC 4034 §4.1.2: a bitmap whose windows fall', 'NSEC', '00 01 01 40 00 01 40'],
    ['RFC 4034 §4.1.2: a bitmap with the same window twice', 'NSEC', '00 00 01 40 00 01 40'],
    ['RFC 4034 §4.1.2: a window of no octets', 'NSEC', '00 00 00'],
    ['RFC 4034 §4.1.2: a window of 33 octets', 'NSEC', `00 00 21 ${'01'.repeat(33)}`],
    ['RFC 4034 §4.1.2: a window that runs past the end', 'NSEC', '00 00 02 40'],
    ['RFC 9460 §2.2: service parameters that do not rise', 'SVCB', '0001 00 0003 0002 0035 0001 0003 02 6832'],
    ['RFC 9460 §2.2: a service parameter that runs past the end', 'SVCB', '0001 00 0001 0009 02 6832'],
    ['RFC 9460 §2.2: a service parameter cut inside its length', 'SVCB', '0001 00 0001 00'],
    ['an L64 record of 9 octets', 'L64', '000a 00112233445566'],
  ]
  for (const [id, type, hex] of BAD)
    it(`is not ${id}`, async () => {
      const number = typeNumber(type)!
      await expectError('WIRE_BAD_RDATA', () => readStored(messageWith(number, octets(hex)), 12), { type: number })
    })

  it('is refused when its RDATA ends inside a name', async () => {
    for (const hex of ['', '000a', '000a 01', '000a 0161', '000a 0161c0'])
      await expectError(hex === '' ? 'WIRE_BAD_RDATA' : 'WIRE_TRUNCATED', () => readStored(messageWith(TYPE.MX, octets(hex)), 12))
  })

  it('is refused when its RDLENGTH reaches over the end of the message', async () => {
    await expectError('WIRE_TRUNCATED', () => readStored(messageWith(16, octets('0161'), { rdlength: 3 }), 12))
  })

  it('RFC 3597 §3: may have any RDATA in an unknown type, up to 65,535 octets', () => {
    for (const size of [0, 1, 65_535]) {
      const rdata = Buffer.alloc(size, 0xc0)
      const { stored } = readStored(messageWith(65_280, rdata), 12)
      expect(stored.length, `${size} octets`).to.equal(2 + OWNER.length + 10 + size)
    }
  })

  it('is refused when it has more than 65,535 octets uncompressed', async () => {
    // SIG has a name and 65,513 octets behind it: the uncompressed name makes it too long.
    const owner = octets('3f'.concat('61'.repeat(63), '07 6578616d706c65 00'))
    const rdata = Buffer.concat([Buffer.alloc(18), octets('c00c'), Buffer.alloc(65_500, 1)])
    const message = rawMessage({ answers: [rawRecord(owner, TYPE.SIG, rdata)] })
    await expectError('WIRE_BAD_RDATA', () => readStored(message, 12), { type: TYPE.SIG })
  })

  it('of random octets is read or refused, and never read past its end', () => {
    const type = fc.oneof(fc.constantFrom(...RDATA_CASES.map((row) => row.type)), fc.nat(65_535))
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 80 }), fc.nat(90), (number, rdata, rdlength) => {
        const message = messageWith(number, Buffer.from(rdata), { rdlength })
        try {
          const { next, stored } = readStored(message, 12)
          expect(next).to.be.at.most(message.length)
          expect(storedLength(stored, 0)).to.equal(stored.length)
        } catch (error) {
          if (!(error instanceof ZonecastError)) throw error
          expect(error.code).to.match(/^WIRE_/)
        }
      }),
      seededRuns(500),
    )
  })
})

describe('record types', () => {
  it('have a name, or are TYPEn (RFC 3597 §5)', () => {
    expect(typeName(1)).to.equal('A')
    expect(typeName(65_280)).to.equal('TYPE65280')
    expect(typeNumber('aaaa')).to.equal(28)
    expect(typeNumber('type65280')).to.equal(65_280)
    for (const text of ['', 'TYPE', 'TYPE65536', 'TYPE-1', 'NOSUCH', 'toString'])
      expect(typeNumber(text), text).to.equal(undefined)
  })

  it('RFC 6895 §3.1: are no zone data when they are meta types', () => {
    const meta = ['OPT', 'TKEY', 'TSIG', 'IXFR', 'AXFR', 'MAILB', 'MAILA', 'ANY', 'TYPE0', 'TYPE128', 'TYPE200']
    for (const text of meta) expect(isMetaType(typeNumber(text)!), text).to.equal(true)
    for (const text of ['A', 'SOA', 'TYPE127', 'URI', 'TYPE256', 'TYPE65535'])
      expect(isMetaType(typeNumber(text)!), text).to.equal(false)
  })
})
