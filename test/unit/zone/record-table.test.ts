/** The hash table over an arena, compared with a plain map: growth, the split into parts, and complete deletion. */
import { expect } from 'chai'
import fc from 'fast-check'
import { RecordTable } from '../../../lib/zone/record-table.js'
import { seededRuns } from '../../support/seed.js'

const contains = (table: RecordTable, hash: number, offset: number): boolean =>
  table.find(hash, (found) => found === offset) === offset

describe('the table of records', () => {
  it('finds nothing when it is empty', () => {
    const table = new RecordTable()
    expect(table.find(0, () => true)).to.equal(undefined)
    expect(table.delete(0, 0)).to.equal(false)
  })

  it('keeps several records with one hash apart', () => {
    const table = new RecordTable()
    for (const offset of [0, 10, 20]) table.insert(7, offset)
    for (const offset of [0, 10, 20]) expect(contains(table, 7, offset), `${offset}`).to.equal(true)
    expect(table.delete(7, 10)).to.equal(true)
    expect(table.delete(7, 10)).to.equal(false)
    expect([contains(table, 7, 0), contains(table, 7, 10), contains(table, 7, 20)]).to.deep.equal([true, false, true])
  })

  it('has at most 64 records with one key, and is unchanged when one more is refused', () => {
    const table = new RecordTable()
    for (let offset = 0; offset < 64; offset++) table.insert(7, offset)
    expect(() => table.insert(7, 64)).to.throw('more than 64 records or names of the zone have one hash')
    expect(contains(table, 7, 64)).to.equal(false)
    expect(table.delete(7, 0)).to.equal(true)
    table.insert(7, 64)
    expect(contains(table, 7, 64)).to.equal(true)
  })

  it('takes records back in a rollback, however many have one key', () => {
    const table = new RecordTable()
    for (let offset = 0; offset < 64; offset++) table.insert(7, offset)
    for (let offset = 64; offset < 40_000; offset += 400) table.restore(7, offset)
    for (let offset = 0; offset < 40_000; offset++) table.restore(offset * 100_000, offset)
    expect(contains(table, 7, 39_664)).to.equal(true)
    expect(() => table.insert(7, 50_000)).to.throw('have one hash')
  })

  it('has the records that a map has, after any additions and removals', () => {
    // Few distinct hashes, also at the ends of the range, so that probes collide and wrap around. An offset has one record.
    const HASHES = [0, 1, 15, 16, 17, 0xfffffffe, 0xffffffff, 31, 32, 2 ** 31]
    const act = fc.tuple(fc.boolean(), fc.nat(60))
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...HASHES), { minLength: 61, maxLength: 61 }),
        fc.array(act, { maxLength: 300 }),
        (hashes, acts) => {
          const table = new RecordTable()
          const model = new Set<number>()
          for (const [inserts, offset] of acts) {
            const hash = hashes[offset]!
            if (inserts && !model.has(offset)) {
              table.insert(hash, offset)
              model.add(offset)
            } else if (!inserts) {
              expect(table.delete(hash, offset)).to.equal(model.has(offset))
              model.delete(offset)
            }
          }
          for (const [offset, hash] of hashes.entries())
            expect(contains(table, hash, offset), `${offset}`).to.equal(model.has(offset))
        },
      ),
      seededRuns(),
    )
  })

  it('is split into many parts when it is large, with all records in them', () => {
    const table = new RecordTable()
    const hashOf = (i: number): number => Math.imul(i, 0x9e3779b1) >>> 0
    for (let i = 0; i < 100_000; i++) table.insert(hashOf(i), i)
    for (let i = 0; i < 100_000; i += 3) expect(table.delete(hashOf(i), i), `${i}`).to.equal(true)
    for (let i = 0; i < 100_000; i++) if (contains(table, hashOf(i), i) !== (i % 3 !== 0)) expect.fail(`${i}`)
    expect(table.octets).to.be.lessThan(100_000 * 40)
  })
})
