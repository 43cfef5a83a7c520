/** Messages that were read before: their hash replaces their records, and the sums are the same as those of a full reading. */
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { ignoredRecords, type IgnoredRecords, NOTHING_IGNORED } from '../../../lib/dns/ignored-records.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { KnownMessages } from '../../../lib/verify/known-messages.js'
import { InboundTransfer } from '../../../lib/xfr/inbound.js'
import type { InboundLimits } from '../../../lib/xfr/inbound-limits.js'
import { ContentSum } from '../../../lib/zone/content-sum.js'
import { expectError } from '../../support/expect-error.js'
import { seededRuns } from '../../support/seed.js'
import { answerMessage, APEX, ID, NO_LIMITS } from '../../support/transfer-script.js'

/** Records of a message that is worth a hash. */
const MANY = 60

const hosts = (from: number, changed: ReadonlyMap<number, string> = new Map()): string =>
  Array.from(
    { length: MANY },
    (_, i) => changed.get(from + i) ?? `h${from + i}.example. 300 TXT "a text of some length, ${i}"`,
  ).join('\n')

const zone = (changed?: ReadonlyMap<number, string>): string[] => [
  'S1\nexample. 300 NS ns.example.',
  hosts(0, changed),
  hosts(MANY, changed),
  hosts(2 * MANY, changed),
  `${hosts(3 * MANY, changed)}\nS1`,
]

interface Read {
  known?: KnownMessages
  ignored?: IgnoredRecords
  apex?: Buffer
  id?: number
  limits?: Partial<InboundLimits>
}

/** All that a verification learns of a transfer; `read`: the records that were passed on one by one. */
function sumOf(texts: readonly string[], { known, ignored = NOTHING_IGNORED, apex = APEX, id = ID, limits }: Read = {}) {
  let sum = new ContentSum(ignored)
  let read = 0
  const inbound = new InboundTransfer({
    asked: 'axfr',
    apex,
    currentSerial: undefined,
    id,
    limits: { ...NO_LIMITS, ...limits },
    known: known?.during(apex, ignored, () => sum),
    onFull: () => {
      sum = new ContentSum(ignored)
    },
    onRecords: (data, from, to) => {
      const before = sum.count
      sum.addRun(data, from, to)
      read += sum.count - before
    },
  })
  for (const text of texts) {
    const message = Buffer.from(answerMessage(text, 'axfr'))
    message.writeUInt16BE(id, 0)
    inbound.accept(message)
  }
  const { records, stored, outside, octets, messages } = inbound
  expect(inbound.outcome?.kind).to.equal('full')
  return { learned: { digest: sum.digest, count: sum.count, records, stored, outside, octets, messages }, read }
}

describe('messages that were read before', () => {
  it('are not read again, from any node and under any id', () => {
    const known = KnownMessages.empty()
    const first = sumOf(zone(), { known })
    expect(first.read).to.equal(4 * MANY + 2)
    const again = sumOf(zone(), { known: KnownMessages.on(known.memory), id: 7 })
    expect(again.learned).to.deep.equal(first.learned)
    // The first message and the last one have the SOA.
    expect(again.read).to.equal(MANY + 2)
  })

  it('and others: one record that changed makes its message a new one', () => {
    const known = KnownMessages.empty()
    sumOf(zone(), { known })
    const other = zone(new Map([[MANY + 3, `h${MANY + 3}.example. 301 TXT "a text of some length, 3"`]]))
    const { learned, read } = sumOf(other, { known })
    expect(learned).to.deep.equal(sumOf(other).learned)
    expect(read).to.equal(2 * MANY + 2)
  })

  it('have the sums of a full reading, whatever came before', () => {
    const line = fc.oneof(
      fc.nat(4).map((i) => `h${i}.example. 300 TXT "a text of some length, ${i}"`),
      fc.nat(4).map((i) => `H${i}.Example. ${i} A 192.0.2.${i}`),
      fc.nat(4).map((i) => `h${i}.other. 300 A 192.0.2.${i}`),
    )
    const changed = fc.array(fc.tuple(fc.nat(4 * MANY - 1), line), { maxLength: 6 }).map((pairs) => new Map(pairs))
    const words = fc.constantFrom<string[]>([], ['ttl'], ['TXT'], ['ttl', 'TXT'])
    fc.assert(
      fc.property(fc.array(fc.tuple(changed, words), { minLength: 2, maxLength: 4 }), (reads) => {
        const known = KnownMessages.empty()
        for (const [changes, ignored] of reads) {
          const wish = { ignored: ignoredRecords(ignored) }
          expect(sumOf(zone(changes), { ...wish, known }).learned).to.deep.equal(sumOf(zone(changes), wish).learned)
        }
      }),
      seededRuns(40),
    )
  })

  it('of another zone are others', () => {
    const known = KnownMessages.empty()
    sumOf(zone().slice(0, 2).concat('S1'), { known })
    expect(sumOf(zone().slice(0, 2).concat('S1'), { known }).read).to.equal(2)
    const memory = known.during(nameToWire('sub.example.'), NOTHING_IGNORED, () => new ContentSum(NOTHING_IGNORED))
    const message = answerMessage(hosts(0), 'axfr')
    expect(memory.take(message, message.length)).to.equal(undefined)
  })

  it('are known without their signature, and not with octets behind it', () => {
    const known = KnownMessages.empty()
    const sum = new ContentSum(NOTHING_IGNORED)
    const memory = known.during(APEX, NOTHING_IGNORED, () => sum)
    const message = answerMessage(hosts(0), 'axfr')
    const signed = (mac: number, more = 0): Buffer => Buffer.concat([message, Buffer.alloc(50 + more, mac)])
    const figures = { records: MANY, stored: 5_000, outside: 0 }
    expect(memory.take(signed(1), message.length)).to.equal(undefined)
    memory.note(figures)
    expect(memory.take(signed(2), message.length)).to.deep.equal(figures)
    expect(memory.take(signed(1, 1), message.length)).to.equal(undefined)
  })

  it('count for the limits', async () => {
    const known = KnownMessages.empty()
    sumOf(zone(), { known })
    await expectError('XFR_LIMIT', () => sumOf(zone(), { known, limits: { records: 2 * MANY } }))
  })

  it('are read when names are counted', async () => {
    const known = KnownMessages.empty()
    sumOf(zone(), { known })
    await expectError('XFR_LIMIT', () => sumOf(zone(), { known, limits: { names: 2 * MANY } }))
  })

  it('have a fixed memory, in which the newest replace others', () => {
    const known = KnownMessages.empty()
    const hashOf = (n: number): Uint32Array =>
      new Uint32Array(new Uint8Array(createHash('sha256').update(`${n}`).digest()).buffer)
    for (let n = 0; n < 40_000; n++) known.put(hashOf(n), [n, 0, 0, 0, 1, 1, 1, 0])
    let left = 0
    for (let n = 0; n < 40_000; n++) {
      const slot = known.find(hashOf(n))
      if (slot === undefined) continue
      left += 1
      expect(known.figuresAt(slot)[0]).to.equal(n)
    }
    expect(known.find(hashOf(39_999))).not.to.equal(undefined)
    expect(left).to.be.within(8_000, 16_384)
  })
})
