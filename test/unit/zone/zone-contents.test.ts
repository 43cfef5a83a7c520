/** Contents of a zone: additions, difference sequences that fit and that do not, and the views of the same time. */
import { expect } from 'chai'
import fc from 'fast-check'
import { recordText } from '../../../lib/dns/record-text.js'
import type { Difference } from '../../../lib/zone/difference.js'
import { RunBuilder } from '../../../lib/zone/record-run.js'
import { ZoneContents } from '../../../lib/zone/zone-contents.js'
import {
  arbitraryWish,
  arbitraryZone,
  change,
  contentsOfModel,
  textsOfModel,
  type ZoneModel,
} from '../../support/arbitrary-zone.js'
import { expectError } from '../../support/expect-error.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'
import { APEX, runTexts, soa, stored, textsOf } from '../../support/transfer-script.js'

const A = 'a.example. 60 A 192.0.2.1'
const B = 'b.example. 60 A 192.0.2.2'
const NS = 'example. 60 NS ns1.example.'

const run = (...lines: string[]): ReturnType<RunBuilder['finish']> => {
  const builder = new RunBuilder()
  for (const octets of stored(lines.join('\n'))) builder.add(octets, 0)
  return builder.finish()
}

const step = (from: number, to: number, removed: string[], added: string[]): Difference => ({
  from,
  to,
  fromSoa: record(soa(from)),
  toSoa: record(soa(to)),
  removed: run(...removed),
  added: run(...added),
})

const zone = (serial: number, ...lines: string[]): ZoneContents => contentsOf('example.', [soa(serial), ...lines].join('\n'))

function applied(contents: ZoneContents, difference: Difference): Difference {
  contents.begin()
  const exact = contents.apply(difference)
  contents.commit()
  return exact
}

describe('contents of a zone', () => {
  it('RFC 5936 §2.2: have a record once, whatever its letter case and TTL', () => {
    const contents = zone(1, A)
    for (const line of [A, 'A.EXAMPLE. 60 A 192.0.2.1', 'a.example. 61 A 192.0.2.1'])
      expect(contents.add(record(line), 0), line).to.equal(false)
    expect(contents.add(record('a.example. 60 A 192.0.2.9'), 0)).to.equal(true)
    expect([contents.records, contents.soa.serial]).to.deep.equal([3, 1])
  })

  it('RFC 2181 §5.2: keep the lowest TTL of copies of a record, in any order', () => {
    const copies = [90, 30, 60].map((ttl) => A.replace('60', String(ttl)))
    const one = zone(1, copies[1]!, B)
    expect(one.copied).to.equal(undefined)
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [0, 2, 1],
    ]) {
      const lines = [soa(1), ...order.map((i) => copies[i]!), B]
      const data = Buffer.concat(lines.map(record))
      const atOnce = new ZoneContents(APEX)
      atOnce.addRun(data, 0, data.length)
      for (const contents of [atOnce, zone(1, ...lines.slice(1))]) {
        expect(contents.copied).to.match(/^a\.example\. \d+ IN A 192\.0\.2\.1$/)
        expect([contents.digest, contents.records, contents.octets]).to.deep.equal([one.digest, one.records, one.octets])
        expect(textsOf(contents)).to.deep.equal(textsOf(one))
      }
    }
  })

  it('do not count the same record with the same TTL as a changed copy', () => {
    expect(zone(1, A, A, B, B).copied).to.equal(undefined)
  })

  it('find a record only with its own TTL', () => {
    const contents = zone(1, A)
    expect(contents.has(record(A), 0)).to.equal(true)
    expect(contents.has(record('A.example. 60 A 192.0.2.1'), 0)).to.equal(true)
    expect(contents.has(record(A.replace('60', '61')), 0)).to.equal(false)
    expect(contents.has(record(B), 0)).to.equal(false)
  })

  it('have no SOA when they are empty', async () => {
    await expectError('ZONE_EMPTY', () => new ZoneContents(APEX).soa)
  })

  it('are the same from a run as from single additions, duplicates included', () => {
    const lines = [soa(1), A, B, A, NS, 'A.example. 99 A 192.0.2.1']
    const data = Buffer.concat(lines.map(record))
    const atOnce = new ZoneContents(APEX)
    atOnce.addRun(data, 0, data.length)
    const oneByOne = zone(1, A, B, A, NS, lines[5]!)
    expect(textsOf(atOnce)).to.deep.equal(textsOf(oneByOne))
    expect([atOnce.digest, atOnce.records, atOnce.octets]).to.deep.equal([oneByOne.digest, oneByOne.records, oneByOne.octets])
  })

  it('count the name servers and ZONEMD records at the apex, and no others', () => {
    const contents = zone(
      1,
      NS,
      'EXAMPLE. 60 NS ns2.example.',
      'sub.example. 60 NS ns.sub.example.',
      `example. 60 ZONEMD 1 1 1 ${'00'.repeat(48)}`,
    )
    expect([contents.apexNameServers, contents.apexZonemds]).to.deep.equal([2, 1])
    applied(contents, step(1, 2, [NS], []))
    expect([contents.apexNameServers, contents.apexZonemds]).to.deep.equal([1, 1])
    contents.begin()
    contents.apply(step(2, 3, ['example. 60 NS ns2.example.', `example. 60 ZONEMD 1 1 1 ${'00'.repeat(48)}`], []))
    expect([contents.apexNameServers, contents.apexZonemds]).to.deep.equal([0, 0])
    contents.rollback()
    expect([contents.apexNameServers, contents.apexZonemds]).to.deep.equal([1, 1])
  })
})

describe('a difference sequence', () => {
  it('RFC 1995 §4: removes, adds and replaces the SOA', () => {
    const contents = zone(1, A, NS)
    applied(contents, step(1, 2, [A], [B]))
    expect(textsOf(contents)).to.deep.equal([soa(2), B, NS].map((line) => recordText(record(line), 0)).sort())
    expect(contents.soa.serial).to.equal(2)
  })

  it('has no effect where it adds a record that is there already', () => {
    const contents = zone(1, A, NS)
    const exact = applied(contents, step(1, 2, [], [A, B]))
    expect(runTexts(exact.added)).to.deep.equal(['b.example. 60 IN A 192.0.2.2'])
    expect(exact.removed.count).to.equal(0)
  })

  it('RFC 2181 §5.2: has a changed TTL as a removal and an addition', () => {
    const contents = zone(1, A)
    const exact = applied(contents, step(1, 2, [A], [A.replace('60', '90')]))
    expect([runTexts(exact.removed), runTexts(exact.added)]).to.deep.equal([
      ['a.example. 60 IN A 192.0.2.1'],
      ['a.example. 90 IN A 192.0.2.1'],
    ])
    expect(contents.has(record(A.replace('60', '90')), 0)).to.equal(true)
  })

  const A90 = A.replace('60', '90')
  const A30 = A.replace('60', '30')
  const COPIES: readonly (readonly [id: string, removed: string[], added: string[]])[] = [
    ['removes a copy with a higher TTL', [A90], []],
    ['removes a copy with a lower TTL', [A30], []],
    ['adds a copy with a higher TTL', [], [A90]],
    ['adds a copy with a lower TTL', [], [A30]],
    ['removes one copy and adds another', [A90], [A30]],
    ['removes a copy and adds it back', [A90], [A90]],
    ['adds two copies of a new record', [A], [A90, A30]],
  ]
  for (const [id, removed, added] of COPIES)
    it(`RFC 5936 §2.2: that ${id} is in doubt and needs an AXFR`, async () => {
      const contents = zone(1, A, B)
      contents.begin()
      const error = await expectError('ZONE_TTL_IN_DOUBT', () => contents.apply(step(1, 2, removed, added)))
      expect(error.nextMove).to.equal('axfr')
      contents.rollback()
      expect(contents.digest).to.equal(zone(1, A, B).digest)
    })

  it('that removes a missing record does not fit and needs an AXFR', async () => {
    const contents = zone(1, A)
    contents.begin()
    const error = await expectError('ZONE_REMOVES_ABSENT', () => contents.apply(step(1, 2, [B], [])), {
      record: 'b.example. 60 IN A 192.0.2.2',
    })
    expect(error.nextMove).to.equal('axfr')
  })

  it('that removes the same record twice does not fit', async () => {
    const contents = zone(1, A)
    contents.begin()
    await expectError('ZONE_REMOVES_ABSENT', () => contents.apply(step(1, 2, [A, A], [])))
  })

  it('that begins at another serial does not fit', async () => {
    const contents = zone(1, A)
    contents.begin()
    const error = await expectError('ZONE_WRONG_BASE', () => contents.apply(step(2, 3, [], [])), { held: 1, from: 2 })
    expect(error.nextMove).to.equal('axfr')
  })

  it('that names another SOA under the current serial does not fit', async () => {
    const contents = zone(1, A)
    contents.begin()
    await expectError('ZONE_REMOVES_ABSENT', () => contents.apply({ ...step(1, 2, [], []), fromSoa: record(soa(1, 61)) }))
  })

  it('leaves unused memory behind, which is reported', () => {
    const contents = zone(1, A)
    expect(contents.waste).to.equal(0)
    for (let serial = 1; serial < 10; serial++)
      applied(contents, step(serial, serial + 1, [A.replace('60', `${59 + serial}`)], [A.replace('60', `${60 + serial}`)]))
    expect(contents.waste).to.be.greaterThan(0.8)
    expect(contents.records).to.equal(2)
  })
})

/** The records of a view, as lines. */
function recordsOf(view: ReturnType<ZoneContents['view']>, atMost = Number.MAX_SAFE_INTEGER): string[] {
  const texts: string[] = []
  for (let from: number | undefined = 0; from !== undefined; )
    from = view.walk(from, atMost, (data, at) => texts.push(recordText(data, at)))
  return texts.sort()
}

describe('a view', () => {
  const bare = (model: ZoneModel): string[] => textsOfModel(model).filter((text) => !text.includes(' IN SOA '))

  it('may be read in slices of any size', () => {
    const contents = contentsOf(
      'example.',
      [soa(1), ...Array.from({ length: 50 }, (_, i) => `n${i}.example. 60 A 192.0.2.1`)].join('\n'),
    )
    const view = contents.view()
    for (const size of [1, 7, 50, 51, 1000]) expect(recordsOf(view, size).length, `slices of ${size}`).to.equal(50)
    view.release()
  })

  it('sees the zone at the time it was opened, through changes, commits and rollbacks', () => {
    const contents = zone(1, A, B)
    const view = contents.view()
    const before = recordsOf(view)
    contents.begin()
    contents.apply(step(1, 2, [A], ['c.example. 60 A 192.0.2.3']))
    const during = contents.view()
    expect(recordsOf(during), 'opened during a change').to.deep.equal(before)
    expect(recordsOf(contents.view('pending')).length).to.equal(2)
    contents.commit()
    applied(contents, step(2, 3, [B], []))
    for (const old of [view, during]) expect(recordsOf(old)).to.deep.equal(before)
    expect(recordsOf(contents.view())).to.deep.equal(['c.example. 60 IN A 192.0.2.3'])
    view.release()
    view.release()
    expect(recordsOf(during)).to.deep.equal(before)
  })

  it('sees the zone at the time it was opened, after any sequence of changes by others', () => {
    const act = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          does: fc.constant('change' as const),
          wish: arbitraryWish,
          ends: fc.constantFrom('commit', 'rollback', 'later'),
        }),
      },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('look' as const), pending: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('leave' as const), which: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('end' as const), commits: fc.boolean() }) },
    )
    fc.assert(
      fc.property(arbitraryZone(12), fc.array(act, { maxLength: 25 }), (model, acts) => {
        const contents = contentsOfModel(model)
        let committed = model
        let pending: ZoneModel | undefined
        const open: { view: ReturnType<ZoneContents['view']>; expected: string[] }[] = []
        const end = (commits: boolean): void => {
          if (!pending) return
          if (commits) contents.commit()
          else contents.rollback()
          if (commits) committed = pending
          pending = undefined
        }
        for (const a of acts) {
          if (a.does === 'change') {
            if (!pending) contents.begin()
            const { difference, after } = change(pending ?? committed, a.wish)
            contents.apply(difference)
            pending = after
            if (a.ends !== 'later') end(a.ends === 'commit')
          } else if (a.does === 'look') {
            const isPending = a.pending && pending !== undefined
            const expected = bare(isPending ? pending! : committed)
            // A view that sees a change must be closed before it ends.
            const view = contents.view(isPending ? 'pending' : 'committed')
            expect(recordsOf(view)).to.deep.equal(expected)
            if (isPending) view.release()
            else open.push({ view, expected })
          } else if (a.does === 'leave') open.splice(a.which % Math.max(1, open.length), 1)[0]?.view.release()
          else end(a.commits)
          for (const { view, expected } of open) expect(recordsOf(view)).to.deep.equal(expected)
        }
      }),
      seededRuns(300),
    )
  })
})
