/**
 * Finds causes for clouds to fail together, or to draw traffic away from the nearest node: transits that differ inside a cloud,
 * sites and prefixes that two clouds share. Needs no described topology. All findings are warnings. Each rule's source:
 * docs/operate/topology.md.
 */
import { announcedPrefix, isIpv6, subnetHolds } from '../address.js'
import type { CloudConfig, Config, NodeConfig } from '../config.js'
import type { Subject } from '../errors.js'
import type { Report } from '../report.js'

export function lintClouds(config: Config, report: Report): void {
  const nodesOf = new Map([...config.clouds.keys()].map((id): [string, NodeConfig[]] => [id, []]))
  for (const node of config.nodes.values()) nodesOf.get(node.cloud)?.push(node)
  for (const [id, nodes] of nodesOf) lintTransits(id, nodes, report)
  lintSharedSites(config, nodesOf, report)
  lintSharedPrefixes([...config.clouds.values()], report)
}

/** BGP prefers a route from a customer however far away: traffic of a transit that only one node has goes to that node alone. */
function lintTransits(cloud: string, nodes: readonly NodeConfig[], report: Report): void {
  const transitsOf = new Map(nodes.map(({ id, transits }) => [id, new Set(transits.map(canonicalTransit))]))
  const all = [...new Set([...transitsOf.values()].flatMap((transits) => [...transits]))]
  // No node has transits in the config: there is nothing to check.
  if (all.length === 0) return
  const count = (...transits: string[]) =>
    nodes.filter(({ id }) => transits.every((name) => transitsOf.get(id)!.has(name))).length
  if (all.filter((name) => count(name) === nodes.length).length >= 2) return
  const best = mostCommonPair(all, count)
  const lacking = nodes.flatMap(({ id }) => {
    const missing = best.filter((name) => !transitsOf.get(id)!.has(name))
    return missing.length === 0 ? [] : [{ id, missing }]
  })
  const about: Subject[] = [{ kind: 'cloud', name: cloud }, ...lacking.map(({ id }) => ({ kind: 'node' as const, name: id }))]
  const who = lacking.map(({ id, missing }) => `${id} lacks ${missing.join(' and ')}`).join(', ')
  const message =
    best.length === 2
      ? `the nodes of cloud "${cloud}" have no pair of transits in common: nearest is ${best.join(' and ')}, but ${who}; give each the same two large ones`
      : `cloud "${cloud}" has ${best[0]} as its only transit: give each of its nodes the same second large one`
  report('TOPOLOGY_TRANSITS', ['clouds', cloud], message, about)
}

/** `AS174`, `as 174` and `174` are equal; other names are compared without case. */
const canonicalTransit = (name: string): string => name.toUpperCase().replace(/^(?:AS)?\s*(\d+)$/, 'AS$1')

/**
 * The two that most nodes have together; among equals, the two that most nodes have at all; a single one when there is only one.
 */
function mostCommonPair(all: readonly string[], count: (...transits: string[]) => number): string[] {
  let best: { pair: string[]; weight: number[] } = { pair: all.slice(0, 2), weight: [-1, -1] }
  for (const [i, one] of all.entries()) {
    for (const other of all.slice(i + 1)) {
      const weight = [count(one, other), count(one) + count(other)]
      if (weight[0]! > best.weight[0]! || (weight[0] === best.weight[0] && weight[1]! > best.weight[1]!))
        best = { pair: [one, other], weight }
    }
  }
  return best.pair
}

/** RFC 2182 §3.1: no single failure may take down all servers of a zone; for clouds in the same sites, one failure can. */
function lintSharedSites(config: Config, nodesOf: ReadonlyMap<string, readonly NodeConfig[]>, report: Report): void {
  const sitesOf = new Map<string, ReadonlySet<string>>()
  for (const [id, nodes] of nodesOf) {
    const sites = nodes.map(({ site }) => site)
    if (sites.length > 0 && sites.every((site) => site !== undefined)) sitesOf.set(id, new Set(sites))
  }
  // Zones with equal settings share them.
  const zones = [...new Set(config.zones.values())]
  const shareZone = (...ids: string[]) => zones.length === 0 || zones.some(({ clouds }) => ids.every((id) => clouds.includes(id)))
  const ids = [...sitesOf.keys()]
  for (const [i, id] of ids.entries()) {
    for (const [j, other] of ids.entries()) {
      const [own, others] = [sitesOf.get(id)!, sitesOf.get(other)!]
      const isSame = own.size === others.size
      if (i === j || !shareZone(id, other) || ![...own].every((site) => others.has(site)) || (isSame && i < j)) continue
      const where = [...own].join(', ')
      const message = isSame
        ? `clouds "${other}" and "${id}" have the same sites (${where}) and fail together there: give each a site of its own`
        : `every site of cloud "${id}" (${where}) is also a site of cloud "${other}", and both fail together there: give it one of its own`
      const about = [...[id, other].map((name) => ({ kind: 'cloud' as const, name })), ...[...own].map(asSite)]
      report('TOPOLOGY_SHARED_SITES', ['clouds', id], message, about)
    }
  }
}

const asSite = (name: string): Subject => ({ kind: 'site', name })

/** RFC 4786 §4.8: addresses under one covering prefix are announced and withdrawn together. */
function lintSharedPrefixes(clouds: readonly CloudConfig[], report: Report): void {
  const said = new Set<string>()
  const tell = (cloud: CloudConfig, other: CloudConfig) => {
    for (const prefix of prefixesOf(other)) {
      const inside = cloud.addresses.filter((ip) => subnetHolds(prefix, ip) && !other.addresses.includes(ip))
      // Two addresses in one /24 are in each other's prefix: that is one finding.
      const word = JSON.stringify([prefix, ...[cloud.id, other.id].sort()])
      if (inside.length === 0 || said.has(word)) continue
      said.add(word)
      const many = inside.length === 1 ? 'is' : 'are'
      const message = `${inside.join(', ')} of cloud "${cloud.id}" ${many} inside ${prefix}, which cloud "${other.id}" announces: one cannot be withdrawn without the other; write addresses of another prefix`
      const about = [cloud.id, other.id].map((name): Subject => ({ kind: 'cloud', name }))
      report('TOPOLOGY_SHARED_PREFIX', ['clouds', cloud.id, 'addresses', cloud.addresses.indexOf(inside[0]!)], message, about)
    }
  }
  for (const [i, cloud] of clouds.entries()) {
    for (const other of clouds.slice(0, i)) {
      tell(cloud, other)
      tell(other, cloud)
    }
  }
}

/** The announced prefixes of the cloud, from the config or derived from its addresses. */
export function prefixesOf({ addresses, prefixes }: CloudConfig): string[] {
  const supposed = addresses.filter((ip) => !prefixes.some((prefix) => isIpv6(prefix) === isIpv6(ip))).map(announcedPrefix)
  return [...new Set([...prefixes, ...supposed])]
}
