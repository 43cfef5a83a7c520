/**
 * Finds mistakes in a topology: names that refer to nothing, things in two sites, links that lead nowhere (errors).
 * Not here: missing redundancy (paths.ts).
 */
import type { Config } from '../config.js'
import type { SettingPath } from '../document.js'
import type { Report } from '../report.js'
import { quote } from '../secrets.js'

/** The names that the file declares, invalid entries included. */
export interface TopologyNames {
  sites: ReadonlySet<string>
  primaries: ReadonlySet<string>
  hubs: ReadonlySet<string>
}

/** Reports nothing when the config describes no topology. */
export function lintTopologyNames(config: Config, declared: TopologyNames, report: Report): void {
  const { topology, nodes } = config
  if (topology === undefined) return
  const check = (what: string, known: ReadonlySet<string>, where: string, name: string, path: SettingPath) => {
    if (known.has(name)) return
    const choice = known.size === 0 ? `add it under "${where}"` : `add it there, or write one of ${listed(known)}`
    report('CONFIG_DANGLING', path, `there is no ${what} ${quote(name)} under "${where}": ${choice}`)
  }
  const checkSite = (name: string, path: SettingPath) => check('site', declared.sites, 'topology.sites', name, path)

  const placeOf = { hubs: new Map<string, string>(), primaries: new Map<string, string>() }
  for (const site of topology.sites.values()) {
    for (const kind of ['hubs', 'primaries'] as const) {
      for (const [i, name] of site[kind].entries()) {
        const path = ['topology', 'sites', site.id, kind, i]
        if (kind === 'hubs' && declared.hubs.size > 0) check('hub', declared.hubs, 'hubs', name, path)
        if (kind === 'primaries') check('primary', declared.primaries, 'primaries', name, path)
        const other = placeOf[kind].get(name)
        const where = other === site.id ? 'in this list twice' : `in site "${other}" too`
        if (other !== undefined) report('CONFIG_DUPLICATE', path, `${quote(name)} is ${where}: remove one of the two`)
        else placeOf[kind].set(name, site.id)
      }
    }
  }
  for (const { id, between, risks } of topology.links.values()) {
    const at = ['topology', 'links', id]
    for (const [i, site] of between.entries()) checkSite(site, [...at, 'between', i])
    if (between[0] === between[1])
      report('CONFIG_VALUE', [...at, 'between'], `link "${id}" joins ${quote(between[0])} to itself: write two sites`)
    for (const [i, risk] of risks.entries())
      if (risks.indexOf(risk) < i)
        report('CONFIG_DUPLICATE', [...at, 'risks', i], `${quote(risk)} is in this list twice: remove one of the two`)
  }
  for (const { id, site } of nodes.values()) if (site !== undefined) checkSite(site, ['nodes', id, 'site'])
}

const listed = (names: ReadonlySet<string>): string => [...names].slice(0, 8).map(quote).join(', ')
