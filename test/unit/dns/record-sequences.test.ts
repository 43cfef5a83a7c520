/**
 * Records of one message, read one after the other: names that were read before are copied, and the result is that of a reader which
 * knows none of them. Random messages, with pointers to any octet before, and octets changed at random.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { nameToWire } from '../../../lib/dns/name.js'
import { MAX_STORED_OCTETS } from '../../../lib/dns/record.js'
import { RecordReader } from '../../../lib/dns/record-reader.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { ZonecastError } from '../../../lib/errors.js'
import { isInZone, OwnersInZone } from '../../../lib/xfr/owner-in-zone.js'
import { question, rawMessage, rawRecord, u16 } from '../../support/raw-message.js'
import { seededRuns } from '../../support/seed.js'

const FIRST = 25

/** Labels, and how the name ends: the root, or a pointer to one of the earlier names, or to any earlier octet. */
interface Name {
  labels: readonly number[]
  end: 'root' | 'name' | 'octet'
  choice: number
}

const arbitraryName = (most: number): fc.Arbitrary<Name> =>
  fc.record({
    labels: fc.array(fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.constantFrom(1, 62, 63)), {
      maxLength: most,
    }),
    end: fc.oneof(
      { weight: 6, arbitrary: fc.constant('name' as const) },
      fc.constant('root' as const),
      fc.constant('octet' as const),
    ),
    choice: fc.nat(1 << 14),
  })

const arbitraryRecord = fc.record({
  owner: fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: arbitraryName(3) }),
  type: fc.constantFrom(TYPE.A, TYPE.AAAA, TYPE.NS, TYPE.MX, TYPE.SOA, TYPE.TXT, TYPE.NSEC, TYPE.RRSIG, 65_280),
  names: fc.tuple(arbitraryName(2), arbitraryName(2)),
  fill: fc.nat(255),
  keeps: fc.boolean(),
})
type Drawn = typeof arbitraryRecord extends fc.Arbitrary<infer T> ? T : never

class Message {
  octets = rawMessage({ questions: [question('example.', 'AXFR')] })
  readonly starts: number[] = []
  readonly #names = [12, 12, 20]

  add(drawn: Drawn): void {
    this.starts.push(this.octets.length)
    const owner = drawn.owner === undefined ? u16(0xc000 | this.#names.at(-1)!) : this.#name(drawn.owner, 0)
    if (drawn.owner !== undefined) this.#names.push(this.octets.length)
    const rdata = this.#rdata(drawn, owner.length + 10)
    this.octets = Buffer.concat([this.octets, rawRecord(owner, drawn.type, rdata, { ttl: drawn.fill << 24 })])
  }

  #name({ labels, end, choice }: Name, offset: number): Buffer {
    const parts = labels.map((length) => Buffer.from([length, ...Array.from({ length }, (_, i) => 97 + ((choice + i) % 26))]))
    const { length } = this.octets
    const target = end === 'name' ? this.#names[this.#names.length - 1 - (choice % this.#names.length)]! : choice % length
    const last = end === 'root' ? Buffer.from([0]) : u16(0xc000 | (target & 0x3fff))
    if (offset > 0) this.#names.push(length + offset)
    return Buffer.concat([...parts, last])
  }

  #rdata({ type, names: [first, second], fill }: Drawn, offset: number): Buffer {
    const some = (length: number): Buffer => Buffer.alloc(length, fill)
    switch (type) {
      case TYPE.A:
        return some(4)
      case TYPE.AAAA:
        return some(16)
      case TYPE.NS:
        return this.#name(first, offset)
      case TYPE.MX:
        return Buffer.concat([some(2), this.#name(first, offset + 2)])
      case TYPE.SOA: {
        const server = this.#name(first, offset)
        return Buffer.concat([server, this.#name(second, offset + server.length), some(20)])
      }
      case TYPE.TXT:
        return Buffer.concat([Buffer.from([fill]), some(fill)])
      case TYPE.NSEC:
        return Buffer.concat([this.#name({ ...first, end: 'root' }, offset), Buffer.from([0, 1, 64])])
      case TYPE.RRSIG:
        return Buffer.concat([some(18), this.#name({ ...first, end: 'root' }, offset + 18), some(fill)])
      default:
        return some(fill)
    }
  }
}

const OUT = Buffer.alloc(3 * MAX_STORED_OCTETS)

function outcomeOf(reader: RecordReader, message: Buffer, at: number, out = OUT, filled = 0): string {
  try {
    reader.read(message, at, out, filled)
  } catch (error) {
    if (!(error instanceof ZonecastError)) throw error
    return error.message
  }
  const { length, ownerLength, type, class: klass, ttl, next } = reader
  return [out.toString('hex', filled, filled + length), ownerLength, type, klass, ttl, next].join(' ')
}

const isGood = (outcome: string): boolean => /^[0-9a-f]+ \d/.test(outcome)

/** Each record, as a reader that knows no names reads it. */
const aloneOf = ({ octets, starts }: Message): string[] => starts.map((at) => outcomeOf(new RecordReader(), octets, at))

const arbitraryMessage = fc
  .tuple(
    fc.array(arbitraryRecord, { minLength: 1, maxLength: 20 }),
    fc.array(fc.tuple(fc.nat(4_000), fc.nat(255)), { maxLength: 2 }),
  )
  .map(([drawn, changes]) => {
    const message = new Message()
    for (const record of drawn) message.add(record)
    for (const [at, value] of changes) if (at >= FIRST && at < message.octets.length) message.octets[at] = value
    return { message, drawn }
  })

describe('records of one message', () => {
  it('are read as each of them alone', () => {
    let good = 0
    let bad = 0
    fc.assert(
      fc.property(arbitraryMessage, ({ message, drawn }) => {
        const alone = aloneOf(message)
        const reader = new RecordReader()
        let filled = 0
        for (const [i, at] of message.starts.entries()) {
          const outcome = outcomeOf(reader, message.octets, at, OUT, filled)
          expect(outcome).to.equal(alone[i])
          if (isGood(outcome)) good += 1
          else bad += 1
          // An unused record is overwritten, and all of them when the block is handed over.
          if (drawn[i]!.keeps && isGood(outcome)) filled += reader.length
          if (filled > MAX_STORED_OCTETS) filled = 0
        }
      }),
      seededRuns(1_500),
    )
    expect(good).to.be.greaterThan(bad)
    expect(bad).to.be.greaterThan(100)
  })

  it('are read in the same way by two readers in turn', () => {
    fc.assert(
      fc.property(arbitraryMessage, arbitraryMessage, (a, b) => {
        const both = [a, b].map(({ message }) => ({ message, alone: aloneOf(message), reader: new RecordReader() }))
        for (let i = 0; i < 20; i++)
          for (const [n, { message, alone, reader }] of both.entries()) {
            const at = message.starts[i]
            if (at === undefined) continue
            expect(outcomeOf(reader, message.octets, at, OUT, n * MAX_STORED_OCTETS)).to.equal(alone[i])
          }
      }),
      seededRuns(200),
    )
  })

  it('are read as each of them alone into one buffer after another', () => {
    const buffers = [OUT, Buffer.alloc(OUT.length, 0x58)]
    fc.assert(
      fc.property(arbitraryMessage, ({ message, drawn }) => {
        const alone = aloneOf(message)
        const reader = new RecordReader()
        let turn = 0
        for (const [i, at] of message.starts.entries()) {
          if (drawn[i]!.keeps) turn += 1
          expect(outcomeOf(reader, message.octets, at, buffers[turn % 2], (turn % 2) * MAX_STORED_OCTETS)).to.equal(alone[i])
        }
      }),
      seededRuns(300),
    )
  })

  it('are read anew when the message is read again', () => {
    const message = new Message()
    const name: Name = { labels: [3], end: 'name', choice: 0 }
    const plain: Drawn = { owner: name, type: TYPE.A, names: [name, name], fill: 1, keeps: true }
    message.add(plain)
    message.add(plain)
    const reader = new RecordReader()
    for (const letter of [0x65, 0x66]) {
      message.octets[13] = letter
      const alone = aloneOf(message)
      for (const [i, at] of message.starts.entries()) expect(outcomeOf(reader, message.octets, at)).to.equal(alone[i])
    }
  })

  it('know of an owner only that it is below the one before when it is', () => {
    fc.assert(
      fc.property(arbitraryMessage, ({ message }) => {
        const reader = new RecordReader()
        let before: string | undefined
        for (const at of message.starts) {
          const isRead = isGood(outcomeOf(reader, message.octets, at))
          const owner = isRead ? OUT.toString('hex', 2, 2 + reader.ownerLength) : undefined
          if (isRead && reader.isOwnerBelow) expect(owner!.endsWith(before!)).to.equal(true)
          before = owner
        }
      }),
      seededRuns(300),
    )
  })

  it('are in the zone or outside, as each of them alone', () => {
    const apex = nameToWire('example.')
    let inside = 0
    let outside = 0
    fc.assert(
      fc.property(arbitraryMessage, ({ message }) => {
        const reader = new RecordReader()
        const owners = new OwnersInZone(apex)
        owners.begin()
        for (const at of message.starts) {
          if (!isGood(outcomeOf(reader, message.octets, at))) return
          owners.take(reader, OUT, 0)
          expect(owners.isIn).to.equal(isInZone(OUT, 2, reader.ownerLength, apex))
          if (owners.isIn) inside += 1
          else outside += 1
        }
      }),
      seededRuns(1_000),
    )
    expect(Math.min(inside, outside)).to.be.greaterThan(200)
  })
})
