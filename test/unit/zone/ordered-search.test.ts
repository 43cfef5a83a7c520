/**
 * Records that came in canonical order are found without a hash: the same contents with the hash and without it take the same random
 * changes, roll some of them back, begin the hash in between, and remain equal.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { addToSerial } from '../../../lib/dns/serial.js'
import type { ZonecastError } from '../../../lib/errors.js'
import type { Difference } from '../../../lib/zone/difference.js'
import { type RecordRun, RunBuilder } from '../../../lib/zone/record-run.js'
import { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'
import { APEX, runTexts, soa, textsOf } from '../../support/transfer-script.js'

const NAMES = 300
const pause = async (): Promise<void> => undefined

/** The records at a name; three in four names have one. */
const nameOf = (i: number): string => `${i % 5 === 0 ? 'H' : 'h'}${String(i).padStart(3, '0')}.Example.`
const line = (i: number, j: number, ttl = 60): string => `${nameOf(i)} ${ttl} TXT "record ${String(j).padStart(3, '0')}"`

function runOf(lines: readonly string[]): RecordRun {
  const run = new RunBuilder()
  for (const each of lines) run.add(record(each), 0)
  return run.finish()
}

interface Shape {
  /** The SOA comes before this name. */
  soaAt: number
  /** A name with more records, and their number. */
  crowded: number
  crowd: number
}

const countAt = (i: number, { crowded, crowd }: Shape): number => (i === crowded ? crowd : i % 4 === 1 ? 3 : 1)

/** In canonical order; the SOA is where a journal may have left it. */
function contentsOf(shape: Shape, searchFrom: number): ZoneContents {
  const lines: string[] = []
  for (let i = 0; i < NAMES; i++) {
    if (i === shape.soaAt) lines.push(soa(1))
    for (let j = 0; j < countAt(i, shape); j++) lines.push(line(i, j))
  }
  const { data } = runOf(lines)
  const contents = new ZoneContents(APEX, searchFrom)
  contents.addRun(data, 0, data.length)
  return contents
}

const arbitraryShape: fc.Arbitrary<Shape> = fc.record({
  soaAt: fc.constantFrom(0, 0, 1, 150, NAMES - 1),
  crowded: fc.nat(NAMES - 1),
  crowd: fc.constantFrom(1, 5, 100, 900, 1_500),
})

/** A record by its place; most exist. */
const arbitraryPlace = fc.record({
  i: fc.oneof(fc.nat(4), fc.nat(NAMES + 5)),
  j: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(5), fc.nat(950)),
  ttl: fc.oneof({ weight: 9, arbitrary: fc.constant(60) }, fc.constant(61)),
})

const arbitrarySteps = fc.array(
  fc.record({
    removed: fc.array(arbitraryPlace, { maxLength: 6 }),
    added: fc.array(arbitraryPlace, { maxLength: 6 }),
    end: fc.constantFrom('commit', 'commit', 'roll back'),
    /** Slices of the hash that are done before the change; 1000 records each. */
    slices: fc.constantFrom(0, 0, 0, 1, 2, 10),
  }),
  { minLength: 1, maxLength: 8 },
)

function differenceOf(serial: number, removed: readonly string[], added: readonly string[]): Difference {
  const to = addToSerial(serial, 1)
  return {
    from: serial,
    to,
    fromSoa: record(soa(serial)),
    toSoa: record(soa(to)),
    removed: runOf(removed),
    added: runOf(added),
  }
}

/** Returns the exact difference as text, or the error. */
function applied(contents: ZoneContents, difference: Difference, end: string): unknown {
  contents.begin()
  try {
    const { removed, added } = contents.apply(difference)
    if (end === 'commit') contents.commit()
    else contents.rollback()
    return { removed: runTexts(removed), added: runTexts(added) }
  } catch (error) {
    contents.rollback()
    return (error as ZonecastError).message
  }
}

/** Begins the hash, and leaves it after some slices. */
async function hashSome(contents: ZoneContents, slices: number): Promise<void> {
  let left = slices
  const stop = new Error('enough')
  const pauseOrStop = async (): Promise<void> => {
    left -= 1
    if (left <= 0) throw stop
  }
  if (slices > 0) await contents.hash(pauseOrStop).catch((error: unknown) => expect(error).to.equal(stop))
}

const seen = (contents: ZoneContents): unknown => ({
  texts: textsOf(contents),
  digest: contents.digest,
  records: contents.records,
  octets: contents.octets,
  serial: contents.soa.serial,
  isInOrder: !contents.isChanged,
})

describe('contents that are searched by order', () => {
  it('change as those with a hash do', async () => {
    const outcomes = { committed: 0, failed: 0 }
    await fc.assert(
      fc.asyncProperty(arbitraryShape, arbitrarySteps, async (shape, steps) => {
        const searched = contentsOf(shape, 0)
        const hashed = contentsOf(shape, Number.POSITIVE_INFINITY)
        await searched.prepare(0, pause)
        await hashed.hash(pause)
        for (const { removed, added, end, slices } of steps) {
          await hashSome(searched, slices)
          const lines = [removed, added].map((places) => [...new Set(places.map(({ i, j, ttl }) => line(i, j, ttl)))])
          const difference = differenceOf(hashed.soa.serial, lines[0]!, lines[1]!)
          const outcome = applied(hashed, difference, end)
          expect(applied(searched, difference, end)).to.deep.equal(outcome)
          if (typeof outcome === 'string') outcomes.failed += 1
          else outcomes.committed += 1
        }
        expect(seen(searched)).to.deep.equal(seen(hashed))
        await searched.hash(pause)
        expect(seen(searched)).to.deep.equal(seen(hashed))
        for (const each of [line(0, 0), line(150, 0), line(NAMES + 1, 0), line(7, 400)])
          expect(searched.has(record(each), 0)).to.equal(hashed.has(record(each), 0))
      }),
      seededRuns(150),
    )
    expect(outcomes.committed).to.be.greaterThan(100)
    expect(outcomes.failed).to.be.greaterThan(100)
  })

  it('find each of their records, and only those', async () => {
    for (const crowd of [1, 5, 100, 900, 1_500]) {
      const shape = { soaAt: 0, crowded: 77, crowd }
      const contents = contentsOf(shape, 0)
      await contents.prepare(0, pause)
      for (let i = 0; i < NAMES; i++) {
        const count = countAt(i, shape)
        for (let j = 0; j < count; j++) expect(contents.has(record(line(i, j)), 0), `${i} ${j}`).to.equal(true)
        expect(contents.has(record(line(i, count)), 0)).to.equal(false)
        expect(contents.has(record(line(i, 0, 61)), 0)).to.equal(false)
        expect(contents.has(record(line(i, 0).toLowerCase()), 0)).to.equal(true)
      }
      for (const absent of ['example. 60 TXT "a"', 'a.example. 60 TXT "a"', 'zz.example. 60 TXT "a"', soa(2)])
        expect(contents.has(record(absent), 0)).to.equal(false)
      expect(contents.has(record(soa(1)), 0)).to.equal(true)
    }
  })

  it('have no hash, unless one name has most of the records or a change is large', async () => {
    const isHashed = async (crowd: number, changed: number): Promise<boolean> => {
      const contents = contentsOf({ soaAt: 0, crowded: 5, crowd }, 0)
      await contents.prepare(changed, pause)
      return contents.isHashed
    }
    expect(await isHashed(1, 1)).to.equal(false)
    expect(await isHashed(1, 10)).to.equal(false)
    expect(await isHashed(1, 200)).to.equal(true)
    expect(await isHashed(1_500, 1)).to.equal(true)
  })

  it('count the memory of the hash that a change may need', async () => {
    const contents = contentsOf({ soaAt: 0, crowded: 5, crowd: 1 }, 0)
    await contents.prepare(1, pause)
    const before = contents.memory
    expect(contents.isHashed).to.equal(false)
    await contents.hash(pause)
    expect(contents.memory).to.be.at.most(before)
  })

  it('are hashed, in slices, during a change whose searches take longer than the hash', async () => {
    for (const end of ['commit', 'roll back']) {
      const shape = { soaAt: 0, crowded: 77, crowd: 100 }
      const [searched, hashed] = [contentsOf(shape, 0), contentsOf(shape, Number.POSITIVE_INFINITY)]
      await searched.prepare(0, pause)
      const lines = (from: number): string[] => Array.from({ length: 1_000 }, (_, j) => line(77, from + j))
      const difference = differenceOf(1, lines(0).slice(0, 90), lines(200))
      searched.begin()
      expect(searched.isHashed).to.equal(false)
      let slices = 0
      for (const steps = searched.applying(difference); !steps.next().done; ) slices += 1
      expect(searched.isHashed).to.equal(true)
      expect(slices).to.be.at.least(30)
      if (end === 'commit') searched.commit()
      else searched.rollback()
      applied(hashed, difference, end)
      expect(seen(searched)).to.deep.equal(seen(hashed))
      for (const j of [0, 89, 90, 99, 200, 1_199])
        expect(searched.has(record(line(77, j)), 0), `${j}`).to.equal(hashed.has(record(line(77, j)), 0))
    }
  })

  it('are prepared in slices, also those in no order', async () => {
    for (const turned of [false, true]) {
      const lines = Array.from({ length: 5_000 }, (_, i) => `h${i + 10_000}.example. 60 A 192.0.2.1`)
      const { data } = runOf([soa(1), ...(turned ? lines.reverse() : lines)])
      const contents = new ZoneContents(APEX, 0)
      contents.addRun(data, 0, data.length)
      let pauses = 0
      await contents.prepare(1, async () => {
        pauses += 1
      })
      expect(pauses).to.be.at.least(5)
      expect(contents.records).to.equal(5_001)
    }
  })
})
