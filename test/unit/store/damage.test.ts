/** Damage on disk: an entry torn at any octet, a bit flipped anywhere. Only committed versions are served afterwards, or none. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ZonecastError } from '../../../lib/errors.js'
import { encodeEntry } from '../../../lib/store/journal-file.js'
import { changes, type Wish, type ZoneModel } from '../../support/arbitrary-zone.js'
import { expectError } from '../../support/expect-error.js'
import { commitChain, commitWhole, journalOf, type Kept, keptModel, keptTexts, openZone } from '../../support/kept-zone.js'
import { record } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const host = (n: number): Buffer => record(`h${n}.example. 60 A 192.0.2.${n}`)
const FIRST: ZoneModel = { serial: 1, records: new Map([['h1.example. A 192.0.2.1', host(1)]]) }
const WISHES: Wish[] = [2, 3, 4].map((n) => ({ step: 1, remove: [0], add: [host(n)] }))

interface Sample {
  folder: string
  kept: Kept[]
  /** The end of each entry in the journal. */
  ends: number[]
}

/** Four versions: the first complete, the others by a difference sequence each. */
async function makeSample(folder: string): Promise<Sample> {
  const zone = openZone(folder)
  const { chain, models } = changes(FIRST, WISHES)
  const ends: number[] = []
  const noteEnd = () => ends.push(readFileSync(journalOf(folder)).length)
  await commitWhole(zone, FIRST)
  noteEnd()
  for (const difference of chain) {
    await commitChain(zone, [difference])
    noteEnd()
  }
  await zone.close()
  return { folder, kept: models.map(keptModel), ends }
}

function copyWith(sample: Sample, folder: string, file: string, change: (octets: Buffer) => Buffer): string {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(sample.folder)) copyFileSync(join(sample.folder, name), join(folder, name))
  writeFileSync(join(folder, file), change(readFileSync(join(sample.folder, file))))
  return folder
}

/**
 * Every answer of the store about the folder is true, or an error with a code. Returns the serials, or the code of the error.
 * Reads the contents of every `step`th version.
 */
async function truthOf(folder: string, kept: readonly Kept[], step = 1): Promise<number[] | string> {
  try {
    const zone = openZone(folder)
    const serials = zone.versions.map(({ serial }) => serial)
    for (const [i, version] of zone.versions.entries()) {
      const original = kept.find(({ serial, digest }) => serial === version.serial && digest === version.digest)
      expect(original, `serial ${version.serial} was never committed`).to.not.equal(undefined)
      if (i % step !== 0) continue
      try {
        expect(await keptTexts(zone, version), `serial ${version.serial}`).to.deep.equal(original!.texts)
      } catch (error) {
        if (!(error instanceof ZonecastError)) throw error
      }
    }
    return serials
  } catch (error) {
    if (error instanceof ZonecastError) return error.code
    throw error
  }
}

describe('a journal with a torn last entry', () => {
  const scratch = scratchDirs()

  it('has the versions before it, torn at any octet; the next entry replaces it', async () => {
    const sample = await makeSample(join(scratch(), 'zone'))
    const { chain } = changes(FIRST, WISHES)
    const whole = readFileSync(journalOf(sample.folder))
    const [from, to] = [sample.ends.at(-2)!, sample.ends.at(-1)!]
    for (let cut = from; cut < to; cut++) {
      writeFileSync(journalOf(sample.folder), whole.subarray(0, cut))
      const isClose = (cut - from) % 23 === 0
      expect(await truthOf(sample.folder, sample.kept, isClose ? 1 : 9), `cut at ${cut - from} of ${to - from}`).to.deep.equal([
        1, 2, 3,
      ])
      if (!isClose) continue
      const zone = openZone(sample.folder)
      await commitChain(zone, [chain.at(-1)!])
      await zone.close()
      expect(await truthOf(sample.folder, sample.kept), `again after ${cut - from}`).to.deep.equal([1, 2, 3, 4])
      expect(readFileSync(journalOf(sample.folder)).length).to.equal(to)
    }
  })

  it('has no version when the first entry is torn, and accepts a new one', async () => {
    const sample = await makeSample(join(scratch(), 'zone'))
    const whole = readFileSync(journalOf(sample.folder))
    for (let cut = 0; cut < sample.ends[0]!; cut++) {
      writeFileSync(journalOf(sample.folder), whole.subarray(0, cut))
      expect(await truthOf(sample.folder, sample.kept), `cut at ${cut}`).to.deep.equal([])
      if (cut % 41 !== 0) continue
      const zone = openZone(sample.folder)
      await commitWhole(zone, FIRST)
      await zone.close()
      expect(await truthOf(sample.folder, sample.kept)).to.deep.equal([1])
    }
  })

  it('keeps its complete entries with zeros or rests of an older file behind them', async () => {
    const sample = await makeSample(join(scratch(), 'zone'))
    for (const tail of [
      Buffer.alloc(1),
      Buffer.alloc(7),
      Buffer.alloc(500),
      Buffer.alloc(500, 0xff),
      Buffer.from('{"entry":"version"'),
    ]) {
      const folder = copyWith(sample, join(scratch(), 'zone'), 'journal', (octets) => Buffer.concat([octets, tail]))
      expect(await truthOf(folder, sample.kept), `${tail.length} octets of ${tail[0]}`).to.deep.equal([1, 2, 3, 4])
    }
  })
})

describe('a flipped bit', () => {
  const scratch = scratchDirs()

  /** Flips one bit of each octet of the file, a different one each time, and returns the results. */
  async function flip(sample: Sample, file: string, look: (at: number, outcome: number[] | string) => void): Promise<void> {
    const whole = readFileSync(join(sample.folder, file))
    for (let at = 0; at < whole.length; at++) {
      const octets = Buffer.from(whole)
      octets[at]! ^= 1 << (at % 8)
      writeFileSync(join(sample.folder, file), octets)
      look(at, await truthOf(sample.folder, sample.kept, at % 5 === 0 ? 1 : 9))
    }
  }

  it('in the contents is never served', async () => {
    const sample = await makeSample(join(scratch(), 'zone'))
    const file = readdirSync(sample.folder).find((name) => name.startsWith('contents-'))!
    await flip(sample, file, (at, outcome) => expect(outcome, `octet ${at}`).to.deep.equal([1, 2, 3, 4]))
  })

  it('in the journal is never served', async () => {
    const sample = await makeSample(join(scratch(), 'zone'))
    await flip(sample, 'journal', (at, outcome) => {
      // A torn entry was never committed; a damaged last entry looks the same.
      if (at >= sample.ends.at(-2)!) expect(outcome, `octet ${at}, last entry`).to.deep.equal([1, 2, 3])
    })
  })

  it('in the journal before its last entry is reported', async () => {
    const sample = await makeSample(join(scratch(), 'zone'))
    await flip(sample, 'journal', (at, outcome) => {
      if (at < sample.ends.at(-2)!) expect(outcome, `octet ${at}`).to.equal('STORE_CORRUPT')
    })
  })

  it('in a journal of more than 1 MiB is never served', async () => {
    const folder = join(scratch(), 'zone')
    const zone = openZone(folder)
    await commitWhole(zone, FIRST)
    const big = record(`big.example. 60 TYPE65280 \\# 60000 ${'ab'.repeat(60_000)}`)
    const { chain, models } = changes(FIRST, [
      {
        step: 1,
        remove: [],
        add: Array.from({ length: 20 }, (_, i) =>
          Buffer.concat([big.subarray(0, 2), Buffer.from([3, 0x61 + i]), big.subarray(4)]),
        ),
      },
      ...WISHES,
    ])
    for (const difference of chain) await commitChain(zone, [difference])
    await zone.close()
    const kept = models.map(keptModel)
    const whole = readFileSync(journalOf(folder))
    expect(whole.length).to.be.greaterThan(1 << 20)
    const second = whole.indexOf('{"entry":"version","serial":2')
    for (let at = second; at < second + 300; at++) {
      const changed = Buffer.from(whole)
      changed[at]! ^= 1
      writeFileSync(journalOf(folder), changed)
      await truthOf(folder, kept, 99)
    }
  })

  it('is refused like a foreign file in place of the journal', async () => {
    const sample = await makeSample(join(scratch(), 'zone'))
    for (const octets of ['ZCJ1', 'not a journal at all', '\0\0\0\0\0\0\0\0'])
      await expectError('STORE_CORRUPT', () =>
        openZone(copyWith(sample, join(scratch(), 'zone'), 'journal', () => Buffer.from(octets))),
      )
  })
})

describe('an entry of the journal', () => {
  it('contains its input, for any difference sequences', () => {
    const entry = encodeEntry({ entry: 'progress', serial: 7, digest: 'd', releasedAt: 1 }, Buffer.from('differences'))
    expect(entry.readUInt32BE(0)).to.equal(entry.length - 4)
    expect(entry.includes('differences')).to.equal(true)
  })
})
