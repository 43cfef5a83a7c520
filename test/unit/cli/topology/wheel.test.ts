/** The sites in the middle, the rings and their order, and the places of sites in the drawing. */
import { expect } from 'chai'
import fc from 'fast-check'
import { type Box, layOut, passesUnder } from '../../../../services/cli/topology/layout.js'
import { wheelOf } from '../../../../services/cli/topology/wheel.js'
import { seededRuns } from '../../../support/seed.js'
import { anySketch, sketch } from './views.js'

const namesOf = (sites: readonly { name: string }[]) => sites.map(({ name }) => name).join(' ')

const CASES: { id: string; sites: string; links: string; hubSites: string; rings: string[]; lone: string }[] = [
  {
    id: 'two rings around two hubs',
    sites: 'P! Q! A B C X Y Z',
    links: 'P-Q A-B B-C C-A X-Z Z-Y Y-X A-P B-Q X-P Y-Q',
    hubSites: 'P Q',
    rings: ['A B C closed', 'X Z Y closed'],
    lone: '',
  },
  { id: 'a star', sites: 'P! A B C', links: 'A-P B-P P-C', hubSites: 'P', rings: [], lone: 'A B C' },
  {
    id: 'a cut ring, from one end to the other',
    sites: 'P! C B A D',
    links: 'A-B B-C C-D A-P D-P',
    hubSites: 'P',
    rings: ['A B C D'],
    lone: '',
  },
  { id: 'no hubs', sites: 'A B C', links: 'A-B B-C C-A', hubSites: '', rings: ['A B C closed'], lone: '' },
  { id: 'no links', sites: 'P! A', links: '', hubSites: 'P', rings: [], lone: 'A' },
]

describe('a topology as a wheel', () => {
  for (const { id, sites, links, hubSites, rings, lone } of CASES)
    it(`is recognized: ${id}`, () => {
      const wheel = wheelOf(sketch(sites, links))
      expect(namesOf(wheel.hubSites)).to.equal(hubSites)
      expect(wheel.rings.map((ring) => `${namesOf(ring.sites)}${ring.isClosed ? ' closed' : ''}`)).to.deep.equal(rings)
      expect(namesOf(wheel.lone)).to.equal(lone)
    })

  it('has every site once', () => {
    fc.assert(
      fc.property(anySketch, (view) => {
        const { hubSites, rings, lone } = wheelOf(view)
        const all = [...hubSites, ...rings.flatMap(({ sites }) => sites), ...lone]
        expect(all.map(({ name }) => name)).to.have.members(view.sites.map(({ name }) => name))
      }),
      seededRuns(200),
    )
  })

  const boxesOf = (view: ReturnType<typeof sketch>) =>
    layOut(wheelOf(view), view.links, ({ name }) => ({ width: 60 + name.length * 9, height: 50 }))

  it('has no box over another, and all boxes inside the drawing', () => {
    fc.assert(
      fc.property(anySketch, (view) => {
        const { boxes, width, height } = boxesOf(view)
        const all = [...boxes.values()]
        expect(all).to.have.length(view.sites.length)
        const overlap = (a: Box, b: Box) =>
          Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2
        for (const [i, box] of all.entries()) {
          expect(
            all.slice(i + 1).some((other) => overlap(box, other)),
            `${i}`,
          ).to.equal(false)
          expect(box.x - box.width / 2 >= 0 && box.x + box.width / 2 <= width).to.equal(true)
          expect(box.y - box.height / 2 >= 0 && box.y + box.height / 2 <= height).to.equal(true)
        }
      }),
      seededRuns(60),
    )
  })

  it('has no link under a box with two rings', () => {
    const view = sketch(
      'P! Q! A B C D E F U V W X Y Z',
      'P-Q A-B B-C C-D D-E E-F F-A U-V V-W W-X X-Y Y-Z Z-U A-P B-Q C-P D-Q E-P F-Q U-P V-P W-P X-Q Y-Q Z-Q',
    )
    const { boxes } = boxesOf(view)
    const hidden = view.links.flatMap(({ name, between }) =>
      [...boxes].flatMap(([site, box]) =>
        !between.includes(site) && passesUnder(boxes.get(between[0])!, boxes.get(between[1])!, box)
          ? [`${name} under ${site}`]
          : [],
      ),
    )
    expect(hidden).to.deep.equal([])
  })

  it('is computed quickly for many sites', () => {
    const names = Array.from({ length: 200 }, (_, i) => `s${i}`)
    const links = names.flatMap((name, i) => [`${name}-${names[(i + 1) % 200]}`, `${name}-${i % 2 === 0 ? 'P' : 'Q'}`])
    const begun = performance.now()
    expect(boxesOf(sketch(`P! Q! ${names.join(' ')}`, links.join(' '))).boxes.size).to.equal(202)
    expect(performance.now() - begun).to.be.lessThan(10_000)
  })
})
