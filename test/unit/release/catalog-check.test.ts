/** Catalogs that lack members are held. */
import { expect } from 'chai'
import { catalogReport } from '../../../lib/release/catalog-check.js'
import type { CatalogEntry } from '../../../lib/catalog/read-catalog.js'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import { pause } from '../../../lib/runtime/turns.js'

const SHRINK = { mode: 'hold' as const, percent: 10, atLeast: 20, smallBelow: 100, smallPercent: 50 }
const members = (from: number, to: number): Map<ZoneName, CatalogEntry> =>
  new Map(Array.from({ length: to - from }, (_, i) => [parseZoneName(`z${from + i}.example`), { id: `${from + i}` }]))
const judge = (before: Map<ZoneName, CatalogEntry>, now: Map<ZoneName, CatalogEntry>, warnings: string[] = []) =>
  catalogReport(now, before, SHRINK, warnings, pause)

describe('the check of a catalog', () => {
  for (const [before, now, verdict] of [
    [members(0, 0), members(0, 0), 'pass'],
    [members(0, 0), members(0, 500), 'pass'],
    [members(0, 1), members(0, 0), 'hold'],
    [members(0, 10), members(0, 6), 'pass'],
    [members(0, 10), members(0, 5), 'hold'],
    [members(0, 200), members(20, 200), 'hold'],
    [members(0, 200), members(19, 200), 'pass'],
    [members(0, 1_000), members(99, 1_000), 'pass'],
    [members(0, 1_000), members(100, 1_000), 'hold'],
    // As many members, but others.
    [members(0, 1_000), members(500, 1_500), 'hold'],
  ] as const)
    it(`gives ${verdict} to ${now.size} members, the first ${[...now.keys()][0]}, after ${before.size}`, async () => {
      expect((await judge(before, now)).verdict).to.equal(verdict)
    })

  it('names some of the members that would be gone', async () => {
    const { report } = await judge(members(0, 10), members(5, 10))
    expect(report).to.match(
      /^5 members of 10 would be gone, 50 %: z0\.example\., z1\.example\., z2\.example\. …; the threshold of shrink is 50 %/,
    )
  })

  it('reports that an empty catalog is empty', async () => {
    expect((await judge(members(0, 2), members(0, 0))).report).to.match(/^All of its 2 members would be gone/)
  })

  it('warns of faults that do not break the catalog', async () => {
    expect((await judge(members(0, 2), members(0, 2), ['a member has two groups'])).verdict).to.equal('warn')
  })
})
