/** A zone that arrives is merged with held contents: the difference by sets, for any two zones and any way of arriving. */
import { expect } from 'chai'
import fc from 'fast-check'
import { compareContents, isRespelled } from '../../../lib/zone/compare.js'
import { recordsIn, type RecordRun } from '../../../lib/zone/record-run.js'
import { ZoneContents } from '../../../lib/zone/zone-contents.js'
import type { MergedZone } from '../../../lib/zone/zone-merge.js'
import {
  arbitraryRecord,
  arbitraryWish,
  arbitraryZone,
  change,
  contentsOfModel,
  identityOf,
  type ZoneModel,
} from '../../support/arbitrary-zone.js'
import { contentsFrom, inOrder, mergeOf } from '../../support/merging.js'
import { record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'
import { APEX, runTexts, soa } from '../../support/transfer-script.js'

const pause = async (): Promise<void> => undefined

const foldedTexts = (run: RecordRun): string[] =>
  Array.from(recordsIn(run), (at) => identityOf(run.data.subarray(at, run.data.length))).sort()

async function expectDifference(older: ZoneContents, newer: ZoneContents, merged: MergedZone): Promise<void> {
  const { removed, added, respelled, records } = merged
  const expected = (await compareContents(older, newer, Number.POSITIVE_INFINITY, pause))!
  expect(runTexts(removed)).to.deep.equal(runTexts(expected.removed))
  expect(runTexts(added)).to.deep.equal(runTexts(expected.added))
  expect(records).to.equal(newer.records)
  expect(foldedTexts(respelled.held)).to.deep.equal(foldedTexts(respelled.came))
  // A record with another TTL carries its letter case in the difference.
  if (respelled.came.count > 0) expect(await isRespelled(older, newer, pause)).to.equal(true)
}

const cutsOf = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })

/** An older zone, its change in place, and a newer zone that has much in common with it. */
const twoZones = fc.record({
  first: arbitraryZone(60),
  applied: fc.option(arbitraryWish, { nil: undefined }),
  wish: arbitraryWish,
  more: fc.array(arbitraryRecord, { maxLength: 6 }),
  cuts: cutsOf,
})

async function scene(input: typeof twoZones extends fc.Arbitrary<infer T> ? T : never) {
  const older = contentsFrom(await inOrder(input.first))
  let model = input.first
  if (input.applied !== undefined) {
    const { difference, after } = change(model, input.applied)
    older.begin()
    older.apply(difference)
    older.commit()
    model = after
  }
  const next = change(model, input.wish).after
  // Other letter case and other TTLs under the same identity.
  const records = new Map(next.records)
  for (const stored of input.more) records.set(identityOf(stored), stored)
  return { older, newer: { ...next, records } }
}

describe('a zone that arrives over held contents', () => {
  it('has the difference by sets, when it comes in canonical order', async () => {
    await fc.assert(
      fc.asyncProperty(twoZones, async (input) => {
        const { older, newer } = await scene(input)
        const before = older.digest
        const merged = await mergeOf(older, await inOrder(newer), input.cuts)
        await expectDifference(older, contentsOfModel(newer), merged!)
        expect(older.digest).to.equal(before)
      }),
      seededRuns(300),
    )
  })

  it('has the difference by sets or cannot be merged, when it comes in any order and records repeat', async () => {
    await fc.assert(
      fc.asyncProperty(twoZones, fc.array(fc.tuple(fc.nat(200), fc.nat(200)), { maxLength: 3 }), async (input, moves) => {
        const { older, newer } = await scene(input)
        const records = await inOrder(newer)
        for (const [from, to] of moves)
          records.splice(1 + (to % records.length), 0, records[1 + (from % records.length)] ?? records[0]!)
        const arrived = contentsFrom(records)
        const merged = await mergeOf(older, records, input.cuts)
        // A record that came twice may be noticed late: by the number of records.
        if (merged !== undefined && merged.records === arrived.records) await expectDifference(older, arrived, merged)
        else if (moves.length === 0) expect.fail('a zone in order was not merged')
      }),
      seededRuns(300),
    )
  })

  it('is merged in stretches when little changes', async () => {
    const host = (n: number, ttl = 60): Buffer =>
      record(`h${String(n).padStart(5, '0')}.example. ${ttl} A 10.0.${n >> 8}.${n & 255}`)
    const all = Array.from({ length: 3000 }, (_, n) => n)
    const modelOf = (numbers: readonly number[], serial: number, ttls: ReadonlyMap<number, number> = new Map()): ZoneModel => ({
      serial,
      records: new Map(numbers.map((n) => [identityOf(host(n)), host(n, ttls.get(n))])),
    })
    const held = await inOrder(modelOf(all, 1))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(2999), { maxLength: 40 }),
        fc.uniqueArray(fc.nat(2999), { maxLength: 40 }),
        fc.integer({ min: 1, max: 900 }),
        async (gone, retimed, cut) => {
          const older = contentsFrom(held)
          const left = all.filter((n) => !gone.includes(n))
          const middle = modelOf(left, 2, new Map(retimed.map((n) => [n, 90])))
          const arriving = await inOrder(middle)
          const merged = (await mergeOf(older, arriving, [cut]))!
          await expectDifference(older, contentsOfModel(middle), merged)
          // Applied, and back again: the added records are behind the others then.
          const [fromSoa, toSoa] = [held[0]!, arriving[0]!]
          older.begin()
          older.apply({ from: 1, to: 2, fromSoa, toSoa, removed: merged.removed, added: merged.added })
          older.commit()
          const back = (await mergeOf(older, held, [cut]))!
          expect([back.removed.count, back.added.count]).to.deep.equal([merged.added.count, merged.removed.count])
        },
      ),
      seededRuns(40),
    )
  })

  it('cannot be merged when the held records of a large zone are all behind the first name that comes', async () => {
    const many = Array.from({ length: 25_000 }, (_, n) => record(`a${String(n).padStart(5, '0')}.example. 60 A 192.0.2.1`))
    const older = contentsFrom([record(soa(1)), ...many])
    const merge = older.merge()!
    const run = Buffer.concat([record(soa(2)), record('z.example. 60 A 192.0.2.1'), record('zz.example. 60 A 192.0.2.1')])
    expect(merge.take(run, 0, run.length)).to.equal(false)
  })

  it('has no merge with more records out of order than can be sorted at once', () => {
    const contents = new ZoneContents(APEX)
    contents.add(record(soa(1)), 0)
    for (let n = 0; n < 20_001; n++) contents.add(record(`b${n}.example. 60 A 192.0.2.1`), 0)
    expect(contents.merge()).to.equal(undefined)
  })

  it('removes all held records that do not come', async () => {
    const older = contentsFrom(await inOrder({ serial: 1, records: new Map([['x', record('a.example. 60 A 192.0.2.1')]]) }))
    const merged = (await mergeOf(older, [record(soa(2))]))!
    expect([merged.records, merged.removed.count, merged.added.count]).to.deep.equal([1, 1, 0])
  })

  it('counts the memory of records that came in other letter case', () => {
    const texts = Array.from({ length: 2_000 }, (_, n) => `h${String(n).padStart(5, '0')}.example. 60 A 192.0.2.1`)
    const merge = contentsFrom([record(soa(1)), ...texts.map((text) => record(text))]).merge()!
    const run = Buffer.concat([record(soa(2)), ...texts.map((text) => record(text.toUpperCase().replace('EXAMPLE', 'example')))])
    expect(merge.take(run, 0, run.length)).to.equal(true)
    expect(merge.memory).to.be.greaterThan(1.9 * run.length)
  })

  it('notes a record that came in other letter case', async () => {
    const older = contentsFrom([record(soa(1)), record('a.example. 60 NS ns.example.')])
    const merged = (await mergeOf(older, [record(soa(2)), record('A.example. 60 NS ns.Example.')]))!
    expect(runTexts(merged.respelled.held)).to.deep.equal(['a.example. 60 IN NS ns.example.'])
    expect(runTexts(merged.respelled.came)).to.deep.equal(['A.example. 60 IN NS ns.Example.'])
    expect([merged.removed.count, merged.added.count]).to.deep.equal([0, 0])
  })
})
