/** A zone on disk: versions are read back as committed, after a restart as well. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { arbitraryWish, arbitraryZone, changes, contentsOfModel, textsOfModel } from '../../support/arbitrary-zone.js'
import { expectError } from '../../support/expect-error.js'
import { commitChain, commitWhole, keptTexts, openZone } from '../../support/kept-zone.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { seededRuns } from '../../support/seed.js'
import { runTexts, soa, textsOf } from '../../support/transfer-script.js'
import { add, model, serials, withHistory } from '../../support/zone-history.js'

describe('a zone on disk', () => {
  const scratch = scratchDirs()
  const folder = (): string => join(scratch(), 'zone')

  it('has no versions when it is empty, and answers a request for contents with an error', async () => {
    const zone = openZone(folder())
    expect([zone.versions, zone.latest, zone.released]).to.deep.equal([[], undefined, undefined])
    await expectError('STORE_UNKNOWN_VERSION', () => zone.contents())
  })

  it('returns any version as committed, at once and after a restart', async () => {
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
            // NOTE: by digest. A version that changes only letter case is read back with the letter case of the one before.
            for (const [i, version] of store.versions.entries())
              expect((await store.contentsOf(version)).digest, `version ${i}`).to.equal(contentsOfModel(kept[i]!).digest)
          }
          await zone.close()
        },
      ),
      seededRuns(25),
    )
  })

  it('accepts no difference sequence to contents with copies of a record, after a restart too', async () => {
    const place = folder()
    const first = openZone(place)
    const copies = contentsOf('example.', `${soa(1)}\nh1.example. 90 A 192.0.2.1\nh1.example. 60 A 192.0.2.1`)
    const made = async () => ({ seenAt: 1, committedAt: 2, from: 'hm1' })
    await first.commitFull(first.draft(copies), undefined, made)
    const { chain, models } = changes(model(1, 1), [add(2), add(3)])
    for (const zone of [first, openZone(place)]) {
      const error = await expectError('ZONE_TTL_IN_DOUBT', () => commitChain(zone, [chain[0]!]))
      expect(error.nextMove).to.equal('axfr')
      expect(await keptTexts(zone, zone.latest!)).to.deep.equal(textsOf(contentsOfModel(model(1, 1))))
    }
    await commitWhole(first, models[1]!)
    await commitChain(first, [chain[1]!])
    expect(first.latest!.digest).to.equal(contentsOfModel(models[2]!).digest)
  })

  it('lists the serials that lead to a version without reading, those between two versions included', async () => {
    const place = folder()
    const { models } = await withHistory(place, 5)
    const zone = openZone(place)
    const sizes = models.slice(0, -1).map(({ serial }) => zone.octetsFrom(serial, zone.latest!)!)
    expect(sizes.every((octets, i) => octets > 0 && (i === 0 || octets < sizes[i - 1]!))).to.equal(true)
    for (const unknown of [99, models.at(-1)!.serial])
      expect(zone.octetsFrom(unknown, zone.latest!), `from ${unknown}`).to.equal(undefined)
    expect(zone.octetsFrom(models[3]!.serial, zone.versions[2]!), 'backwards').to.equal(undefined)
  })

  it('has difference sequences from serials between two versions, after a restart too', async () => {
    const place = folder()
    const first = openZone(place)
    const { chain, models } = changes(model(1, 1), [add(2), add(3), add(4)])
    await commitWhole(first, models[0]!, 1)
    await commitChain(first, chain, 1)
    for (const zone of [first, openZone(place)])
      for (const from of [1, 2, 3]) {
        expect(zone.octetsFrom(from, zone.latest!), `from ${from}`).to.be.greaterThan(0)
        expect((await zone.chain(from, zone.latest!))!.length, `from ${from}`).to.equal(4 - from)
      }
  })

  it('has the complete chain of difference sequences from any version to any later one', async () => {
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

  it('has a difference sequence where a primary sent only AXFR', async () => {
    const zone = openZone(folder())
    await commitWhole(zone, model(1, 1, 2))
    await commitWhole(zone, model(2, 2, 3))
    const chain = (await zone.chain(1, zone.latest!))!
    expect(chain.map((d) => [runTexts(d.removed), runTexts(d.added)])).to.deep.equal([
      [['h1.example. 60 IN A 192.0.2.1'], ['h3.example. 60 IN A 192.0.2.3']],
    ])
  })

  it('RFC 1982: has no difference sequence between versions that do not rise, and starts anew after them', async () => {
    const zone = openZone(folder())
    await commitWhole(zone, model(10, 1))
    await commitWhole(zone, model(5, 1, 2))
    await commitWhole(zone, model(6, 1, 2, 3))
    expect(await zone.chain(10, zone.latest!)).to.equal(undefined)
    expect((await zone.chain(5, zone.latest!))!.length).to.equal(1)
  })

  it('keeps a release over a restart, and the newest counts', async () => {
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

  it('loads its contents on first use, and drops them when it is idle', async () => {
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

  it('reads no records when it is opened, and reports damaged ones on first use', async () => {
    const place = folder()
    const { models } = await withHistory(place, 3)
    for (const file of readdirSync(place).filter((name) => name.startsWith('contents-'))) writeFileSync(join(place, file), 'gone')
    const zone = openZone(place)
    expect(serials(zone)).to.deep.equal(models.map(({ serial }) => serial))
    await expectError('STORE_CORRUPT', () => zone.contents())
  })

  it('refuses a version that is based on another than the newest', async () => {
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

  it('reverts a refused difference sequence completely', async () => {
    const place = folder()
    const { zone, models } = await withHistory(place, 2)
    const { chain } = changes(models[1]!, [add(9)])
    const refusal = new Error('proved bad')
    const commit = zone.commitIncremental(chain, zone.latest!, () => Promise.reject(refusal))
    let thrown: unknown
    await commit.catch((error: unknown) => {
      thrown = error
    })
    expect(thrown).to.equal(refusal)
    expect(textsOf(await zone.contents())).to.deep.equal(textsOfModel(models[1]!))
    await commitChain(zone, chain)
    expect(textsOf(await openZone(place).contents()).length).to.equal(4)
  })
})
