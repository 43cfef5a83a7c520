/**
 * Finds missing redundancy in a described topology: nodes without a second path to a hub, primaries in one site, things without a
 * site. All findings are warnings, as it works until something fails. Each rule's source: docs/operate/topology.md.
 */
import type { Config } from '../config.js'
import type { TopologyConfig } from '../topology-schema.js'
import type { Subject } from '../errors.js'
import type { Report } from '../report.js'
import { findSinglePoints, type Point, type SiteGraph } from './graph.js'

/** Reports nothing when the config describes no topology. `ownHub` is the name of this hub, if the config gives one. */
export function lintPaths(config: Config, ownHub: string | undefined, report: Report): void {
  const { topology } = config
  if (topology === undefined) return
  lintPlaces(config, topology, ownHub, report)
  lintRisks(topology, report)
  const graph = graphOf(topology)
  if (graph.hubs.length === 0)
    report(
      'TOPOLOGY_NO_PATH',
      ['topology', 'sites'],
      'no site has a hub: write "hubs: [ … ]" in two sites, so that paths can be checked',
    )
  else lintNodes(config, graph, report)
}

export function graphOf({ sites, links }: TopologyConfig): SiteGraph {
  return {
    hubs: [...sites.values()].flatMap(({ id, hubs }) => hubs.map((name) => ({ name, site: id }))),
    links: [...links.values()].map(({ id, between, risks }) => ({ name: id, between, risks })),
  }
}

function lintNodes({ nodes }: Config, graph: SiteGraph, report: Report): void {
  const singlePoints = findSinglePoints(graph)
  for (const { id, site } of nodes.values()) {
    if (site === undefined) continue
    const points = singlePoints.get(site)
    const at = ['nodes', id, 'site']
    if (points === undefined) {
      report('TOPOLOGY_NO_PATH', at, `no link leads from node "${id}" in ${site} to a hub: add two under "topology.links"`)
    } else if (points.length > 0) {
      const [one, ...more] = points.map(wordsOf)
      const which = more.length === 0 ? one : `any of ${[one, ...more].join(', ')}`
      const message = `node "${id}" in ${site} is cut off from every hub when ${which} fails: ${remedyOf(points, graph)}`
      report('TOPOLOGY_SINGLE_POINT', at, message, [{ kind: 'node', name: id }, ...points])
    }
  }
}

const wordsOf = ({ kind, name }: Point): string =>
  kind === 'risk' ? `risk ${name} (with every link that names it)` : `${kind} ${name}`

function remedyOf(points: readonly Point[], { hubs }: SiteGraph): string {
  if (points.every(({ kind }) => kind === 'hub')) return 'add a second hub, or a link to one'
  const isOneSite = new Set(hubs.map(({ site }) => site)).size === 1
  return isOneSite ? 'add a hub in another site, and a link that leads there' : 'add a link that leads to a hub another way'
}

/** Reports nodes, primaries and hubs without a site: their paths are not checked, which must not look like a good result. */
function lintPlaces(config: Config, topology: TopologyConfig, ownHub: string | undefined, report: Report): void {
  const sites = [...topology.sites.values()]
  for (const { id, site } of config.nodes.values()) {
    if (site === undefined)
      report('TOPOLOGY_UNPLACED', ['nodes', id], `node "${id}" has no site, so its paths are not checked: write "site: NAME"`)
  }
  for (const id of config.primaries.keys()) {
    if (!sites.some(({ primaries }) => primaries.includes(id))) {
      const message = `primary "${id}" has no site: write it in "primaries" of one under "topology.sites"`
      report('TOPOLOGY_UNPLACED', ['primaries', id], message)
    }
  }
  if (ownHub !== undefined && !sites.some(({ hubs }) => hubs.includes(ownHub))) {
    const message = `this hub, "${ownHub}", has no site: write it in "hubs" of one under "topology.sites"`
    report('TOPOLOGY_UNPLACED', ['hub'], message, [{ kind: 'hub', name: ownHub }])
  }
  // RFC 2182 §3.1 asks for dispersal of the servers of a zone; its primaries must not be the exception.
  const homes = sites.filter(({ primaries }) => primaries.length > 0)
  if (config.primaries.size > 1 && homes.length === 1 && homes[0]!.primaries.length === config.primaries.size) {
    const { id, primaries } = homes[0]!
    const about: Subject[] = [{ kind: 'site', name: id }, ...primaries.map((name) => ({ kind: 'primary' as const, name }))]
    const message = `every primary is in ${id}: when that site fails, changes stop; put one in another site`
    report('TOPOLOGY_PRIMARIES_TOGETHER', ['topology', 'sites', id, 'primaries'], message, about)
  }
}

/** Reports risks that only one link names: such a name is most often a misspelling of another one. */
function lintRisks({ links }: TopologyConfig, report: Report): void {
  const namedBy = new Map<string, string[]>()
  for (const { id, risks } of links.values()) for (const risk of risks) namedBy.set(risk, [...(namedBy.get(risk) ?? []), id])
  for (const [risk, [id, ...others]] of namedBy) {
    if (others.length > 0) continue
    const message = `no other link names the risk "${risk}": write it as the links that share it do, or remove it`
    report('CONFIG_UNUSED', ['topology', 'links', id!, 'risks'], message, [{ kind: 'link', name: id! }])
  }
}
