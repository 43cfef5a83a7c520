/** Old versions of a zone: those that are kept, and the files that remain of the others. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { changes, contentsOfModel, textsOfModel } from '../../support/arbitrary-zone.js'
import { commitChain, commitWhole, keptTexts, openZone } from '../../support/kept-zone.js'
import { record } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { textsOf } from '../../support/transfer-script.js'
import { add, model, serials, withHistory } from '../../support/zone-history.js'

describe('old versions of a zone', () => {
  const scratch = scratchDirs()
  const rule = (versions: number, ...inUse: number[]) => ({
    versions,
    octets: 1 << 30,
    since: Number.MAX_SAFE_INTEGER,
    inUse: new Set(inUse),
  })

  it('are dropped when there are more than the setting; the others are intact', async () => {
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

  it('are kept while a node serves them, with every later one', async () => {
    const place = join(scratch(), 'zone')
    const { zone, models } = await withHistory(place, 12)
    await zone.tidy(rule(2, models[4]!.serial))
    expect(serials(zone)).to.deep.equal(models.slice(4).map(({ serial }) => serial))
  })

  it('are kept while they are the last released ones', async () => {
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

  it('leave no file behind, also after a crash', async () => {
    const place = join(scratch(), 'zone')
    const { zone } = await withHistory(place, 6)
    for (const name of ['incoming.new', 'contents-1-00.new', 'journal.new']) writeFileSync(join(place, name), 'half')
    await zone.tidy(rule(2))
    const files = readdirSync(place)
    expect(files.filter((name) => name.startsWith('contents-')).length).to.equal(1)
    expect(files.filter((name) => !name.startsWith('contents-'))).to.deep.equal(['journal'])
    expect(existsSync(join(place, 'journal'))).to.equal(true)
  })

  it('may be dropped while a large version is received', async () => {
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

  it('may be dropped while others are committed', async () => {
    const place = join(scratch(), 'zone')
    const { zone, models } = await withHistory(place, 10)
    const { chain, models: later } = changes(models.at(-1)!, [add(50), add(51)])
    await Promise.all([zone.tidy(rule(3)), commitChain(zone, [chain[0]!]), zone.tidy(rule(3))])
    await Promise.all([commitChain(zone, [chain[1]!]), zone.tidy(rule(3))])
    for (const store of [zone, openZone(place)])
      expect(textsOf(await store.contents())).to.deep.equal(textsOfModel(later.at(-1)!))
  })
})
