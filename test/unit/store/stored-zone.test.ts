/** A zone on disk: what goes in comes out, after a restart as well; what was kept and what was let go. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import {
  arbitraryWish,
  arbitraryZone,
  changes,
  contentsOfModel,
  textsOfModel,
  type Wish,
  type ZoneModel,
} from '../../support/arbitrary-zone.js'
import { expectError } from '../../support/expect-error.js'
import { commitChain, commitWhole, keptTexts, openZone } from '../../support/kept-zone.js'
import { record } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { seededRuns } from '../../support/seed.js'
import { runTexts, textsOf } from '../../support/transfer-script.js'

const host = (n: number): Buffer => record(`h${n}.example. 60 A 192.0.2.${n}`)
const model = (serial: number, ...hosts: number[]): ZoneModel => ({
  serial,
  records: new Map(hosts.map((n) => [`h${n}.example. A 192.0.2.${n}`, host(n)])),
})
const add = (n: number): Wish => ({ step: 1, remove: [], add: [host(n)] })

/** Versions 1 to `count`, the first whole, the others by a difference each. */
async function withHistory(folder: string, count: number): Promise<{ zone: StoredZone; models: ZoneModel[] }> {
  const zone = openZone(folder)
  const { chain, models } = changes(
    model(1, 1),
    Array.from({ length: count - 1 }, (_, i) => add(i + 2)),
  )
  await commitWhole(zone, models[0]!, 1)
  for (const difference of chain) await commitChain(zone, [difference], 1)
  return { zone, models }
}

const serials = (zone: StoredZone): number[] => zone.versions.map(({ serial }) => serial)

describe('a zone on disk', () => {
  const scratch = scratchDirs()
  const folder = (): string => join(scratch(), 'zone')

  it('of which nothing is kept has no versions, and says so when asked for contents', async () => {
    const zone = openZone(folder())
    expect([zone.versions, zone.latest, zone.released]).to.deep.equal([[], undefined, undefined])
    await expectError('STORE_UNKNOWN_VERSION', () => zone.contents())
  })

  it('gives back what any versions of it were, at once and after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryZone(12),
        fc.array(fc.tuple(fc.boolean(), fc.array(arbitraryWish, { minLength: 1, maxLength: 3 })), { maxLength: 4 }),
        async (first, groups) => {
          const place = folder()
          const zone = openZone(place)
          const kept = [first]
          await commitWhole(zone, first)
          for (const [whole, wishes] of groups) {
            const { chain, models } = changes(kept.at(-1)!, wishes)
            if (whole) await commitWhole(zone, models.at(-1)!)
            else await commitChain(zone, chain)
            kept.push(models.at(-1)!)
          }
          for (const store of [zone, openZone(place)]) {
            expect(store.versions.map(({ serial, digest }) => `${serial} ${digest}`)).to.deep.equal(
              kept.map((m) => `${m.serial} ${contentsOfModel(m).digest}`),
            )
            // NOTE: by digest. Where letter case is all that changed, a version is read back in that of the one before.
            for (const [i, version] of store.versions.entries())
              expect((await store.contentsOf(version)).digest, `version ${i}`).to.equal(contentsOfModel(kept[i]!).digest)
          }
          await zone.close()
        },
      ),
      seededRuns(25),
    )
  })

  it('has the whole chain of differences from any version to any later one', async () => {
    const place = folder()
    const { models } = await withHistory(place, 6)
    const zone = openZone(place)
    for (let from = 0; from < 6; from++)
      for (let to = from + 1; to < 6; to++) {
        const chain = (await zone.chain(models[from]!.serial, zone.versions[to]!))!
        const contents = contentsOfModel(models[from]!)
        contents.begin()
        for (const difference of chain) contents.apply(difference)
        contents.commit()
        expect(textsOf(contents), `${from} to ${to}`).to.deep.equal(textsOfModel(models[to]!))
      }
    expect(await zone.chain(99, zone.latest!)).to.equal(undefined)
    expect(await zone.chain(6, zone.latest!), 'from itself').to.equal(undefined)
    expect(await zone.chain(5, zone.versions[2]!), 'backwards').to.equal(undefined)
  })

  it('has a difference where a primary gave only whole zones', async () => {
    const zone = openZone(folder())
    await commitWhole(zone, model(1, 1, 2))
    await commitWhole(zone, model(2, 2, 3))
    const chain = (await zone.chain(1, zone.latest!))!
    expect(chain.map((d) => [runTexts(d.removed), runTexts(d.added)])).to.deep.equal([
      [['h1.example. 60 IN A 192.0.2.1'], ['h3.example. 60 IN A 192.0.2.3']],
    ])
  })

  it('RFC 1982: has no difference between versions that do not rise, and starts anew behind them', async () => {
    const zone = openZone(folder())
    await commitWhole(zone, model(10, 1))
    await commitWhole(zone, model(5, 1, 2))
    await commitWhole(zone, model(6, 1, 2, 3))
    expect(await zone.chain(10, zone.latest!)).to.equal(undefined)
    expect((await zone.chain(5, zone.latest!))!.length).to.equal(1)
  })

  it('keeps a release over a restart, the newest one counts', async () => {
    const place = folder()
    const zone = openZone(place)
    await commitWhole(zone, model(1, 1))
    const second = await commitWhole(zone, model(2, 1, 2))
    await commitWhole(zone, model(3, 1, 2, 3))
    expect(zone.released).to.equal(undefined)
    await zone.advance(second, () => ({ releasedAt: 42 }))
    expect(zone.released!.serial).to.equal(2)
    expect(openZone(place).released).to.deep.include({ serial: 2, releasedAt: 42 })
  })

  it('has no contents in memory until they are wanted, and none after cooling down', async () => {
    const place = folder()
    await withHistory(place, 3)
    const zone = openZone(place)
    expect(zone.memory).to.equal(0)
    expect(textsOf(await zone.contents()).length).to.equal(4)
    expect(zone.memory).to.be.greaterThan(0)
    zone.cool()
    expect(zone.memory).to.equal(0)
    expect(textsOf(await zone.contents()).length).to.equal(4)
  })

  it('reads no records when it is opened: damaged ones are noticed when they are wanted', async () => {
    const place = folder()
    const { models } = await withHistory(place, 3)
    for (const file of readdirSync(place).filter((name) => name.startsWith('contents-'))) writeFileSync(join(place, file), 'gone')
    const zone = openZone(place)
    expect(serials(zone)).to.deep.equal(models.map(({ serial }) => serial))
    await expectError('STORE_CORRUPT', () => zone.contents())
  })

  it('refuses a version built on another one than the newest', async () => {
    const zone = openZone(folder())
    const first = await commitWhole(zone, model(1, 1))
    await commitWhole(zone, model(2, 1, 2))
    const late = zone.commitFull(zone.draft(contentsOfModel(model(3, 1))), first, async () => ({
      seenAt: 1,
      committedAt: 2,
      from: 'hm1',
    }))
    const error = await expectError('STORE_MOVED_ON', () => late, { expected: 1, held: 2 })
    expect([error.nextMove, zone.latest!.serial]).to.deep.equal(['later', 2])
  })

  it('takes a difference that is proved wrong back as if it had never been', async () => {
    const place = folder()
    const { zone, models } = await withHistory(place, 2)
    const { chain } = changes(models[1]!, [add(9)])
    const wrong = new Error('proved wrong')
    const commit = zone.commitIncremental(chain, zone.latest!, () => Promise.reject(wrong))
    let thrown: unknown
    await commit.catch((error: unknown) => {
      thrown = error
    })
    expect(thrown).to.equal(wrong)
    expect(textsOf(await zone.contents())).to.deep.equal(textsOfModel(models[1]!))
    await commitChain(zone, chain)
    expect(textsOf(await openZone(place).contents()).length).to.equal(4)
  })
})

describe('old versions of a zone', () => {
  const scratch = scratchDirs()
  const rule = (versions: number, ...inUse: number[]) => ({
    versions,
    octets: 1 << 30,
    since: Number.MAX_SAFE_INTEGER,
    inUse: new Set(inUse),
  })

  it('go when there are more than are to be kept; those left are whole', async () => {
    const place = join(scratch(), 'zone')
    const { zone, models } = await withHistory(place, 12)
    await zone.tidy(rule(5))
    for (const store of [zone, openZone(place)]) {
      expect(serials(store)).to.deep.equal(models.slice(-5).map(({ serial }) => serial))
      for (const [i, version] of store.versions.entries())
        expect(await keptTexts(store, version)).to.deep.equal(textsOfModel(models[7 + i]!))
      expect(await store.chain(models[6]!.serial, store.latest!), 'the difference into the oldest').to.not.equal(undefined)
    }
  })

  it('stay while a node serves them, with everything after them', async () => {
    const place = join(scratch(), 'zone')
    const { zone, models } = await withHistory(place, 12)
    await zone.tidy(rule(2, models[4]!.serial))
    expect(serials(zone)).to.deep.equal(models.slice(4).map(({ serial }) => serial))
  })

  it('stay while they are what was released last', async () => {
    const place = join(scratch(), 'zone')
    const zone = openZone(place)
    await commitWhole(zone, model(1, 1), 1)
    for (let serial = 2; serial < 6; serial++) await commitWhole(zone, model(serial, 1, serial))
    await zone.tidy(rule(2))
    expect([serials(zone), zone.released!.serial]).to.deep.equal([[1, 2, 3, 4, 5], 1])
    await zone.advance(zone.versions[3]!, () => ({ releasedAt: 9 }))
    await zone.tidy(rule(2))
    for (const store of [zone, openZone(place)]) expect([serials(store), store.released!.serial]).to.deep.equal([[4, 5], 4])
  })

  it('leave no file behind, nor does a crash', async () => {
    const place = join(scratch(), 'zone')
    const { zone } = await withHistory(place, 6)
    for (const name of ['incoming.new', 'contents-1-00.new', 'journal.new']) writeFileSync(join(place, name), 'half')
    await zone.tidy(rule(2))
    const files = readdirSync(place)
    expect(files.filter((name) => name.startsWith('contents-')).length).to.equal(1)
    expect(files.filter((name) => !name.startsWith('contents-'))).to.deep.equal(['journal'])
    expect(existsSync(join(place, 'journal'))).to.equal(true)
  })

  it('may be tidied away while a large one is coming in', async () => {
    const zone = openZone(join(scratch(), 'zone'))
    const { chain } = changes(model(1, 1), [add(2), add(3), add(4)])
    await commitWhole(zone, model(1, 1))
    for (const difference of chain) await commitChain(zone, [difference])
    const large = contentsOfModel(model(9, 1))
    for (let i = 0; i < 100_000; i++) large.add(record(`n${i}.example. 60 A 192.0.2.1`), 0)
    const draft = zone.draft(large)
    draft.advance()
    await zone.tidy(rule(2))
    const provenance = async () => ({ seenAt: 1, committedAt: 2, from: 'hm1' })
    await zone.commitFull(draft, zone.latest, provenance)
    expect(zone.latest!.records).to.equal(100_002)
  })

  it('may be tidied away while others are committed', async () => {
    const place = join(scratch(), 'zone')
    const { zone, models } = await withHistory(place, 10)
    const { chain, models: later } = changes(models.at(-1)!, [add(50), add(51)])
    await Promise.all([zone.tidy(rule(3)), commitChain(zone, [chain[0]!]), zone.tidy(rule(3))])
    await Promise.all([commitChain(zone, [chain[1]!]), zone.tidy(rule(3))])
    for (const store of [zone, openZone(place)])
      expect(textsOf(await store.contents())).to.deep.equal(textsOfModel(later.at(-1)!))
  })
})
