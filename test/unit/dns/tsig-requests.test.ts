/** TSIG on requests: those that verify, and the error in the answer to the others (RFC 8945 §5.2). */
import { expect } from 'chai'
import { nameToWire } from '../../../lib/dns/name.js'
import { TSIG_ERROR } from '../../../lib/dns/rcode.js'
import { CLASS, TYPE } from '../../../lib/dns/rrtype.js'
import { append, findTsig, TsigKey, tsigOctets, tsigRecord } from '../../../lib/dns/tsig-record.js'
import { expectError } from '../../support/expect-error.js'
import { octets, rawRecord, u16 } from '../../support/raw-message.js'
import { judgeRequest, NOW, plainQuery, signBy, signed, testKey } from '../../support/tsig-maker.js'

const KEY = testKey()
const knows =
  (...keys: TsigKey[]) =>
  (name: Buffer): TsigKey | undefined =>
    keys.find((key) => key.wireName.equals(name))

/** `verified`, `unsigned`, or the number of the TSIG error and whether the answer to it may be signed. */
function verdictOn(message: Buffer, now = NOW, keys = knows(KEY)): string {
  const verdict = judgeRequest(message, keys, now)
  return verdict.kind === 'refused' ? `${verdict.error}${verdict.key ? ' signed' : ''}` : verdict.kind
}

const { BADSIG, BADKEY, BADTIME, BADTRUNC } = TSIG_ERROR

describe('a request', () => {
  it('without TSIG is unsigned', () => expect(verdictOn(plainQuery())).to.equal('unsigned'))

  for (const algorithm of ['hmac-md5', 'hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'])
    it(`RFC 8945 §6: signed with ${algorithm} is verified, and has the announced length`, () => {
      const key = testKey(algorithm)
      const { message } = signed(key)
      expect(verdictOn(message, NOW, knows(key))).to.equal('verified')
      expect(message.length - plainQuery().length).to.equal(tsigOctets(key))
    })

  it('RFC 8945 §5.2.1: with an unknown key is BADKEY', () => {
    expect(verdictOn(signed(testKey('hmac-sha256', 'other.example.')).message)).to.equal(`${BADKEY}`)
  })

  it('RFC 8945 §5.2.1: with a known key and another algorithm is BADKEY', () => {
    expect(verdictOn(signed(testKey('hmac-sha512')).message)).to.equal(`${BADKEY}`)
  })

  it('RFC 8945 §5.2.2: with another secret is BADSIG', () => {
    expect(verdictOn(signed(new TsigKey('key.example.', 'hmac-sha256', Buffer.from('other'))).message)).to.equal(`${BADSIG}`)
  })

  it('RFC 8945 §5.2: is checked by key, then MAC, then time, then truncation', () => {
    const late = { time: NOW - 3600 }
    const flip = (mac: Buffer): Buffer => Buffer.from(mac.map((octet) => octet ^ 1))
    const short = (mac: Buffer): Buffer => mac.subarray(0, 20)
    const stranger = testKey('hmac-sha256', 'other.example.')
    expect(verdictOn(signBy(stranger, plainQuery(), { ...late, mac: flip }))).to.equal(`${BADKEY}`)
    expect(verdictOn(signBy(KEY, plainQuery(), { ...late, mac: flip }))).to.equal(`${BADSIG}`)
    expect(verdictOn(signBy(KEY, plainQuery(), { ...late, mac: short }))).to.equal(`${BADTIME} signed`)
    expect(verdictOn(signBy(KEY, plainQuery(), { mac: short }))).to.equal(`${BADTRUNC} signed`)
  })

  const TIMES: readonly (readonly [id: string, time: number, fudge: number, verdict: string])[] = [
    ['now', NOW, 300, 'verified'],
    ['300 s ago', NOW - 300, 300, 'verified'],
    ['301 s ago', NOW - 301, 300, `${BADTIME} signed`],
    ['300 s ahead', NOW + 300, 300, 'verified'],
    ['301 s ahead', NOW + 301, 300, `${BADTIME} signed`],
    ['11 s ago with a fudge of 10', NOW - 11, 10, `${BADTIME} signed`],
    ['301 s ago with a fudge of 65,535', NOW - 301, 65_535, `${BADTIME} signed`],
    ['now with a fudge of 0', NOW, 0, 'verified'],
    ['at the beginning of 1970', 0, 300, `${BADTIME} signed`],
    ['at the end of 48 bits', 2 ** 48 - 1, 300, `${BADTIME} signed`],
  ]
  for (const [id, time, fudge, verdict] of TIMES)
    it(`RFC 8945 §5.2.3: signed ${id} is ${verdict === 'verified' ? verdict : 'BADTIME'}`, () => {
      expect(verdictOn(signBy(KEY, plainQuery(), { time, fudge }))).to.equal(verdict)
    })

  it('RFC 8945 §5.2.3: with a time outside the fudge reports the difference', () => {
    const verdict = judgeRequest(signBy(KEY, plainQuery(), { time: NOW - 1000 }), knows(KEY), NOW)
    expect(verdict.kind === 'refused' && verdict.fault).to.deep.equal({
      code: 'TSIG_BAD_TIME',
      key: 'key.example.',
      differenceSeconds: 1000,
    })
  })

  /** Octets of the MAC → verdict: complete, forbidden by the RFC, or refused by policy. */
  const SIZES: readonly (readonly [algorithm: string, sizes: Record<number, 'verified' | 'FORMERR' | 'BADTRUNC'>])[] = [
    [
      'hmac-sha256',
      {
        0: 'FORMERR',
        9: 'FORMERR',
        10: 'FORMERR',
        15: 'FORMERR',
        16: 'BADTRUNC',
        20: 'BADTRUNC',
        31: 'BADTRUNC',
        32: 'verified',
        33: 'FORMERR',
      },
    ],
    ['hmac-md5', { 8: 'FORMERR', 9: 'FORMERR', 10: 'BADTRUNC', 15: 'BADTRUNC', 16: 'verified', 17: 'FORMERR' }],
    ['hmac-sha1', { 9: 'FORMERR', 10: 'BADTRUNC', 20: 'verified', 21: 'FORMERR' }],
    ['hmac-sha512', { 31: 'FORMERR', 32: 'BADTRUNC', 63: 'BADTRUNC', 64: 'verified', 65: 'FORMERR' }],
  ]
  for (const [algorithm, sizes] of SIZES)
    for (const [size, verdict] of Object.entries(sizes))
      it(`RFC 8945 §5.2.2.1: with ${size} octets of ${algorithm} is ${verdict}`, async () => {
        const key = testKey(algorithm)
        const mac = (whole: Buffer): Buffer => Buffer.concat([whole, Buffer.alloc(8)]).subarray(0, Number(size))
        const judge = () => verdictOn(signBy(key, plainQuery(), { mac }), NOW, knows(key))
        if (verdict === 'FORMERR') await expectError('TSIG_MISPLACED', judge)
        else expect(judge()).to.equal(verdict === 'BADTRUNC' ? `${BADTRUNC} signed` : verdict)
      })

  it('RFC 8945 §5.2.2.1: with a bad truncated MAC is BADSIG, not BADTRUNC', () => {
    expect(verdictOn(signBy(KEY, plainQuery(), { mac: () => Buffer.alloc(20, 7) }))).to.equal(`${BADSIG}`)
  })

  it('with an error and no MAC is not verified', () => {
    for (const error of [BADSIG, BADTIME])
      expect(verdictOn(signBy(KEY, plainQuery(), { error, mac: () => Buffer.alloc(0) })), `error ${error}`).to.equal(`${BADSIG}`)
  })

  it('RFC 8945 §4.3.3: with key and algorithm in upper case is verified', () => {
    const { mac } = signed(KEY)
    const shouted = { wireName: nameToWire('KEY.Example.'), wireAlgorithm: nameToWire('HMAC-SHA256.') }
    const message = append(plainQuery(), tsigRecord(shouted, NOW, 300, mac, 0x1234, 0, Buffer.alloc(0)))
    expect(verdictOn(message)).to.equal('verified')
  })

  it('RFC 8945 §5.3: is verified with another id in its header than it was signed with', () => {
    const { message } = signed(KEY)
    message.writeUInt16BE(0x4321, 0)
    expect(verdictOn(message)).to.equal('verified')
  })

  it('is not verified with octets behind its signature', () => {
    const { message } = signed(
      KEY,
      plainQuery({ additionals: [rawRecord(Buffer.from([0]), TYPE.OPT, Buffer.alloc(0), { klass: 4096, ttl: 0 })] }),
    )
    expect(verdictOn(message)).to.equal('verified')
    const other = append(plainQuery(), message.subarray(findTsig(message)!.start))
    expect(verdictOn(other)).to.equal(`${BADSIG}`)
  })
})

describe('a TSIG record', () => {
  const tsig = (): Buffer => {
    const { message } = signed(KEY)
    return Buffer.from(message.subarray(findTsig(message)!.start))
  }
  const changed = (at: number, ...values: number[]): Buffer => {
    const record = tsig()
    Buffer.from(values).copy(record, KEY.wireName.length + at)
    return record
  }
  const opt = rawRecord(Buffer.from([0]), TYPE.OPT, Buffer.alloc(0), { klass: 4096, ttl: 0 })
  const rdataAt = 10 + KEY.wireAlgorithm.length

  const BAD: readonly (readonly [id: string, code: string, message: Buffer])[] = [
    ['in front of OPT', 'TSIG_MISPLACED', plainQuery({ additionals: [tsig(), opt] })],
    ['in the answer section', 'TSIG_MISPLACED', plainQuery({ answers: [tsig()] })],
    ['in the authority section', 'TSIG_MISPLACED', plainQuery({ authorities: [tsig()] })],
    ['twice', 'TSIG_MISPLACED', plainQuery({ additionals: [tsig(), tsig()] })],
    ['with class IN', 'TSIG_MISPLACED', plainQuery({ additionals: [changed(2, 0, CLASS.IN)] })],
    ['with a TTL of 1', 'TSIG_MISPLACED', plainQuery({ additionals: [changed(4, 0, 0, 0, 1)] })],
    ['with a MAC that runs past its end', 'TSIG_MISPLACED', plainQuery({ additionals: [changed(rdataAt + 8, 0xff, 0xff)] })],
    [
      'with other data that runs past its end',
      'TSIG_MISPLACED',
      plainQuery({ additionals: [changed(rdataAt + 46, 0xff, 0xff)] }),
    ],
    [
      'with RDATA of its algorithm alone',
      'TSIG_MISPLACED',
      plainQuery({ additionals: [rawRecord(KEY.wireName, TYPE.TSIG, KEY.wireAlgorithm, { klass: 255, ttl: 0 })] }),
    ],
    [
      'with RDATA of nothing',
      'TSIG_MISPLACED',
      plainQuery({ additionals: [rawRecord(KEY.wireName, TYPE.TSIG, Buffer.alloc(0), { klass: 255, ttl: 0 })] }),
    ],
    [
      'with a pointer as its algorithm',
      'TSIG_MISPLACED',
      plainQuery({
        additionals: [rawRecord(KEY.wireName, TYPE.TSIG, Buffer.concat([u16(0xc00c), Buffer.alloc(16)]), { klass: 255, ttl: 0 })],
      }),
    ],
    ['with an RDLENGTH past the end', 'WIRE_TRUNCATED', plainQuery({ additionals: [changed(8, 0xff, 0xff)] })],
    ['cut in the middle', 'WIRE_TRUNCATED', plainQuery({ additionals: [tsig().subarray(0, 30)] })],
  ]
  for (const [id, code, message] of BAD)
    it(`RFC 8945 §5.1: is malformed: ${id}`, async () => {
      await expectError(code, () => judgeRequest(message, knows(KEY), NOW))
    })

  it('RFC 8945 §4.2: may follow OPT, and has its fields in order', () => {
    const found = findTsig(plainQuery({ additionals: [opt, tsig()] }))!
    expect(found).to.deep.include({
      time: NOW,
      fudge: 300,
      originalId: 0x1234,
      error: 0,
      start: plainQuery().length + opt.length,
    })
    expect(found.mac.length).to.equal(32)
    expect(found.keyName.equals(KEY.wireName)).to.equal(true)
  })

  it('may have an algorithm of one octet, of 255, or of random octets: the key is unknown', () => {
    for (const algorithm of [octets('00'), nameToWire(`${'x'.repeat(63)}.`.repeat(3) + 'y'.repeat(61)), octets('03 00ff20 00')]) {
      const odd = { wireName: KEY.wireName, wireAlgorithm: algorithm }
      const message = append(plainQuery(), tsigRecord(odd, NOW, 65_535, Buffer.alloc(32), 1, 0, Buffer.alloc(6)))
      expect(verdictOn(message)).to.equal(`${BADKEY}`)
    }
  })

  it('with 60,000 octets of other data costs no more than an answer', () => {
    expect(verdictOn(signBy(KEY, plainQuery(), { other: Buffer.alloc(60_000) }))).to.equal('verified')
  })
})
