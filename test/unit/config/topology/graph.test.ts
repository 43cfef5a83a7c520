/** Single points of failure: known shapes, and random ones compared with a search of every path. */
import { expect } from 'chai'
import fc from 'fast-check'
import { findSinglePoints, type GraphLink, type Point, pointsOf, type SiteGraph } from '../../../../config/topology/graph.js'
import { seededRuns } from '../../../support/seed.js'

/** `A-B` is a link of that name; `A-B:duct` is in the duct; hubs are `name@site`. */
function graphOf(hubs: string, links: string): SiteGraph {
  const words = (text: string) => text.split(' ').filter((word) => word !== '')
  return {
    hubs: words(hubs).map((word) => ({ name: word.split('@')[0]!, site: word.split('@')[1]! })),
    links: words(links).map((word) => {
      const [name, ...risks] = word.split(':')
      const [one, other] = name!.split('-')
      return { name: name!, between: [one!, other!], risks }
    }),
  }
}

const wordsOf = (points: readonly Point[] | undefined) => points?.map(({ kind, name }) => `${kind} ${name}`)

const CASES: { id: string; hubs: string; links: string; site: string; points: string[] | undefined }[] = [
  {
    id: 'a tail of two links behind another site',
    hubs: 'h1@P h2@Q',
    links: 'P-Q P-R Q-R R-S',
    site: 'S',
    points: ['site R', 'link R-S'],
  },
  { id: 'a ring through both hub sites', hubs: 'h1@P h2@Q', links: 'P-A A-B B-Q Q-P', site: 'A', points: [] },
  { id: 'a ring with one hub site', hubs: 'h1@P h2@P', links: 'P-A A-B B-P', site: 'A', points: ['site P'] },
  { id: 'one hub for all', hubs: 'h1@P', links: 'P-A A-Q Q-P', site: 'A', points: ['site P', 'hub h1'] },
  { id: 'two links in one duct', hubs: 'h1@P h2@Q', links: 'P-Q P-A:duct Q-A:duct', site: 'A', points: ['risk duct'] },
  {
    id: 'one link in a duct, reported as the link',
    hubs: 'h1@P h2@Q',
    links: 'P-Q P-A:duct',
    site: 'A',
    points: ['site P', 'link P-A'],
  },
  { id: 'no path', hubs: 'h1@P h2@Q', links: 'P-Q A-B', site: 'A', points: undefined },
  { id: 'a hub of its own, and no link', hubs: 'h1@P h2@Q', links: '', site: 'P', points: ['hub h1'] },
  { id: 'a hub of its own, and a path to the other', hubs: 'h1@P h2@Q', links: 'P-Q', site: 'P', points: [] },
  { id: 'a hub site that others pass through', hubs: 'h1@P h2@Q', links: 'A-P P-Q', site: 'A', points: ['site P', 'link A-P'] },
]

describe('the single points of failure', () => {
  for (const { id, hubs, links, site, points } of CASES)
    it(`are found: ${id}`, () => expect(wordsOf(findSinglePoints(graphOf(hubs, links)).get(site))).to.deep.equal(points))

  it('do not include one of two links between the same sites', () => {
    const graph = graphOf('h1@P h2@P', 'P-A')
    const twin = { ...graph, links: [...graph.links, { ...graph.links[0]!, name: 'twin' }] }
    expect(wordsOf(findSinglePoints(twin).get('A'))).to.deep.equal(['site P'])
  })

  it('are the common parts of every path to every hub, in random graphs', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const found = findSinglePoints(graph)
        for (const site of 'ABCDEF') {
          const ways = waysToHubs(graph, site)
          if (ways.length === 0) {
            expect(found.has(site), site).to.equal(false)
            continue
          }
          const shared = pointsOf(graph).filter((point) => ways.every((way) => way.has(`${point.kind} ${point.name}`)))
          expect(withoutDoubles(shared, graph), site).to.have.members(wordsOf(found.get(site))!)
        }
      }),
      seededRuns(400),
    )
  })
})

const anySite = fc.constantFrom(...'ABCDEF')

const anyGraph: fc.Arbitrary<SiteGraph> = fc
  .record({
    hubs: fc.array(anySite, { minLength: 0, maxLength: 3 }),
    links: fc.array(fc.tuple(anySite, anySite, fc.subarray(['r', 's'])), { maxLength: 9 }),
  })
  .map(({ hubs, links }) => ({
    hubs: hubs.map((site, i) => ({ name: `h${i}`, site })),
    links: links
      .filter(([one, other]) => one !== other)
      .map(([one, other, risks], i): GraphLink => ({ name: `l${i}`, between: [one, other], risks })),
  }))

/** The parts of each path without a repeated site: other sites, links, their risks, and the hub at its end. */
function waysToHubs({ hubs, links }: SiteGraph, start: string): Set<string>[] {
  const ways: Set<string>[] = []
  const walk = (site: string, seen: readonly string[], used: readonly string[]) => {
    for (const hub of hubs) if (hub.site === site) ways.push(new Set([...used, `hub ${hub.name}`]))
    for (const { name, between, risks } of links) {
      if (!between.includes(site)) continue
      const next = between[0] === site ? between[1] : between[0]
      if (seen.includes(next)) continue
      walk(next, [...seen, next], [...used, `link ${name}`, ...risks.map((risk) => `risk ${risk}`), `site ${next}`])
    }
  }
  walk(start, [start], [])
  return ways
}

/** Without risks that only repeat a link. */
function withoutDoubles(points: readonly Point[], { links }: SiteGraph): string[] {
  const named = links.filter(({ name }) => points.some((point) => point.kind === 'link' && point.name === name))
  return wordsOf(points.filter(({ kind, name }) => kind !== 'risk' || !named.some(({ risks }) => risks.includes(name))))!
}
