/**
 * A topology as a wheel: the sites with hubs in the middle, the others in rings around them. Each ring is a set of sites that
 * reach one another without passing a hub. Pure. Not here: coordinates (layout.ts).
 */
import type { LinkView, SiteView, TopologyView } from './topology-view.js'

export interface Ring {
  /** In the order in which links lead around, as far as they do. */
  sites: SiteView[]
  /** True when each site is linked to the next, and the last to the first. */
  isClosed: boolean
}

export interface Wheel {
  hubSites: SiteView[]
  rings: Ring[]
  /** Sites that only spokes lead to. */
  lone: SiteView[]
}

export function wheelOf({ sites, links }: Pick<TopologyView, 'sites' | 'links'>): Wheel {
  const hubSites = sites.filter(({ hubs }) => hubs.length > 0)
  const rim = sites.filter(({ hubs }) => hubs.length === 0)
  const walks = walksOver(rim, links)
  const rings = walks.filter((walk) => walk.length > 1).map((walk) => ({ sites: walk, isClosed: isClosed(walk, links) }))
  return { hubSites, rings, lone: walks.filter((walk) => walk.length === 1).flat() }
}

export const areLinked = (links: readonly LinkView[], one: SiteView, other: SiteView): boolean =>
  links.some(({ between }) => between.includes(one.name) && between.includes(other.name))

const isClosed = (walk: readonly SiteView[], links: readonly LinkView[]): boolean =>
  walk.length > 2 && walk.every((site, i) => areLinked(links, site, walk[(i + 1) % walk.length]!))

/** Each connected part of these sites as one walk, which begins at an end if there is one. */
function walksOver(sites: readonly SiteView[], links: readonly LinkView[]): SiteView[][] {
  const byName = new Map(sites.map((site) => [site.name, site]))
  const neighbours = new Map(sites.map(({ name }) => [name, new Set<string>()]))
  for (const { between } of links) {
    const [one, other] = between
    if (one === other || !byName.has(one) || !byName.has(other)) continue
    neighbours.get(one)!.add(other)
    neighbours.get(other)!.add(one)
  }
  const degree = (name: string) => neighbours.get(name)!.size
  const seen = new Set<string>()
  const walks: SiteView[][] = []
  for (const start of [...byName.keys()].sort((a, b) => Math.min(degree(a), 2) - Math.min(degree(b), 2))) {
    if (seen.has(start)) continue
    const walk: SiteView[] = []
    const ahead = [start]
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (seen.has(name)) continue
      seen.add(name)
      walk.push(byName.get(name)!)
      // The first neighbour is visited first, so it goes on top.
      ahead.push(...[...neighbours.get(name)!].reverse())
    }
    walks.push(walk)
  }
  // In file order, not in search order.
  const place = new Map(sites.map(({ name }, i) => [name, i]))
  const first = (walk: readonly SiteView[]) => Math.min(...walk.map(({ name }) => place.get(name)!))
  return walks.sort((a, b) => first(a) - first(b))
}
