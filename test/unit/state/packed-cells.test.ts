/** Cells as packed octets: every value comes back as it was, whatever was packed before. */
import { expect } from 'chai'
import fc from 'fast-check'
import { CellCodec } from '../../../lib/state/cell-codec.js'
import { OctetPlaces } from '../../../lib/state/octet-places.js'
import { PackedCells } from '../../../lib/state/packed-cells.js'

const DIGEST = 'd177ac23469258e51e52e542f32dec50'
const CELL = {
  at: 1_795_982_298_771,
  released: { serial: 7, digest: DIGEST, releasedAt: 1_795_982_298_770.5, records: 6, octets: 220 },
  releases: [{ serial: 7, digest: DIGEST, releasedAt: 1_795_982_298_770 }],
  staged: [],
  rollouts: [{ id: `example. 7 ${DIGEST}`, state: 'done', stage: undefined, findings: [], verdict: 'pass' }],
  trail: undefined,
  soa: 'B2V4YW1wbGUAAAYAAQAADhAAJg==',
  error: 'hm1 does not answer: ümlaut \ud800',
  failures: -1,
  torn: true,
  silent: { '127.0.0.1:53': { error: 'timeout', since: -0 } },
}

/** Texts at the edges of the codec: digests, base64 with spare bits, names, halves of characters. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('hm1', 'done', '', DIGEST, DIGEST.toUpperCase(), 'AAAAAAAAAAAAAAAAAA==', 'AAAAAAAAAAAAAAAAAB==', '\ud800'),
  fc.base64String({ minLength: 16 }),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(undefined, null, true, false),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    text,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom('at', 'serial', 'a b'),
        text.filter((name) => !/\n|__proto__/.test(name)),
      ),
      tie('value'),
      {
        maxKeys: 5,
        noNullPrototype: true,
      },
    ),
  ),
}))

describe('packed cells', () => {
  it('come back as they were', () => {
    const codec = new CellCodec()
    for (const each of [CELL, { '': undefined }, {}]) expect(codec.decode(Buffer.from(codec.encode(each)))).to.deep.equal(each)
    fc.assert(
      fc.property(value, (written) => {
        expect(codec.decode(Buffer.from(codec.encode(written)))).to.deep.equal(written)
      }),
    )
  })

  it('need a few hundred octets', () => {
    expect(new CellCodec().encode(CELL).length).to.be.lessThan(330)
  })

  it('come back when there are more names of fields and texts than are kept once', () => {
    const codec = new CellCodec()
    for (let i = 0; i < 10_000; i++) {
      const cell = { [`node-${i}`]: `site-${i}`, at: i }
      expect(codec.decode(Buffer.from(codec.encode(cell)))).to.deep.equal(cell)
    }
  })

  it('are a table like a map, whatever is packed', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const step = fc.record({ key, size: fc.nat({ max: 400 }), isRead: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const [table, map] = [new PackedCells<{ list: number[] }>(2), new Map<string, { list: number[] }>()]
        for (const [i, { key, size, isRead }] of steps.entries()) {
          if (isRead) expect(table.get(key)).to.deep.equal(map.get(key))
          else {
            const cell = { list: Array.from({ length: size }, (_, n) => n + i) }
            table.set(key, cell)
            map.set(key, structuredClone(cell))
          }
        }
        expect([...table.entries()]).to.deep.equal([...map.entries()])
        expect(table.size).to.equal(map.size)
      }),
    )
  })

  it('keep a change that is made in a cell which was just written', () => {
    const table = new PackedCells<{ checkedAt: number }>(2)
    table.set('a', { checkedAt: 1 })
    table.get('a')!.checkedAt = 2
    for (const key of ['b', 'c', 'd']) table.set(key, { checkedAt: 0 })
    expect(table.get('a')).to.deep.equal({ checkedAt: 2 })
  })
})

describe('places for octets', () => {
  it('are used again when they are free, and long runs fit too', () => {
    const places = new OctetPlaces()
    const long = Buffer.alloc(3 << 20, 7)
    const kept = [places.put(Buffer.from('short')), places.put(long)]
    for (let i = 0; i < 100_000; i++) places.free(places.put(Buffer.from(`run ${i}`)))
    expect(kept.map((place) => Buffer.from(places.get(place)))).to.deep.equal([Buffer.from('short'), long])
    expect(places.memory).to.be.lessThan(6 << 20)
  })

  it('leave out the keys that a reader does not need, and are all packed when asked', () => {
    const table = new PackedCells<{ n: number }>(2)
    for (const [n, key] of ['a', 'b', 'c', 'd'].entries()) table.set(key, { n })
    expect([...table.entries(new Set(['a', 'd']))]).to.deep.equal([
      ['b', { n: 1 }],
      ['c', { n: 2 }],
    ])
    const last = table.get('d')
    expect(table.get('d')).to.equal(last)
    table.packAll()
    const packed = table.get('d')
    expect([packed, packed === last]).to.deep.equal([{ n: 3 }, false])
    expect([...table.entries()]).to.deep.equal([
      ['a', { n: 0 }],
      ['b', { n: 1 }],
      ['c', { n: 2 }],
      ['d', { n: 3 }],
    ])
    table.set('d', { n: 4 })
    expect(table.get('d')).to.deep.equal({ n: 4 })
  })
})
