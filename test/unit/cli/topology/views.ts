/** Topologies to draw, from a config's text and from short lists of sites and links. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { LinkView, Marked, SiteView, TopologyView } from '../../../../services/cli/topology/topology-view.js'
import { viewTopology } from '../../../../services/cli/topology/topology-view.js'
import { checkText } from '../../config/config-text.js'

export function viewOf(dir: string, text: string): TopologyView {
  const { config, findings } = checkText(dir, text)
  expect(config, findings.map(({ message }) => message).join('\n')).to.not.equal(undefined)
  return viewTopology(config!, findings)
}

const plain = (name: string): Marked => ({ name, marks: [] })

/** `P! A B` are sites, ! one with a hub; `A-B` are links. */
export function sketch(sites: string, links: string): { sites: SiteView[]; links: LinkView[] } {
  const words = (text: string) => text.split(' ').filter((word) => word !== '')
  return {
    sites: words(sites).map((word) => ({
      ...plain(word.replace('!', '')),
      hubs: word.endsWith('!') ? [plain('hub')] : [],
      primaries: [],
      nodes: [],
    })),
    links: words(links).map((word) => {
      const [one, other] = word.split('-')
      return { ...plain(word), between: [one!, other!], risks: [] }
    }),
  }
}

/** Up to 14 sites, none to four of them with hubs, and any links between them. */
export const anySketch: fc.Arbitrary<{ sites: SiteView[]; links: LinkView[] }> = fc
  .record({
    count: fc.integer({ min: 1, max: 14 }),
    hubs: fc.integer({ min: 0, max: 4 }),
    ends: fc.array(fc.tuple(fc.nat(13), fc.nat(13)), { maxLength: 24 }),
  })
  .map(({ count, hubs, ends }) => {
    const sites = Array.from({ length: count }, (_, i) => `s${i}${i < hubs ? '!' : ''}`).join(' ')
    const links = ends.filter(([a, b]) => a !== b && a < count && b < count).map(([a, b]) => `s${a}-s${b}`)
    return sketch(sites, links.join(' '))
  })
