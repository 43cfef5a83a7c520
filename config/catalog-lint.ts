/** Finds mistakes in the settings of catalogs that all fit: names that refer to nothing, and catalogs that a node cannot consume. */
import type { Config, MemberSettings } from './config.js'
import type { SettingPath } from './document.js'
import type { DeclaredNames } from './lint.js'
import type { Report } from './report.js'
import { quote } from './secrets.js'

export function lintCatalogs(config: Config, declared: DeclaredNames, report: Report): void {
  lintConsumed(config, declared, report)
  lintPublished(config, declared, report)
  lintConsumers(config, report)
}

/** The index of each catalog in the file's list, by name. */
const placesOf = ({ catalogs }: Config): Map<string, SettingPath> => {
  const names = [...catalogs.consumed.keys(), ...catalogs.published.keys()]
  return new Map(names.map((name) => [name, ['catalogs', catalogs.order.indexOf(name)]]))
}

function lintConsumed(config: Config, declared: DeclaredNames, report: Report): void {
  const places = placesOf(config)
  const check = (section: 'primaries' | 'clouds' | 'nodes', names: readonly string[], at: SettingPath) => {
    for (const name of new Set(names)) {
      if (declared[section].has(name)) continue
      const known = [...declared[section]].slice(0, 8).map(quote).join(', ')
      const one = { primaries: 'primary', clouds: 'cloud', nodes: 'node' }[section]
      report(
        'CONFIG_DANGLING',
        at,
        `there is no ${one} ${quote(name)}: ${known === '' ? `add it under "${section}"` : `write one of ${known}`}`,
      )
    }
  }
  const checkStages = ({ rollout }: MemberSettings, at: SettingPath) => {
    for (const [i, { nodes, cloud }] of (rollout?.stages ?? []).entries()) {
      check('nodes', nodes ?? [], [...at, 'rollout', 'stages', i, 'nodes'])
      check('clouds', cloud === undefined ? [] : [cloud], [...at, 'rollout', 'stages', i, 'cloud'])
    }
  }
  const checkMembers = ({ primaries, clouds }: MemberSettings, at: SettingPath) => {
    check('primaries', primaries, [...at, 'primaries'])
    check('clouds', clouds, [...at, 'clouds'])
    if (primaries.length === 0)
      report('CONFIG_MISSING', at, 'the catalog has no primary to transfer from: add one under "primaries"')
    if (primaries.length === 1)
      report(
        'CATALOG_ONE_PRIMARY',
        at,
        'the catalog and its members have one primary: when it fails, changes stop; add a second one',
      )
  }
  for (const { name, zone, members, groups } of config.catalogs.consumed.values()) {
    const at = places.get(name)!
    checkMembers(members, at)
    checkStages(members, at)
    for (const [id, group] of groups) {
      if (group.rollout !== members.rollout) checkStages(group, [...at, 'groups', id])
      if (group.primaries !== members.primaries || group.clouds !== members.clouds) checkMembers(group, [...at, 'groups', id])
    }
    check('clouds', zone.clouds, [...at, 'deliver'])
  }
}

function lintPublished(config: Config, declared: DeclaredNames, report: Report): void {
  const places = placesOf(config)
  const targets = new Map<string, string>()
  for (const { name, cloud, node } of config.catalogs.published.values()) {
    const at = [...places.get(name)!, 'publish']
    const target = (cloud ?? node)!
    if (declared.clusters.has(target) && !declared.clouds.has(target))
      report('CONFIG_VALUE', at, `${quote(target)} is a cluster: publish a catalog for its cloud, or for each of its members`)
    else if (!declared.clouds.has(target) && !declared.nodes.has(target))
      report('CONFIG_DANGLING', at, `there is no cloud or node ${quote(target)}: write the name of one`)
    else if (declared.clouds.has(target) && declared.nodes.has(target))
      report('CONFIG_VALUE', at, `${quote(target)} is a cloud and a node: give one of the two another name`)
    const other = targets.get(target)
    if (other !== undefined)
      report('CONFIG_DUPLICATE', at, `catalog ${other} is published for ${quote(target)} too: remove one of the two`)
    targets.set(target, name)
  }
}

/** Makes of name servers that cannot do everything with a catalog. */
function lintConsumers({ catalogs, nodes }: Config, report: Report): void {
  for (const { id, cloud, key, kind } of nodes.values()) {
    const offered = [...catalogs.published.values()].filter((catalog) => catalog.node === id || catalog.cloud === cloud)
    const delivered = [...catalogs.consumed.values()].filter(({ zone }) => zone.clouds.includes(cloud))
    const names = [...offered.map(({ name }) => name), ...delivered.map(({ name }) => name)]
    if (kind === 'nsd' && names.length > 1)
      report(
        'CATALOG_NSD_ONE',
        ['nodes', id],
        `node "${id}" may transfer ${names.length} catalogs, ${names.slice(0, 3).join(', ')}: NSD consumes one only, so configure one of them there`,
      )
    if (kind === 'powerdns' && key !== undefined && names.length > 0)
      report(
        'CATALOG_POWERDNS_KEY',
        ['nodes', id, 'key'],
        `PowerDNS gives members of a catalog no TSIG key, so node "${id}" would ask for them unsigned and be refused: remove its key, or set the key on each member`,
      )
  }
}
