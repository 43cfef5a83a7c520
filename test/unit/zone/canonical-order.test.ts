/** Canonical order: the example of RFC 4034, random names, and many names at once. */
import { expect } from 'chai'
import fc from 'fast-check'
import { wireToName } from '../../../lib/dns/name.js'
import { recordText } from '../../../lib/dns/record-text.js'
import { canonicalOrder } from '../../../lib/zone/canonical-order.js'
import { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { contentsOf, record, storedFrom } from '../../support/record-lines.js'

const pause = async (): Promise<void> => undefined

async function ordered(contents: ZoneContents): Promise<Buffer[]> {
  const view = contents.view()
  const order = await canonicalOrder(view, contents.apex.length, pause)
  const records = Array.from(order, (offset) => {
    const chunk = view.chunkOf(offset)
    const at = view.at(offset)
    return Buffer.from(chunk.subarray(at, at + 2 + chunk[at]! + 10 + chunk.readUInt16BE(at + 2 + chunk[at]! + 8)))
  })
  view.release()
  return records
}

/** RFC 4034 §6.1, word for word: labels from the right, as octet strings, a missing one first. */
function compareOwners(a: Buffer, b: Buffer): number {
  const labels = (wire: Buffer): Buffer[] => {
    const out: Buffer[] = []
    for (let o = 0; wire[o] !== 0; o += 1 + wire[o]!) out.unshift(Buffer.from(wire.subarray(o + 1, o + 1 + wire[o]!)))
    return out.map((label) => Buffer.from(label.map((c) => (c >= 0x41 && c <= 0x5a ? c + 0x20 : c))))
  }
  const [x, y] = [labels(a), labels(b)]
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const order = Buffer.compare(x[i]!, y[i]!)
    if (order !== 0) return order
  }
  return x.length - y.length
}

describe('canonical order', () => {
  it('RFC 4034 §6.1: has the names of the example in the order of the RFC', async () => {
    const names = [
      'example.',
      'a.example.',
      'yljkjljk.a.example.',
      'Z.a.example.',
      'zABC.a.EXAMPLE.',
      'z.example.',
      '\\001.z.example.',
      '*.z.example.',
      '\\200.z.example.',
    ]
    const contents = contentsOf('example.', 'example. 60 SOA ns.example. h.example. 1 2 3 4 5')
    for (const name of names.toReversed()) contents.add(record(`${name} 60 TXT "x"`), 0)
    const owners = (await ordered(contents)).map((stored) => wireToName(stored, 2))
    expect(owners).to.deep.equal(names)
  })

  it('puts types in numerical order and RDATA as octets, the shorter first', async () => {
    const lines = [
      'a.example. 60 A 192.0.2.9',
      'a.example. 60 A 192.0.2.10',
      'a.example. 60 TXT "a"',
      'a.example. 60 TXT "a" "b"',
      'a.example. 60 AAAA 2001:db8::1',
    ]
    const contents = contentsOf(
      'example.',
      ['example. 60 SOA ns.example. h.example. 1 2 3 4 5', ...lines.toReversed()].join('\n'),
    )
    expect((await ordered(contents)).map((stored) => recordText(stored, 0))).to.deep.equal(
      lines.map((line) => line.replace(' 60 ', ' 60 IN ')),
    )
  })

  it('agrees with the rule for random names, sorted before or not', async () => {
    const label = fc.uint8Array({ minLength: 1, maxLength: 4 })
    const owner = fc
      .array(label, { maxLength: 4 })
      .map((labels) =>
        Buffer.concat([...labels.map((l) => Buffer.from([l.length, ...l])), Buffer.from('\x07example\0', 'latin1')]),
      )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(owner, fc.integer({ min: 1, max: 300 }), fc.uint8Array({ maxLength: 3 })), { maxLength: 120 }),
        fc.boolean(),
        async (rows, sorted) => {
          const contents = contentsOf('example.', 'example. 60 SOA ns.example. h.example. 1 2 3 4 5')
          const list = sorted ? rows.toSorted((a, b) => compareOwners(a[0], b[0])) : rows
          for (const [name, type, rdata] of list) contents.add(storedFrom(name, 0x8100 + type, 60, Buffer.from(rdata)), 0)
          const out = await ordered(contents)
          expect(out.length).to.equal(contents.records - 1)
          for (let i = 1; i < out.length; i++) {
            const [a, b] = [out[i - 1]!, out[i]!]
            const [x, y] = [a.subarray(2, 2 + a[0]!), b.subarray(2, 2 + b[0]!)]
            const order =
              compareOwners(x, y) ||
              Buffer.compare(a.subarray(2 + a[0]!, 4 + a[0]!), b.subarray(2 + b[0]!, 4 + b[0]!)) ||
              Buffer.compare(a.subarray(12 + a[0]!), b.subarray(12 + b[0]!))
            expect(order, `${i} of ${out.length}`).to.be.lessThan(0)
          }
        },
      ),
    )
  })

  it('holds for tens of thousands of names with long common beginnings, and for a sorted zone with an unsorted end', async () => {
    const contents = new ZoneContents(Buffer.from('\x07example\0', 'latin1'))
    contents.add(record('example. 60 SOA ns.example. h.example. 1 2 3 4 5'), 0)
    const names = Array.from(
      { length: 70_000 },
      (_, i) => `common-beginning-${String((i * 7919) % 70_000).padStart(6, '0')}.example.`,
    )
    for (const name of names) contents.add(record(`${name} 60 A 192.0.2.1`), 0)
    const once = await ordered(contents)
    expect(once.map((stored) => wireToName(stored, 2))).to.deep.equal(names.toSorted())
    const again = new ZoneContents(contents.apex)
    again.add(contents.soa.stored, 0)
    for (const stored of once) again.add(stored, 0)
    for (const name of ['aaa', 'common-beginning-000500x', 'zzz']) again.add(record(`${name}.example. 60 A 192.0.2.2`), 0)
    const merged = (await ordered(again)).map((stored) => wireToName(stored, 2))
    expect(merged.length).to.equal(70_003)
    expect(merged).to.deep.equal(merged.toSorted())
  })
})
