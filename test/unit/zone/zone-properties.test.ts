/** Properties of any zone and any changes: random ones, from a seed that is printed. */
import { expect } from 'chai'
import fc from 'fast-check'
import { compareContents } from '../../../lib/zone/compare.js'
import { condense, type Difference, invertDifference } from '../../../lib/zone/difference.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { cutIxfr } from '../../../lib/xfr/outbound.js'
import {
  arbitraryRecord,
  arbitraryWish,
  arbitraryZone,
  change,
  changes,
  contentsOfModel,
  essenceOf,
  textsOfModel,
} from '../../support/arbitrary-zone.js'
import { expectError } from '../../support/expect-error.js'
import { axfrOf, messagesOf } from '../../support/prepared.js'
import { record } from '../../support/record-lines.js'
import { seededRuns } from '../../support/seed.js'
import { APEX, receive, runTexts, textsOf } from '../../support/transfer-script.js'

const pause = async (): Promise<void> => undefined
const wishes = fc.array(arbitraryWish, { minLength: 1, maxLength: 6 })

function applyAll(contents: ZoneContents, chain: readonly Difference[]): void {
  contents.begin()
  for (const difference of chain) contents.apply(difference)
  contents.commit()
}

/** All visible parts of the contents. */
const seen = (contents: ZoneContents): unknown => ({
  texts: textsOf(contents),
  digest: contents.digest,
  records: contents.records,
  octets: contents.octets,
  serial: contents.soa.serial,
  nameServers: contents.apexNameServers,
})

const words = (difference: Difference): unknown => ({
  step: `${difference.from}→${difference.to}`,
  removed: runTexts(difference.removed),
  added: runTexts(difference.added),
})

describe('any zone', () => {
  it('arrives unchanged by AXFR', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryZone(60), async (model) => {
        const contents = contentsOfModel(model)
        const { outcome, contents: received } = receive({ id: 0, messages: messagesOf(await axfrOf(contents)) })
        expect(outcome?.kind).to.equal('full')
        expect(seen(received!)).to.deep.equal(seen(contents))
        expect(textsOf(received!)).to.deep.equal(textsOfModel(model))
      }),
      seededRuns(),
    )
  })

  it('has a digest that does not depend on the order of records', () => {
    const both = arbitraryZone(20).chain((model) =>
      fc.tuple(fc.constant(model), fc.shuffledSubarray([...model.records.values()], { minLength: model.records.size })),
    )
    fc.assert(
      fc.property(both, ([model, shuffled]) => {
        const other = contentsOfModel({ serial: model.serial, records: new Map() })
        for (const stored of shuffled) other.add(stored, 0)
        expect(other.digest).to.equal(contentsOfModel(model).digest)
      }),
      seededRuns(),
    )
  })

  it('has the digest of another zone if and only if it has the same contents', () => {
    // Two zones that are equal, or differ in a record or two.
    const pair = fc.tuple(arbitraryZone(6), fc.array(arbitraryRecord, { maxLength: 2 }), fc.array(fc.nat(9), { maxLength: 2 }))
    fc.assert(
      fc.property(pair, ([model, add, remove]) => {
        const { after } = change(model, { step: 1, add, remove })
        const other = { ...after, serial: model.serial }
        const same = essenceOf(model) === essenceOf(other)
        expect(contentsOfModel(model).digest === contentsOfModel(other).digest).to.equal(same)
      }),
      seededRuns(500),
    )
  })
})

describe('any changes of any zone', () => {
  it('lead to the expected zone', () => {
    fc.assert(
      fc.property(arbitraryZone(), wishes, (model, list) => {
        const { chain, models } = changes(model, list)
        const contents = contentsOfModel(model)
        for (const [i, difference] of chain.entries()) {
          applyAll(contents, [difference])
          expect(textsOf(contents), `step ${i}`).to.deep.equal(textsOfModel(models[i + 1]!))
          expect(contents.digest, `step ${i}`).to.equal(contentsOfModel(models[i + 1]!).digest)
        }
      }),
      seededRuns(),
    )
  })

  it('are recorded exactly', () => {
    fc.assert(
      fc.property(arbitraryZone(), arbitraryWish, (model, wish) => {
        const { difference } = change(model, wish)
        const contents = contentsOfModel(model)
        contents.begin()
        expect(words(contents.apply(difference))).to.deep.equal(words(difference))
      }),
      seededRuns(),
    )
  })

  it('lead to the same zone by any number of IXFRs as by one AXFR', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryZone(), wishes, async (model, list) => {
        const { chain, models } = changes(model, list)
        const whole = receive({ id: 0, messages: messagesOf(await axfrOf(contentsOfModel(models.at(-1)!))) }).contents!
        const atOnce = contentsOfModel(model)
        const oneByOne = contentsOfModel(model)
        const { outcome } = receive({ id: 0, current: model.serial, messages: messagesOf(await cutIxfr(APEX, chain, pause)) })
        if (outcome?.kind !== 'incremental') throw new Error(`a chain came as ${outcome?.kind}`)
        expect(outcome.differences.map(words)).to.deep.equal(chain.map(words))
        applyAll(atOnce, outcome.differences)
        for (const step of chain) {
          const single = receive({ id: 0, current: step.from, messages: messagesOf(await cutIxfr(APEX, [step], pause)) }).outcome
          applyAll(oneByOne, single?.kind === 'incremental' ? single.differences : [])
        }
        expect(seen(atOnce)).to.deep.equal(seen(whole))
        expect(seen(oneByOne)).to.deep.equal(seen(whole))
      }),
      seededRuns(60),
    )
  })

  it('leave the zone unchanged when they are undone', () => {
    fc.assert(
      fc.property(arbitraryZone(), wishes, (model, list) => {
        const { chain } = changes(model, list)
        const contents = contentsOfModel(model)
        const before = seen(contents)
        applyAll(contents, chain)
        applyAll(contents, chain.toReversed().map(invertDifference))
        expect(seen(contents)).to.deep.equal(before)
      }),
      seededRuns(),
    )
  })

  it('RFC 1995 §5: have the same effect when condensed, and name no record twice', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryZone(), wishes, async (model, list) => {
        const { chain, models } = changes(model, list)
        const condensed = await condense(chain, async () => undefined)
        const contents = contentsOfModel(model)
        contents.begin()
        const exact = contents.apply(condensed)
        contents.commit()
        expect(contents.digest).to.equal(contentsOfModel(models.at(-1)!).digest)
        expect([exact.removed.count, exact.added.count]).to.deep.equal([condensed.removed.count, condensed.added.count])
        const both = runTexts(condensed.removed).filter((text) => runTexts(condensed.added).includes(text))
        expect(both).to.deep.equal([])
      }),
      seededRuns(),
    )
  })

  it('leave no trace after a rollback, whether they fit or not', async () => {
    const absent = record('nowhere.example. 60 A 192.0.2.9')
    await fc.assert(
      fc.asyncProperty(arbitraryZone(), wishes, fc.boolean(), async (model, list, fits) => {
        const { chain, models } = changes(model, list)
        const contents = contentsOfModel(model)
        const before = { ...(seen(contents) as object), tail: contents.tail }
        contents.begin()
        for (const difference of chain.slice(0, -1)) contents.apply(difference)
        const last = chain.at(-1)!
        const misfit = { ...last, removed: { data: Buffer.concat([last.removed.data, absent]), count: last.removed.count + 1 } }
        if (fits) contents.apply(last)
        else await expectError('ZONE_REMOVES_ABSENT', () => contents.apply(misfit))
        contents.rollback()
        expect({ ...(seen(contents) as object), tail: contents.tail }).to.deep.equal(before)
        applyAll(contents, chain)
        expect(textsOf(contents)).to.deep.equal(textsOfModel(models.at(-1)!))
      }),
      seededRuns(),
    )
  })

  it('are found by a comparison of the zones before and after', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryZone(), wishes, async (model, list) => {
        const { models } = changes(model, list)
        const [older, newer] = [contentsOfModel(model), contentsOfModel(models.at(-1)!)]
        const difference = (await compareContents(older, newer, 1e9, pause))!
        older.begin()
        const exact = older.apply(difference)
        older.commit()
        expect(older.digest).to.equal(newer.digest)
        expect([exact.removed.count, exact.added.count]).to.deep.equal([difference.removed.count, difference.added.count])
      }),
      seededRuns(),
    )
  })
})
