/** Turns local clusters into nodes: each member is a node, with the settings of its cluster where it has none of its own. */
import { isPlainMap, type SettingPath } from './document.js'
import type { Report } from './report.js'
import type { RawConfig } from './schema.js'

type RawNode = RawConfig['nodes'][string]

/** A node, or a member of a cluster with everything that it inherits. */
export type SingleNode = Omit<RawNode, 'members'> & { cluster: string | undefined }

/** Settings that name one server: a cluster has none of them. */
const OF_MEMBERS = ['address', 'paths', 'identity', 'control'] as const

/** Every node by name. Reports a cluster without members or with an address, and a name that two nodes or clusters have. */
export function singleNodes(nodes: RawConfig['nodes'], report: Report): Record<string, SingleNode> {
  const single: Record<string, SingleNode> = {}
  for (const [id, { members, ...node }] of Object.entries(nodes)) {
    if (members === undefined) {
      single[id] = { ...node, cluster: undefined }
      continue
    }
    if (Object.keys(members).length === 0)
      report('CONFIG_VALUE', ['nodes', id, 'members'], `cluster "${id}" has no members: write at least one, or remove "members"`)
    for (const setting of OF_MEMBERS)
      if (node[setting] !== undefined)
        report('CONFIG_VALUE', ['nodes', id, setting], `"${setting}" belongs to one server: write it in each of the "members"`)
    for (const [name, member] of Object.entries(members)) {
      if (Object.hasOwn(nodes, name) || Object.hasOwn(single, name))
        report(
          'CONFIG_DUPLICATE',
          ['nodes', id, 'members', name],
          `another node or cluster is named "${name}": give each its own`,
        )
      else single[name] = inherited(id, node, member)
    }
  }
  return single
}

function inherited(cluster: string, node: Omit<RawNode, 'members'>, member: NonNullable<RawNode['members']>[string]): SingleNode {
  const keys = member.key === undefined && member.keys === undefined ? node : member
  return {
    ...member,
    cluster,
    cloud: node.cloud,
    site: node.site,
    key: keys.key,
    keys: keys.keys,
    tls: member.tls ?? node.tls,
    transits: member.transits.length > 0 ? member.transits : node.transits,
    kind: member.kind ?? node.kind,
    verify: member.verify ?? node.verify,
  }
}

/** The cluster of each member that a document declares, bad entries included. */
export function clustersIn(value: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const nodes = isPlainMap(value) ? value.nodes : undefined
  if (!isPlainMap(nodes)) return found
  for (const [cluster, node] of Object.entries(nodes))
    if (isPlainMap(node) && isPlainMap(node.members))
      for (const name of Object.keys(node.members)) if (!Object.hasOwn(nodes, name)) found.set(name, cluster)
  return found
}

/** The place of a setting of a node: those of a member are in its cluster. */
export function placeInCluster(path: SettingPath, clusters: ReadonlyMap<string, string>): SettingPath {
  const [section, name, ...rest] = path
  const cluster = section === 'nodes' && typeof name === 'string' ? clusters.get(name) : undefined
  return cluster === undefined ? path : ['nodes', cluster, 'members', name!, ...rest]
}
