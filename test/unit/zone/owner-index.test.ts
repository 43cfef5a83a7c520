/** Records found by name: the same as a scan finds, after any additions, removals and rollbacks. */
import { expect } from 'chai'
import fc from 'fast-check'
import { nameToWire } from '../../../lib/dns/name.js'
import { rdataStart, storedType } from '../../../lib/dns/record.js'
import { recordText } from '../../../lib/dns/record-text.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import type { Difference } from '../../../lib/zone/difference.js'
import { nameHash } from '../../../lib/zone/name-chains.js'
import type { OffsetVisit, OwnerIndex } from '../../../lib/zone/owner-index.js'
import { type RecordRun, RunBuilder } from '../../../lib/zone/record-run.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { isBelow, isWithin, keyOfText, ownerKey, wireKey } from '../../../lib/names/name-key.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'

const pause = async (): Promise<void> => undefined
const soaLine = (serial: number): string => `example. 60 SOA ns.example. h.example. ${serial} 2 3 4 5`
const zone = (lines: readonly string[]): ZoneContents => contentsOf('example.', [soaLine(1), ...lines].join('\n'))

const runOf = (lines: readonly string[]) => {
  const run = new RunBuilder()
  for (const line of lines) run.add(record(line), 0)
  return run.finish()
}

function difference(contents: ZoneContents, remove: readonly string[], add: readonly string[]): Difference {
  const from = contents.soa.serial
  return {
    from,
    to: from + 1,
    fromSoa: record(soaLine(from)),
    toSoa: record(soaLine(from + 1)),
    removed: runOf(remove),
    added: runOf(add),
  }
}

function change(contents: ZoneContents, remove: readonly string[], add: readonly string[]): void {
  contents.begin()
  contents.apply(difference(contents, remove, add))
  contents.commit()
}

/** Text of the records that the index finds, without the SOA, which a view leaves out. */
function found(contents: ZoneContents, look: (visit: OffsetVisit) => void): string[] {
  const view = contents.view('pending')
  const lines: string[] = []
  look((offset) => {
    const [data, at] = [view.chunkOf(offset), view.at(offset)]
    if (storedType(data, at) !== TYPE.SOA) lines.push(recordText(data, at))
  })
  view.release()
  return lines.sort()
}

const at = (contents: ZoneContents, index: OwnerIndex, name: string): string[] => {
  const wire = nameToWire(name)
  return found(contents, (visit) => index.at(wire, 0, wire.length, visit))
}
const below = (contents: ZoneContents, index: OwnerIndex, name: string): string[] =>
  found(contents, (visit) => index.below(nameToWire(name.toLowerCase()), visit))
const pointing = (contents: ZoneContents, index: OwnerIndex, name: string): string[] =>
  found(contents, (visit) => index.pointing(nameToWire(name), visit))

/** The same by a scan of all records. */
function walked(contents: ZoneContents, fits: (data: Buffer, at: number) => boolean): string[] {
  const view = contents.view('pending')
  const lines: string[] = []
  view.walk(0, Number.POSITIVE_INFINITY, (data, o) => void (fits(data, o) && lines.push(recordText(data, o))))
  view.release()
  return lines.sort()
}

function figuresOf(contents: ZoneContents): unknown {
  const times: number[] = []
  const nsec3 = { count: 0, optOut: 0 }
  walked(contents, (data, o) => {
    const rdata = rdataStart(data, o)
    if (storedType(data, o) === TYPE.RRSIG) times.push(data.readUInt32BE(rdata + 8))
    if (storedType(data, o) === TYPE.NSEC3) {
      nsec3.count += 1
      nsec3.optOut += data[rdata + 1]! & 1
    }
    return false
  })
  return { earliest: times.length === 0 ? 'none' : Math.min(...times), nsec3 }
}

function expectAll(contents: ZoneContents, index: OwnerIndex, names: readonly string[]): void {
  for (const name of names) {
    const key = keyOfText(name)
    expect(at(contents, index, name), `at ${name}`).to.deep.equal(walked(contents, (data, o) => ownerKey(data, o) === key))
    if (name === 'example.') continue
    expect(below(contents, index, name), `below ${name}`).to.deep.equal(
      walked(contents, (data, o) => isBelow(ownerKey(data, o), key)),
    )
    expect(pointing(contents, index, name), `pointing at ${name}`).to.deep.equal(
      walked(contents, (data, o) => storedType(data, o) === TYPE.NS && isWithin(wireKey(data, rdataStart(data, o)), key)),
    )
  }
  expect({ earliest: index.figures.earliest(), nsec3: index.figures.nsec3 }).to.deep.equal(figuresOf(contents))
}

describe('records by owner', () => {
  it('are found in any letter case', async () => {
    const contents = zone(['WWW.Example. 60 A 192.0.2.1', 'www.example. 60 TXT "t"', 'ww.example. 60 A 192.0.2.1'])
    const index = await contents.indexOwners(pause)
    expect(at(contents, index, 'wWw.eXample.')).to.have.length(2)
    expect(at(contents, index, 'w.example.')).to.deep.equal([])
  })

  it('are found when many share a name and some are removed', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `many.example. 60 TXT "${i}"`)
    const contents = zone(lines)
    const index = await contents.indexOwners(pause)
    expect(at(contents, index, 'many.example.')).to.have.length(3000)
    change(contents, lines.slice(0, 2990), ['many.example. 60 TXT "new"'])
    await contents.indexOwners(pause)
    expect(at(contents, index, 'many.example.')).to.have.length(11)
    change(contents, [...lines.slice(2990), 'many.example. 60 TXT "new"'], [])
    await contents.indexOwners(pause)
    expect(at(contents, index, 'many.example.')).to.deep.equal([])
    change(contents, [], [lines[7]!])
    await contents.indexOwners(pause)
    expect(at(contents, index, 'many.example.')).to.have.length(1)
  })

  it('are found when two names have the same hash', async () => {
    const seen = new Map<number, string>()
    let pair: [string, string] | undefined
    for (let i = 0; pair === undefined; i++) {
      const name = `n${i}.example.`
      const wire = nameToWire(name)
      const hash = nameHash(wire, 0, wire.length)
      const twin = seen.get(hash)
      if (twin !== undefined) pair = [twin, name]
      seen.set(hash, name)
    }
    const contents = zone(pair.map((name) => `${name} 60 A 192.0.2.1`))
    const index = await contents.indexOwners(pause)
    contents.begin()
    contents.apply(difference(contents, [], [`x.${pair[0]} 60 A 192.0.2.3`, `${pair[1]} 60 A 192.0.2.2`]))
    await contents.indexOwners(pause)
    expectAll(contents, index, pair)
    contents.rollback()
    await contents.indexOwners(pause)
    expectAll(contents, index, pair)
  })

  it('are found in a zone that grew after it was indexed', async () => {
    const contents = zone(['a.example. 60 A 192.0.2.1'])
    await contents.indexOwners(pause)
    const lines = Array.from({ length: 12_000 }, (_, i) => `h${i}.d${i % 50}.example. 60 A 192.0.2.1`)
    change(contents, [], lines)
    let pauses = 0
    const index = await contents.indexOwners(async () => {
      pauses += 1
    })
    expect(pauses).to.be.greaterThan(1)
    expect(contents.isIndexed).to.equal(true)
    for (const i of [0, 17, 11_999]) expect(at(contents, index, `h${i}.d${i % 50}.example.`)).to.have.length(1)
    expect(below(contents, index, 'd7.example.')).to.have.length(240)
  })

  it('need constant memory while as many are removed as added', async () => {
    const contents = zone(Array.from({ length: 500 }, (_, i) => `h${i}.example. 60 A 192.0.2.1`))
    const index = await contents.indexOwners(pause)
    for (let i = 0; i < 2000; i++) {
      contents.begin()
      contents.apply(difference(contents, [], [`come${i}.example. 60 A 192.0.2.1`]))
      await contents.indexOwners(pause)
      contents.rollback()
    }
    expect(index.octets).to.be.lessThan(120_000)
  })

  it('are found below a name, deep names included', async () => {
    const contents = zone(['a.b.c.d.e.f.g.example. 60 A 192.0.2.1', 'h.g.example. 60 A 192.0.2.1', 'g.example. 60 A 192.0.2.1'])
    const index = await contents.indexOwners(pause)
    expectAll(contents, index, ['g.example.', 'f.g.example.', 'c.d.e.f.g.example.', 'a.b.c.d.e.f.g.example.', 'h.g.example.'])
  })
})

const NAMES = ['a', 'A', 'b', 'x.a', 'y.x.a', 'X.A', 'ns.b', 'q.r.s.t.u.v.a', 'v.a', '*.b'].map((name) => `${name}.example.`)
const DATA = [
  'A 192.0.2.1',
  'A 192.0.2.2',
  'TXT "t"',
  'NS ns.b.example.',
  'NS x.a.example.',
  'NS other.test.',
  'NS z.y.x.a.example.',
  'NS q.r.s.t.u.v.a.example.',
  'NS example.',
  'NSEC3 1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s A',
  'NSEC3 1 1 0 - 2vptu5timamqttgl4luu9kg21e0aor3s A',
  ...[1, 2, 3].map((n) => `RRSIG A 8 2 60 2026070${n}000000 20260601000000 1 example. AAAA`),
]
const wish = fc.tuple(fc.constantFrom(...NAMES, 'example.'), fc.constantFrom(...DATA)).map(([name, data]) => `${name} 60 ${data}`)
const act = fc.oneof(
  fc.constantFrom('begin' as const, 'commit' as const, 'rollback' as const, 'index' as const),
  fc.record({ add: fc.array(wish, { maxLength: 4 }), remove: fc.array(fc.nat(1000), { maxLength: 4 }) }),
)

/** RRSIG records that expire at these seconds since 1970, one a second. */
function signatures(from: number, to: number): RecordRun {
  const stored = record('a.example. 60 RRSIG A 8 2 60 20260701000000 20260601000000 1 example. AAAA')
  const run = new RunBuilder()
  for (let time = from; time < to; time++) {
    stored.writeUInt32BE(time, rdataStart(stored, 0) + 8)
    run.add(stored, 0)
  }
  return run.finish()
}

describe('the first expiration', () => {
  it('is searched again when all counted signatures are removed', async () => {
    const contents = zone([])
    const { data } = signatures(100_000, 135_000)
    contents.addRun(data, 0, data.length)
    const index = await contents.indexOwners(pause)
    expect(index.figures.earliest()).to.equal(100_000)
    contents.begin()
    contents.apply({ ...difference(contents, [], []), removed: signatures(100_000, 134_000) })
    expect(index.figures.earliest()).to.equal('unknown')
    await contents.indexOwners(pause)
    expect(index.figures.earliest()).to.equal(134_000)
    contents.rollback()
    await contents.indexOwners(pause)
    expect(index.figures.earliest()).to.equal(100_000)
  })
})

describe('records by name, after random changes', () => {
  it('are the ones that a scan of all records finds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 10 }), fc.array(act, { maxLength: 25 }), async (start, acts) => {
        const contents = zone(start)
        let isOpen = false
        for (const one of acts) {
          if (one === 'begin') {
            if (!isOpen) contents.begin()
            isOpen = true
          } else if (one === 'commit' || one === 'rollback') {
            if (isOpen) contents[one]()
            isOpen = false
          } else if (one === 'index') expectAll(contents, await contents.indexOwners(pause), NAMES)
          else {
            if (!isOpen) contents.begin()
            isOpen = true
            const held = walked(contents, () => true)
            const remove = held.length === 0 ? [] : [...new Set(one.remove.map((pick) => held[pick % held.length]!))]
            contents.apply(difference(contents, remove, [...new Set(one.add)]))
          }
        }
        const index = await contents.indexOwners(pause)
        expectAll(contents, index, [...NAMES, 'example.', 'r.s.t.u.v.a.example.', 'u.v.a.example.', 'y.x.a.example.'])
      }),
      seededRuns(300),
    )
  })
})

describe('the hash of a name', () => {
  it('covers its octets with letters folded, at any place in memory', () => {
    const wire = nameToWire('Www.Example.')
    const inside = Buffer.concat([Buffer.from([9, 9, 9]), nameToWire('wWW.eXAMPLE.'), Buffer.from([7])])
    expect(nameHash(inside, 3, wire.length)).to.equal(nameHash(wire, 0, wire.length))
  })
})
