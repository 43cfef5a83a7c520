/**
 * The content of a topology drawing: sites with their nodes, hubs and primaries, links, clouds, and the findings about each.
 * Pure.
 */
import type { Config } from '../../../config/config.js'
import type { Finding, Subject } from '../../../config/errors.js'
import { prefixesOf } from '../../../config/topology/clouds.js'
import { printable } from '../../../lib/runtime/printable.js'

/** A name, and the numbers of the findings about it, counted from 1 in the order of the list. */
export interface Marked {
  name: string
  marks: readonly number[]
}

export interface SiteView extends Marked {
  hubs: readonly Marked[]
  primaries: readonly Marked[]
  nodes: readonly (Marked & { cloud: string })[]
}

export interface LinkView extends Marked {
  between: readonly [string, string]
  risks: readonly Marked[]
}

export interface CloudView extends Marked {
  addresses: readonly string[]
  prefixes: readonly string[]
  /** The sites of its nodes, each once. */
  sites: readonly string[]
}

export interface TopologyView {
  file: string
  sites: readonly SiteView[]
  links: readonly LinkView[]
  clouds: readonly CloudView[]
  /** Hubs, primaries and nodes without a site. */
  unplaced: readonly (Marked & { kind: 'hub' | 'primary' | 'node' })[]
  /** The findings about a thing in this view. */
  findings: readonly Finding[]
}

/** Without a described topology, the sites are those that nodes name, and there are no links. */
export function viewTopology(config: Config, all: readonly Finding[]): TopologyView {
  const findings = all.filter(({ code, about }) => about !== undefined || code.startsWith('TOPOLOGY_'))
  const mark = (kind: Subject['kind'], id: string): Marked => ({
    name: printable(id),
    marks: findings.flatMap(({ about }, i) => (about?.some((a) => a.kind === kind && a.name === id) ? [i + 1] : [])),
  })
  const nodes = [...config.nodes.values()]
  const nodeView = ({ id, cloud }: { id: string; cloud: string }) => ({ ...mark('node', id), cloud })
  const described = config.topology?.sites
  const named = nodes.flatMap(({ site }) => (site === undefined ? [] : [site]))
  const sites = [...new Set([...(described?.keys() ?? []), ...named])].map((id): SiteView => {
    const { hubs, primaries } = described?.get(id) ?? { hubs: [], primaries: [] }
    return {
      ...mark('site', id),
      hubs: hubs.map((hub) => mark('hub', hub)),
      primaries: primaries.map((primary) => mark('primary', primary)),
      nodes: nodes.filter(({ site }) => site === id).map(nodeView),
    }
  })
  const links = [...(config.topology?.links.values() ?? [])].map(({ id, between, risks }) => ({
    ...mark('link', id),
    between,
    risks: risks.map((risk) => mark('risk', risk)),
  }))
  const clouds = [...config.clouds.values()].map((cloud) => ({
    ...mark('cloud', cloud.id),
    addresses: cloud.addresses,
    prefixes: prefixesOf(cloud),
    sites: sites.filter((site) => site.nodes.some((node) => node.cloud === cloud.id)).map(({ name }) => name),
  }))
  return { file: config.file, sites, links, clouds, unplaced: unplacedIn(config, mark), findings }
}

function unplacedIn({ topology, nodes, primaries }: Config, mark: (kind: Subject['kind'], id: string) => Marked) {
  const housed = new Set([...(topology?.sites.values() ?? [])].flatMap((site) => site.primaries))
  // Only a described topology can name the site of a primary.
  const homeless = topology === undefined ? [] : [...primaries.keys()].filter((id) => !housed.has(id))
  return [
    ...homeless.map((id) => ({ ...mark('primary', id), kind: 'primary' as const })),
    ...[...nodes.values()]
      .filter(({ site }) => site === undefined)
      .map(({ id }) => ({ ...mark('node', id), kind: 'node' as const })),
  ]
}
