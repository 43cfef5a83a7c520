/** Versions from an AXFR that was merged with the contents before: on disk they are those of a version that came whole. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { soaOf } from '../../../lib/dns/message.js'
import {
  arbitraryWish,
  arbitraryZone,
  change,
  contentsOfModel,
  identityOf,
  type ZoneModel,
} from '../../support/arbitrary-zone.js'
import { expectError } from '../../support/expect-error.js'
import { commitChain, commitWhole, journalOf, keptTexts, openZone } from '../../support/kept-zone.js'
import { inOrder, mergeOf } from '../../support/merging.js'
import { record } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { seededRuns } from '../../support/seed.js'
import { runTexts, soa } from '../../support/transfer-script.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'

const judge = async () => ({ seenAt: 1, committedAt: 2, from: 'hm1' })
const soaWith = (serial: number) => soaOf(record(soa(serial)))

async function commitMerged(zone: StoredZone, model: ZoneModel) {
  const merged = (await mergeOf(await zone.contents(), await inOrder(model), [7]))!
  return await zone.commitMerged(soaWith(model.serial), merged, zone.latest!, judge)
}

const host = (n: number, rdata = `A 10.0.${n >> 8}.${n & 255}`): Buffer => record(`h${n}.example. 60 ${rdata}`)
const modelOf = (serial: number, records: readonly Buffer[]): ZoneModel => ({
  serial,
  records: new Map(records.map((stored) => [identityOf(stored), stored])),
})
const hosts = (count: number): Buffer[] => Array.from({ length: count }, (_, n) => host(n))

describe('a merged version on disk', () => {
  const scratch = scratchDirs()
  const folder = (): string => join(scratch(), 'zone')

  it('is read back record for record, with its letter case, and leads nodes to itself', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryZone(30),
        fc.array(fc.tuple(fc.boolean(), arbitraryWish), { minLength: 1, maxLength: 4 }),
        async (first, wishes) => {
          const place = folder()
          const zone = openZone(place)
          await commitWhole(zone, first)
          let model = first
          for (const [isMerged, wish] of wishes) {
            const { difference, after } = change(model, wish)
            if (isMerged) await commitMerged(zone, after)
            else await commitChain(zone, [difference])
            model = after
          }
          for (const store of [zone, openZone(place)]) {
            const latest = store.latest!
            expect([latest.serial, latest.digest]).to.deep.equal([model.serial, contentsOfModel(model).digest])
            // Letter case is that of the records as they came last, in whichever way.
            expect((await keptTexts(store, latest)).map((text) => text.toLowerCase())).to.deep.equal(
              (await keptTexts(zone, latest)).map((text) => text.toLowerCase()),
            )
            const chain = await store.chain(first.serial, latest)
            if (chain === undefined) continue
            const older = contentsOfModel(first)
            older.begin()
            for (const step of chain) older.apply(step)
            expect(older.digest).to.equal(latest.digest)
          }
          await zone.close()
        },
      ),
      seededRuns(40),
    )
  })

  it('writes what changed, and no whole contents', async () => {
    const place = folder()
    const zone = openZone(place)
    await commitWhole(zone, modelOf(1, hosts(2000)))
    const before = [readdirSync(place).sort(), statSync(journalOf(place)).size] as const
    const version = await commitMerged(zone, modelOf(2, [...hosts(2000).slice(1), host(1, 'TXT "new"')]))
    expect(version.kind).to.equal('axfr')
    expect(readdirSync(place).sort()).to.deep.equal(before[0])
    expect(statSync(journalOf(place)).size - before[1]).to.be.below(2000)
    const [step] = (await zone.chain(1, version))!
    expect([runTexts(step!.removed), runTexts(step!.added)]).to.deep.equal([
      ['h0.example. 60 IN A 10.0.0.0'],
      ['h1.example. 60 IN TXT "new"'],
    ])
  })

  it('writes whole contents instead of a difference that is larger', async () => {
    const place = folder()
    const zone = openZone(place)
    await commitWhole(zone, modelOf(1, hosts(50)))
    const others = Array.from({ length: 50 }, (_, n) => host(n, 'TXT "other"'))
    const version = await commitMerged(zone, modelOf(2, others))
    expect(readdirSync(place)).to.include(`contents-2-${version.digest}`)
    for (const store of [zone, openZone(place)]) {
      expect(await store.chain(1, store.latest!)).to.equal(undefined)
      expect(store.octetsFrom(1, store.latest!)).to.equal(undefined)
      expect((await store.contents()).records).to.equal(51)
    }
  })

  it('keeps new letter case over a restart', async () => {
    const place = folder()
    const zone = openZone(place)
    await commitWhole(zone, modelOf(1, [...hosts(20), record('a.example. 60 NS ns.example.')]))
    await commitMerged(zone, modelOf(2, [...hosts(20), record('A.example. 60 NS NS.example.')]))
    for (const store of [zone, openZone(place)])
      expect(await keptTexts(store, store.latest!)).to.include('A.example. 60 IN NS NS.example.')
  })

  it('is refused when its records are not those that arrived, and leaves the zone as before', async () => {
    const place = folder()
    const zone = openZone(place)
    const first = await commitWhole(zone, modelOf(1, hosts(20)))
    const merged = (await mergeOf(await zone.contents(), await inOrder(modelOf(2, hosts(21)))))!
    await expectError('ZONE_MERGE_MISFIT', () =>
      zone.commitMerged(soaWith(2), { ...merged, records: merged.records + 1 }, zone.latest!, judge),
    )
    expect([zone.latest, (await zone.contents()).digest]).to.deep.equal([first, first.digest])
    await commitMerged(zone, modelOf(2, hosts(21)))
    expect((await openZone(place).contents()).records).to.equal(22)
  })

  it('leaves the zone as before when it is judged unfit', async () => {
    const place = folder()
    const zone = openZone(place)
    const first = await commitWhole(zone, modelOf(1, hosts(20)))
    const others = Array.from({ length: 20 }, (_, n) => host(n, 'TXT "other"'))
    const merged = (await mergeOf(await zone.contents(), await inOrder(modelOf(2, others))))!
    const unfit = zone.commitMerged(soaWith(2), merged, zone.latest!, () => Promise.reject(new Error('unfit')))
    expect(await unfit.catch((error) => (error as Error).message)).to.equal('unfit')
    expect([zone.latest, (await zone.contents()).digest]).to.deep.equal([first, first.digest])
    expect((await openZone(place).contents()).digest).to.equal(first.digest)
  })
})
