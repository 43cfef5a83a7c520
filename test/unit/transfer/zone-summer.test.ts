/**
 * Records summed by a thread: the zone and the results of the checks are the same as when they are summed by the receiver, for
 * any order of the records, any repeats, and any split into runs.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { runChecks } from '../../../lib/checks/run-checks.js'
import type { SurveyedZone } from '../../../lib/checks/zone-survey.js'
import { ZoneSummer } from '../../../lib/transfer/zone-summer.js'
import { canonicalOrder } from '../../../lib/zone/canonical-order.js'
import type { PlainSums, RunCounter } from '../../../lib/zone/run-sums.js'
import { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { computeHere } from '../../../lib/checks/dnssec/compute.js'
import { NOW, pause, settingsOf } from '../../support/check-scene.js'
import { record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'

const APEX = Buffer.from('\x07example\0', 'latin1')
const SOA = record('example. 300 SOA ns1.example. host.example. 7 7200 900 1209600 60')

/** Sums at once, and clones the values as a thread does. */
class CounterHere implements RunCounter {
  readonly #summer = new ZoneSummer(APEX)
  count = 0
  seen: SurveyedZone | undefined
  isDropped = false

  advance(chunks: readonly SharedArrayBuffer[], tail: number): void {
    this.count = this.#summer.take({ id: 1, apex: APEX, chunks, tail, isLast: false }).count
  }

  async finish(chunks: readonly SharedArrayBuffer[], tail: number): Promise<PlainSums | undefined> {
    const { sums, seen } = structuredClone(this.#summer.take({ id: 1, apex: APEX, chunks, tail, isLast: true }))
    this.seen = seen
    return sums
  }

  drop(): void {
    this.isDropped = true
  }
}

const OWNERS = [
  '',
  'a.',
  'b.',
  'b.a.',
  'd.',
  'ns.d.',
  'D.',
  'x.y.d.',
  'e.',
  'ns.e.',
  'f.g.',
  'g.',
  '*.w.',
  'example.',
  'h.example.',
]
const DATA = [
  'A 192.0.2.1',
  'A 192.0.2.2',
  'AAAA 2001:db8::1',
  'NS ns.d.example.',
  'NS ns.e.example.',
  'NS NS.E.example.',
  'NS a.example.',
  'NS ns.test.',
  'NS q.example.example.',
  'CNAME a.example.',
  'DNAME other.test.',
  'MX 5 b.a.example.example.',
  'TXT "t"',
  'CAA 0 issue "x"',
  'TYPE65280 \\# 1 00',
]
const line = fc
  .tuple(fc.constantFrom(...OWNERS), fc.constantFrom(...DATA))
  .map(([owner, data]) => record(`${owner}example. 300 ${data}`))

const arbitraryZone = fc.record({
  records: fc.array(line, { maxLength: 40 }),
  again: fc.array(fc.nat(60), { maxLength: 3 }),
  isSorted: fc.boolean(),
  perRun: fc.integer({ min: 1, max: 9 }),
  before: fc.nat(3),
})

async function inOrder(records: readonly Buffer[]): Promise<Buffer[]> {
  const contents = new ZoneContents(APEX)
  for (const each of records) contents.add(each, 0)
  const view = contents.view()
  const order = await canonicalOrder(view, APEX.length, pause)
  const lengthOf = (data: Buffer, at: number): number => 12 + data[at]! + data.readUInt16BE(at + 10 + data[at]!)
  const sorted = Array.from(order, (offset) => {
    const data = view.chunkOf(offset)
    const at = view.at(offset)
    return Buffer.from(data.subarray(at, at + lengthOf(data, at)))
  })
  view.release()
  return sorted
}

/** `before`: runs that are added before the summing moves to `counter`. */
function fill(records: readonly Buffer[], perRun: number, before: number, counter: RunCounter | undefined): ZoneContents {
  const contents = new ZoneContents(APEX)
  contents.addRun(SOA, 0, SOA.length)
  for (let i = 0; i < records.length; i += perRun) {
    if (i / perRun === before && counter !== undefined) contents.countElsewhere(counter)
    const run = Buffer.concat(records.slice(i, i + perRun))
    contents.addRun(run, 0, run.length)
  }
  return contents
}

const factsOf = (contents: ZoneContents): unknown => ({
  digest: contents.digest,
  records: contents.records,
  octets: contents.octets,
  soa: contents.soa.stored.toString('hex'),
  nameServers: contents.apexNameServers,
})

describe('records that are summed by a thread', () => {
  it('make the same zone as when the receiver sums them, with the same results of the checks', async () => {
    let looked = 0
    await fc.assert(
      fc.asyncProperty(arbitraryZone, async ({ records, again, isSorted, perRun, before }) => {
        const sent = isSorted ? await inOrder(records) : records
        if (!isSorted) for (const i of again) if (sent.length > 0) sent.push(sent[i % sent.length]!)
        const counter = new CounterHere()
        const contents = fill(sent, perRun, before, counter)
        const plain = fill(sent, perRun, before, undefined)
        await contents.settle(pause)
        await plain.settle(pause)
        expect(factsOf(contents)).to.deep.equal(factsOf(plain))
        if (counter.seen !== undefined) looked += 1
        const input = {
          zone: 'example.',
          previous: undefined,
          change: undefined,
          settings: settingsOf({ protected: { records: ['a.example. A 192.0.2.1'] } }),
          now: NOW,
          whole: false,
          pause,
          compute: computeHere,
        }
        const seen = await runChecks({ ...input, contents, seen: counter.seen })
        expect(seen).to.deep.equal(await runChecks({ ...input, contents: plain }))
      }),
      seededRuns(400),
    )
    expect(looked, 'zones that came in order').to.be.greaterThan(50)
  })

  it('are summed by the receiver when it needs the result at once', async () => {
    const records = await inOrder([record('a.example. 300 A 192.0.2.1'), record('example. 300 NS a.example.')])
    const counter = new CounterHere()
    const contents = fill(records, 1, 0, counter)
    expect(factsOf(contents)).to.deep.equal(factsOf(fill(records, 1, 0, undefined)))
    expect(counter.isDropped).to.equal(true)
    await contents.settle(pause)
    expect(contents.records).to.equal(3)
  })

  it('are summed by the receiver when the thread fails', async () => {
    const records = await inOrder([record('a.example. 300 A 192.0.2.1'), record('example. 300 NS a.example.')])
    const counter = new CounterHere()
    counter.finish = async () => undefined
    const contents = fill(records, 1, 1, counter)
    await contents.settle(pause)
    expect(factsOf(contents)).to.deep.equal(factsOf(fill(records, 1, 0, undefined)))
  })

  it('of a signed zone keep their names for the verification of signatures', async () => {
    const records = await inOrder([
      record('example. 300 NS a.test.'),
      record(`example. 300 DNSKEY 257 3 13 ${Buffer.alloc(64, 7).toString('base64')}`),
    ])
    const counter = new CounterHere()
    const contents = fill(records, 1, 0, counter)
    await contents.settle(pause)
    expect(counter.seen?.hasKeys).to.equal(true)
    const input = {
      zone: 'example.',
      contents,
      previous: undefined,
      change: undefined,
      settings: settingsOf(),
      now: NOW,
      pause,
      compute: computeHere,
    }
    const { reports } = await runChecks({ ...input, whole: false, seen: counter.seen })
    expect(reports.find(({ check }) => check === 'dnssec')?.verdict).to.equal('hold')
  })
})
