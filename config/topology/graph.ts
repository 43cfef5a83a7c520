/**
 * Finds single points of failure: sites, links, risks and hubs whose loss alone cuts a site off from every hub. Pure.
 * Not here: the messages about them (paths.ts); whether names refer to an existing thing (names.ts).
 */

export interface GraphLink {
  name: string
  between: readonly [string, string]
  /** Take this link down together with every other link that names them: a shared risk link group in RFC 4202 §2.3. */
  risks: readonly string[]
}

export interface SiteGraph {
  hubs: readonly { name: string; site: string }[]
  links: readonly GraphLink[]
}

/** One thing that can fail. A site that fails takes its hubs and the ends of its links with it. */
export interface Point {
  kind: 'site' | 'link' | 'risk' | 'hub'
  name: string
}

/**
 * For each site that reaches a hub: every single point whose loss leaves it without one, sites first, then links, risks and hubs;
 * empty where there is none. A site is no such point for itself: its nodes are lost with it.
 */
export function findSinglePoints(graph: SiteGraph): Map<string, Point[]> {
  const neighbours = neighboursIn(graph)
  const found = new Map([...reachHub(graph, neighbours)].map((site): [string, Point[]] => [site, []]))
  for (const point of pointsOf(graph)) {
    const alive = reachHub(graph, neighbours, point)
    for (const [site, points] of found) {
      if (alive.has(site) || (point.kind === 'site' && point.name === site)) continue
      if (point.kind === 'risk' && isNamedByLink(point, points, graph)) continue
      points.push(point)
    }
  }
  return found
}

/** A risk that affects only a link which is already a single point. */
const isNamedByLink = ({ name }: Point, points: readonly Point[], { links }: SiteGraph): boolean =>
  links.some((link) => link.risks.includes(name) && points.some((point) => point.kind === 'link' && point.name === link.name))

export function pointsOf({ hubs, links }: SiteGraph): Point[] {
  const names = {
    site: [...hubs.map(({ site }) => site), ...links.flatMap(({ between }) => between)],
    link: links.map(({ name }) => name),
    risk: links.flatMap(({ risks }) => risks),
    hub: hubs.map(({ name }) => name),
  }
  return (Object.keys(names) as Point['kind'][]).flatMap((kind) => [...new Set(names[kind])].map((name) => ({ kind, name })))
}

type Neighbours = ReadonlyMap<string, readonly { site: string; link: GraphLink }[]>

function neighboursIn({ links }: SiteGraph): Neighbours {
  const neighbours = new Map<string, { site: string; link: GraphLink }[]>()
  const add = (from: string, site: string, link: GraphLink) => {
    const list = neighbours.get(from) ?? []
    list.push({ site, link })
    neighbours.set(from, list)
  }
  for (const link of links) {
    const [one, other] = link.between
    add(one, other, link)
    add(other, one, link)
  }
  return neighbours
}

/** Every site that still reaches a hub while `lost` is down. */
function reachHub({ hubs }: SiteGraph, neighbours: Neighbours, lost?: Point): Set<string> {
  const isLost = (kind: Point['kind'], name: string) => lost?.kind === kind && lost.name === name
  const reached = new Set(hubs.filter(({ name, site }) => !isLost('hub', name) && !isLost('site', site)).map(({ site }) => site))
  // A Set iterates over elements that are added during the walk.
  for (const from of reached) {
    for (const { site, link } of neighbours.get(from) ?? []) {
      if (isLost('site', site) || isLost('link', link.name) || link.risks.some((risk) => isLost('risk', risk))) continue
      reached.add(site)
    }
  }
  return reached
}
