/** Turns the settings of catalogs into ConsumedCatalogs and PublishedCatalogs. Not here: names that refer to nothing (catalog-lint.ts). */
import type { ZoneName } from '../lib/dns/name.js'
import { checkBounds } from './bounds.js'
import { CATALOG_DEFAULTS, type RawCatalog } from './catalog-schema.js'
import { checkSettingsFor, memberChecksFor, type ZoneChecks } from './checks-schema.js'
import type { Config, ConsumedCatalog, MemberSettings } from './config.js'
import type { SettingPath } from './document.js'
import type { Report } from './report.js'
import { rolloutRulesOf } from './rollout-schema.js'
import type { RawConfig } from './schema.js'

export function resolveCatalogs(raw: RawConfig, config: Config, report: Report): void {
  const { consumed, published, order } = config.catalogs
  const checks = catalogChecks(raw)
  for (const [i, catalog] of raw.catalogs.entries()) {
    const name = catalog.name as ZoneName
    order.push(name)
    const at: SettingPath = ['catalogs', i]
    if (consumed.has(name) || published.has(name))
      report('CONFIG_DUPLICATE', [...at, 'name'], `catalog ${name} is here twice: remove one of the two`)
    else if (config.zones.has(name))
      report('CONFIG_DUPLICATE', [...at, 'name'], `catalog ${name} is in "zones" too: remove it there`)
    else if (catalog.publish !== undefined) published.set(name, { name, ...targetOf(catalog.publish, config), checks })
    else consumed.set(name, consumedCatalog(name, catalog, checks, at, raw, config, report))
  }
}

/** Catalogs have no signatures and no ZONEMD of their own as a rule, so those that are there must be right, but need not be there. */
function catalogChecks({ checks }: RawConfig): ZoneChecks {
  const [dnssec, zonemd] = [
    { ...checks.dnssec, required: false },
    { ...checks.zonemd, required: false },
  ]
  return checkSettingsFor({ ...checks, dnssec, zonemd }, [])('.' as ZoneName)
}

/** A name that is neither counts as a cloud, and is reported by the lint. */
const targetOf = (name: string, { clouds, nodes }: Config): { cloud: string | undefined; node: string | undefined } =>
  !clouds.has(name) && nodes.has(name) ? { cloud: undefined, node: name } : { cloud: name, node: undefined }

function consumedCatalog(
  name: ZoneName,
  catalog: RawCatalog,
  checks: ZoneChecks,
  at: SettingPath,
  raw: RawConfig,
  config: Config,
  report: Report,
): ConsumedCatalog {
  const primaries = catalog.primaries ?? [...config.primaries.keys()]
  const clouds = catalog.clouds ?? [...config.clouds.keys()]
  const minMs = catalog.refresh?.min ?? config.defaults.refresh.minMs
  const maxMs = catalog.refresh?.max ?? config.defaults.refresh.maxMs
  if (catalog.refresh !== undefined) checkBounds(minMs, maxMs, [...at, 'refresh'], report)
  const base = { refresh: { minMs, maxMs }, limits: {} }
  const settings = (
    own: Partial<Pick<RawCatalog, 'primaries' | 'clouds' | 'checks' | 'rollout'>>,
    where: SettingPath,
  ): MemberSettings => {
    const modes = { ...catalog.checks, ...own.checks }
    if ((modes.hook ?? 'off') !== 'off' && raw.checks.hook.command.length === 0)
      report('CONFIG_VALUE', [...where, 'checks', 'hook'], '"hook" has no command: write it under checks.hook')
    const { common, own: checksOf } = memberChecksFor(raw.checks, modes, config.zones.keys())
    const rollout = own.rollout ?? catalog.rollout
    const rules = rollout === undefined ? {} : { rollout: rolloutRulesOf(rollout) }
    const zone = { ...base, ...rules, primaries: own.primaries ?? primaries, clouds: own.clouds ?? clouds, checks: common }
    return { ...zone, own: new Map(Array.from(checksOf, ([member, itsChecks]) => [member, { ...zone, checks: itsChecks }])) }
  }
  return {
    name,
    zone: { ...base, primaries, clouds: catalog.deliver ?? [], checks },
    members: settings({}, at),
    groups: new Map(Object.entries(catalog.groups).map(([id, group]) => [id, settings(group, [...at, 'groups', id])])),
    graceMs: catalog.grace ?? CATALOG_DEFAULTS.graceMs,
    maxMembers: catalog.maxMembers ?? CATALOG_DEFAULTS.maxMembers,
  }
}
