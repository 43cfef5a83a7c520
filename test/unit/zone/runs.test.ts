/** Records added in runs: in any order and with any repeats, the zone is the same as when they are added one by one. */
import { expect } from 'chai'
import fc from 'fast-check'
import { canonicalOrder } from '../../../lib/zone/canonical-order.js'
import { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { arbitraryRecord } from '../../support/arbitrary-zone.js'
import { record } from '../../support/record-lines.js'

const pause = async (): Promise<void> => undefined
const SOA = record('example. 60 SOA ns.example. h.example. 1 2 3 4 5')
const APEX = Buffer.from('\x07example\0', 'latin1')

function inRuns(records: readonly Buffer[], perRun: number): ZoneContents {
  const contents = new ZoneContents(APEX)
  contents.addRun(SOA, 0, SOA.length)
  for (let i = 0; i < records.length; i += perRun) {
    const run = Buffer.concat(records.slice(i, i + perRun))
    contents.addRun(run, 0, run.length)
  }
  return contents
}

function singly(records: readonly Buffer[]): ZoneContents {
  const contents = new ZoneContents(APEX)
  contents.add(SOA, 0)
  for (const stored of records) contents.add(stored, 0)
  return contents
}

/** The records in canonical order, as octets. */
async function inOrder(contents: ZoneContents, how: 'canonical' | 'sorted'): Promise<string[]> {
  const view = contents.view()
  const order = how === 'canonical' ? await contents.canonicalOrder(view, pause) : await canonicalOrder(view, APEX.length, pause)
  const texts = Array.from(order, (offset) => {
    const data = view.chunkOf(offset)
    const at = view.at(offset)
    const owner = at + 2 + data[at]!
    return data.toString('latin1', at + 2, owner + 10 + data.readUInt16BE(owner + 8)).toLowerCase()
  })
  view.release()
  return texts
}

/** Few names and few contents, so that records repeat; in zone order, shuffled a little, or shuffled completely. */
const arbitraryRuns = fc
  .tuple(
    fc.array(arbitraryRecord, { maxLength: 40 }),
    fc.array(fc.nat(60), { maxLength: 6 }),
    fc.nat(2),
    fc.integer({ min: 1, max: 9 }),
  )
  .map(([records, again, how, perRun]) => ({ records, again, how, perRun }))

describe('records added in runs', () => {
  it('make the same zone as when they are added one by one', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRuns, async ({ records, again, how, perRun }) => {
        const sent = how === 0 ? records : await sorted(records)
        for (const i of again) if (sent.length > 0) sent.splice(how === 1 ? i % sent.length : 0, 0, sent[i % sent.length]!)
        const expected = singly(sent)
        for (const settled of [true, false]) {
          const contents = inRuns(sent, perRun)
          if (settled) await contents.settle(pause)
          expect(contents.digest).to.equal(expected.digest)
          expect(contents.records).to.equal(expected.records)
          expect(contents.octets).to.equal(expected.octets)
          expect(await inOrder(contents, 'canonical')).to.deep.equal(await inOrder(expected, 'sorted'))
          for (const stored of sent) expect(contents.has(stored, 0)).to.equal(expected.has(stored, 0))
          expect(await inOrder(contents, 'canonical')).to.deep.equal(await inOrder(contents, 'sorted'))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('are all found when a name has more records than are compared with each other', async () => {
    const many = Array.from({ length: 200 }, (_, i) => record(`many.example. 60 A 192.0.2.${(i * 7) % 150}`))
    const contents = inRuns(many, 11)
    await contents.settle(pause)
    expect(contents.records).to.equal(151)
    expect(contents.digest).to.equal(singly(many).digest)
  })

  it('can be changed before they are looked up', () => {
    const [a, b] = [record('a.example. 60 A 192.0.2.1'), record('b.example. 60 A 192.0.2.2')]
    const contents = inRuns([a, b], 9)
    const toSoa = record('example. 60 SOA ns.example. h.example. 2 2 3 4 5')
    contents.begin()
    contents.apply({
      from: 1 as never,
      to: 2 as never,
      fromSoa: SOA,
      toSoa,
      removed: { data: a, count: 1 },
      added: { data: record('c.example. 60 A 192.0.2.3'), count: 1 },
    })
    contents.commit()
    expect(contents.records).to.equal(3)
    expect(contents.has(a, 0)).to.equal(false)
    contents.addRun(b, 0, b.length)
    expect(contents.records, 'what comes after the change is looked for at once').to.equal(3)
  })
})

async function sorted(records: readonly Buffer[]): Promise<Buffer[]> {
  const contents = singly(records)
  const view = contents.view()
  const order = await canonicalOrder(view, APEX.length, pause)
  const out = Array.from(order, (offset) => {
    const data = view.chunkOf(offset)
    const at = view.at(offset)
    const owner = at + 2 + data[at]!
    return Buffer.from(data.subarray(at, owner + 10 + data.readUInt16BE(owner + 8)))
  })
  view.release()
  return out
}
