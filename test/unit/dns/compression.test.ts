/** Compression pointers: their targets, their places in a message, and the limit on the work of a reader. */
import { expect } from 'chai'
import { wireToName } from '../../../lib/dns/name.js'
import { PART, shapeOf } from '../../../lib/dns/rdata-shape.js'
import { storedOwner } from '../../../lib/dns/record.js'
import { NameReader } from '../../../lib/dns/name-reader.js'
import { expectError } from '../../support/expect-error.js'
import { octets, question, rawMessage, rawRecord, readStored, u16 } from '../../support/raw-message.js'
import { RDATA_CASES, storedCase } from './rdata-cases.js'

/** `example.` is at octet 12; the question ends before octet 25. */
const QUESTION = question('example.', 'SOA')
const BEHIND = 25
const TO_EXAMPLE = octets('c00c')

/** Reads the name that begins with these octets at octet 25. */
function readName(hex: string, mayCompress = true): { text: string; next: number } {
  const message = rawMessage({ questions: [QUESTION], trailing: octets(hex) })
  const reader = new NameReader()
  const out = Buffer.alloc(300)
  reader.read(message, BEHIND, message.length, out, 0, mayCompress)
  expect(reader.length).to.be.at.most(255)
  return { text: wireToName(out.subarray(0, reader.length)), next: reader.next - BEHIND }
}

const GOOD: readonly (readonly [id: string, hex: string, text: string, octets: number])[] = [
  ['a pointer alone', 'c00c', 'example.', 2],
  ['a label and a pointer', '0161 c00c', 'a.example.', 4],
  ['a pointer into the middle of a label, as long as that reads as a name', 'c014', '.', 2],
  ['no pointer at all', '0161 0162 00', 'a.b.', 5],
  ['the root', '00', '.', 1],
]

const BAD: readonly (readonly [id: string, code: string, hex: string])[] = [
  ['RFC 1035 §4.1.4: a pointer to itself', 'WIRE_BAD_POINTER', 'c019'],
  ['RFC 1035 §4.1.4: a pointer to the label in front of it', 'WIRE_BAD_POINTER', '0161 c019'],
  ['RFC 1035 §4.1.4: a pointer forward', 'WIRE_BAD_POINTER', 'c01b 0161 00'],
  ['RFC 1035 §4.1.4: a pointer to the octet behind it', 'WIRE_BAD_POINTER', 'c01b 00'],
  ['a pointer past the end', 'WIRE_BAD_POINTER', 'ffff'],
  ['a pointer to the first octet of the header', 'WIRE_BAD_POINTER', 'c000'],
  ['a pointer to the last octet of the header', 'WIRE_BAD_POINTER', 'c00b'],
  ['a label type of 01', 'WIRE_BAD_POINTER', '4161 00'],
  ['a label type of 10', 'WIRE_BAD_POINTER', '8061 00'],
  ['half a pointer', 'WIRE_TRUNCATED', 'c0'],
  ['half a pointer behind a label', 'WIRE_TRUNCATED', '0161 c0'],
  ['a label that runs past the end', 'WIRE_TRUNCATED', '05 6161'],
  ['no end', 'WIRE_TRUNCATED', '0161'],
  ['nothing', 'WIRE_TRUNCATED', ''],
]

describe('a compressed name', () => {
  for (const [id, hex, text, length] of GOOD)
    it(`may be ${id}`, () => expect(readName(hex)).to.deep.equal({ text, next: length }))

  for (const [id, code, hex] of BAD)
    it(`is not ${id}`, async () => {
      await expectError(code, () => readName(hex))
    })

  it('may follow many pointers, each to an earlier octet than itself', () => {
    // Owners a1.example., a2.a1.example. …, each a label and a pointer to the one before.
    const parts: Buffer[] = []
    let at = BEHIND
    let before = 12
    for (let i = 0; i < 120; i++) {
      parts.push(octets('0161'), u16(0xc000 | before))
      before = at
      at += 4
    }
    const message = rawMessage({ questions: [QUESTION], trailing: Buffer.concat(parts) })
    const reader = new NameReader()
    const out = Buffer.alloc(300)
    reader.read(message, before, message.length, out, 0)
    expect(reader.length).to.equal(9 + 2 * 120)
    expect(reader.next).to.equal(before + 4)
  })

  it('RFC 1035 §2.3.4: has at most 255 octets uncompressed, however short it is in the message', async () => {
    const chain = (labels: number, last: string): Buffer => {
      const parts: Buffer[] = []
      let at = BEHIND
      let before = 12
      for (let i = 0; i < labels; i++) {
        const label = i === labels - 1 ? octets(last) : octets(`3f${'61'.repeat(63)}`)
        parts.push(label, u16(0xc000 | before))
        before = at
        at += label.length + 2
      }
      return rawMessage({ questions: [QUESTION], trailing: Buffer.concat([...parts, u16(0xc000 | before)]) })
    }
    const read = (message: Buffer): number => {
      const reader = new NameReader()
      reader.read(message, message.length - 2, message.length, Buffer.alloc(300), 0)
      return reader.length
    }
    // 9 octets of example., three labels of 64, one of 54: 255. One octet more does not fit.
    expect(read(chain(4, `35${'62'.repeat(53)}`))).to.equal(255)
    await expectError('WIRE_BAD_NAME', () => read(chain(4, `36${'62'.repeat(54)}`)))
  })

  it('is refused when a pointer leads to another pointer instead of a label', async () => {
    const parts = [TO_EXAMPLE]
    for (let at = BEHIND; at < 0x3fff - 2; at += 2) parts.push(u16(0xc000 | at))
    for (const hops of [1, 2, 100, parts.length - 1]) {
      const message = rawMessage({ questions: [QUESTION], trailing: Buffer.concat(parts.slice(0, hops + 1)) })
      const reader = new NameReader()
      await expectError('WIRE_BAD_POINTER', () => {
        reader.read(message, message.length - 2, message.length, Buffer.alloc(300), 0)
      })
    }
  })

  it('has at most 127 labels, each behind a pointer', async () => {
    const chain = (labels: number): Buffer => {
      const parts = [octets('0161 00')]
      for (let i = 1; i < labels; i++) parts.push(octets('0161'), u16(0xc000 | (BEHIND + (i === 1 ? 0 : 3 + (i - 2) * 4))))
      return rawMessage({ questions: [QUESTION], trailing: Buffer.concat(parts) })
    }
    const read = (message: Buffer): number => {
      const reader = new NameReader()
      reader.read(message, message.length - 4, message.length, Buffer.alloc(300), 0)
      return (reader.length - 1) / 2
    }
    expect(read(chain(127))).to.equal(127)
    await expectError('WIRE_BAD_NAME', () => read(chain(128)))
  })

  it('costs at most four steps for each octet of the message, plus eight in each name', () => {
    const parts = [octets('0161 00')]
    for (let i = 1; i <= 32; i++) parts.push(octets('0161'), u16(0xc000 | (BEHIND + (i === 1 ? 0 : 3 + (i - 2) * 4))))
    const last = BEHIND + 3 + 31 * 4
    const pointers = 2000
    for (let i = 0; i < pointers; i++) parts.push(u16(0xc000 | last))
    const message = rawMessage({ questions: [QUESTION], trailing: Buffer.concat(parts) })
    const reader = new NameReader()
    let read = 0
    for (let at = message.length - pointers * 2; at < message.length; at += 2)
      if (reader.tryRead(message, at, message.length, Buffer.alloc(300), 0) === 0) read += 1
    expect(read).to.be.within(1, pointers - 1)
    expect(read * (33 - 8)).to.be.within(message.length * 4 - 33, message.length * 4)
  })

  it('is refused where names are never compressed', async () => {
    expect(readName('0161 00', false).text).to.equal('a.')
    await expectError('WIRE_BAD_POINTER', () => readName('0161 c00c', false))
  })
})

describe('compressed names in RDATA', () => {
  const EXAMPLE = octets('07 6578616d706c65 00')
  const shapes = RDATA_CASES.filter(({ type, rdata }) => shapeOf(type) !== undefined && rdata.includes(EXAMPLE))
  /** The case's message with `example.` in its RDATA as a pointer. */
  const compressed = (row: (typeof RDATA_CASES)[number]): Buffer => {
    const at = row.rdata.indexOf(EXAMPLE)
    const rdata = Buffer.concat([row.rdata.subarray(0, at), TO_EXAMPLE, row.rdata.subarray(at + EXAMPLE.length)])
    const owner = Buffer.concat([octets('0443617365'), TO_EXAMPLE])
    return rawMessage({ questions: [QUESTION], answers: [rawRecord(owner, row.type, rdata, { ttl: 3600 })] })
  }
  const may = shapes.filter(({ type }) => shapeOf(type)!.some((part) => part === PART.NAME || part === PART.FOLDED_NAME))
  const mayNot = shapes.filter(({ type }) => shapeOf(type)!.includes(PART.PLAIN_NAME))

  it('have cases of both kinds', () => {
    expect(may.length).to.be.greaterThan(15)
    expect(mayNot.length).to.be.greaterThan(1)
  })

  for (const row of may)
    it(`RFC 3597 §4: are decompressed in ${row.id}`, () => {
      expect(readStored(compressed(row), BEHIND).stored.equals(storedCase(row, 'Case.example.'))).to.equal(true)
    })

  for (const row of mayNot)
    it(`RFC 3597 §4: are refused in ${row.id}`, async () => {
      await expectError('WIRE_BAD_POINTER', () => readStored(compressed(row), BEHIND))
    })

  it('RFC 3597 §3: are plain octets in an unknown type', () => {
    const message = rawMessage({ questions: [QUESTION], answers: [rawRecord(TO_EXAMPLE, 65_280, octets('0161 c00c'))] })
    expect(readStored(message, BEHIND).stored.toString('hex')).to.match(/0161c00c$/)
  })

  it('may point into and out of the RDATA before them, but not run over its end', async () => {
    // SOA: the second name points at the first, whose own target lies before it.
    const rdata = Buffer.concat([octets('036e7331'), TO_EXAMPLE, octets('c0 25'), Buffer.alloc(20)])
    const message = rawMessage({ questions: [QUESTION], answers: [rawRecord(TO_EXAMPLE, 6, rdata)] })
    const { stored } = readStored(message, BEHIND)
    expect(storedOwner(stored, 0).equals(EXAMPLE)).to.equal(true)
    expect(wireToName(stored, 2 + 9 + 10)).to.equal('ns1.example.')
    expect(wireToName(stored, 2 + 9 + 10 + 13)).to.equal('ns1.example.')
    const short = rawMessage({
      questions: [QUESTION],
      answers: [rawRecord(TO_EXAMPLE, 2, octets('036e7331 c00c'), { rdlength: 5 })],
    })
    await expectError('WIRE_TRUNCATED', () => readStored(short, BEHIND))
  })
})
