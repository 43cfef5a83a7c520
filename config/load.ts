/**
 * Merges file < environment < flags into one frozen Config, or reports all mistakes at once, each with its line.
 * Syntax mistakes are reported first and alone, as a YAML mistake hides the settings behind it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from './config.js'
import { type ConfigDocument, isPlainMap, parseConfigDocument, type SettingPath } from './document.js'
import { type Override, readEnvironment } from './env.js'
import { lintCatalogs } from './catalog-lint.js'
import { clustersIn, placeInCluster } from './clusters.js'
import { lintCertificates } from './certificate-lint.js'
import { ConfigError, type Finding, type FindingCode, type Subject } from './errors.js'
import { type DeclaredNames, lintSpare, lintTopology } from './lint.js'
import { lintKeys } from './key-lint.js'
import { plainZonesIn } from './plain-zones.js'
import { readSettings } from './salvage.js'
import { withNewNames } from './renamed.js'
import { resolveConfig } from './resolve.js'
import type { Report } from './report.js'
import { withoutSecrets } from './secrets.js'
import { lintWeaknesses } from './weaknesses.js'
import { lintZoneNames } from './zone-names.js'

export type { Finding } from './errors.js'

export interface ConfigReport {
  /** Undefined when the findings include an error. */
  config: Config | undefined
  /** In file order. */
  findings: Finding[]
}

const WARNINGS: ReadonlySet<FindingCode> = new Set([
  'CONFIG_ONE_PRIMARY',
  'CONFIG_ONE_NODE',
  'CONFIG_NO_NODES',
  'CONFIG_UNUSED',
  'CONFIG_ODD_NAME',
  'CONFIG_RENAMED',
  'CONTROL_NO_KIND',
  'CONTROL_SOCKET',
  'CATALOG_ONE_PRIMARY',
  'CATALOG_NSD_ONE',
  'CATALOG_POWERDNS_KEY',
  'TOPOLOGY_SINGLE_POINT',
  'TOPOLOGY_NO_PATH',
  'TOPOLOGY_UNPLACED',
  'TOPOLOGY_PRIMARIES_TOGETHER',
  'TOPOLOGY_TRANSITS',
  'TOPOLOGY_SHARED_SITES',
  'TOPOLOGY_SHARED_PREFIX',
  'WEAK_API',
  'WEAK_TOKEN',
  'TOKEN_EXPIRES',
  'WEAK_REDIS',
  'WEAK_KEY',
  'KEY_ROLLING',
  'CERT_EXPIRES',
  'CERT_CRITICAL',
  'WEAK_SECRET',
  'WEAK_LINK',
  'WEAK_LISTEN',
  'WEAK_WEBHOOK',
  'WEAK_CHECKS',
  'WEAK_LOG',
])

/** Where commands look for the config when neither a flag nor ZONECAST_CONFIG names a file. */
const DEFAULT_FILES = ['./zonecast.yaml', '/etc/zonecast/zonecast.yaml']

export function findConfigFile(flag: string | undefined): string {
  const named = flag ?? readEnvironment().configFile
  if (named !== undefined) return resolve(named)
  const found = DEFAULT_FILES.find((file) => existsSync(file))
  return resolve(found ?? DEFAULT_FILES[0]!)
}

/** Throws ConfigError when there is an error; only checkConfig reports warnings. */
export function loadConfig(file: string, flags: readonly Override[] = []): Config {
  const { config, findings } = checkConfig(file, flags)
  if (config === undefined) throw new ConfigError(findings.filter(({ severity }) => severity === 'error'))
  return config
}

/** All findings about a config file, warnings included. */
export function checkConfig(file: string, flags: readonly Override[] = []): ConfigReport {
  const path = resolve(file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const message = `the config file ${path} cannot be read (${reason}): name another one with -c or ZONECAST_CONFIG`
    return { config: undefined, findings: [{ file: path, line: 1, column: 1, code: 'CONFIG_FILE', severity: 'error', message }] }
  }
  // Flags come last, so they win. The place of a finding is the first match, so flags are searched first.
  const overrides = [
    ...flags,
    ...readEnvironment().settings.filter((env) => !flags.some((flag) => flag.path.join() === env.path.join())),
  ]
  const plain = overrides.some((override) => override.path[0] === 'zones') ? undefined : plainZonesIn(text)
  if (plain !== undefined) {
    const report = checkDocument(path, parseConfigDocument(path, text, overrides, plain))
    if (report.config !== undefined) return report
  }
  // A mistake may be one that only the whole text shows, as an entry that is in the list twice.
  return checkDocument(path, parseConfigDocument(path, text, overrides))
}

function checkDocument(file: string, written: ConfigDocument): ConfigReport {
  if (written.mistakes.length > 0) return { config: undefined, findings: inFileOrder(written.mistakes) }
  const { document, warn } = withNewNames(written)
  const { settings, zonePositions, findings } = readSettings(document)
  const complete = findings.length === 0
  const clusters = clustersIn(document.value)
  const report: Report = (code, path, message, about = subjectsAt(path)) => {
    const severity = WARNINGS.has(code) ? 'warning' : 'error'
    const finding: Finding = { ...document.placeOf(placeInCluster(path, clusters)), code, severity, message }
    findings.push(about.length === 0 ? finding : { ...finding, about })
  }
  warn(report)
  const resolved = resolveConfig(file, settings, { positions: zonePositions, plain: document.plain?.names ?? [] }, report)
  lintTopology(resolved, declaredNames(document.value), report)
  lintCatalogs(resolved.config, declaredNames(document.value), report)
  lintZoneNames(resolved.config, resolved.zoneIndex, report)
  lintKeys(resolved.config, report)
  lintCertificates(resolved.config, report)
  lintWeaknesses(settings, resolved.config, report)
  // A part that was left out could be the second primary or node that lintSpare misses.
  if (complete) lintSpare(resolved, settings.hub, report)
  const failed = findings.some(({ severity }) => severity === 'error')
  return { config: failed ? undefined : freeze(resolved.config), findings: inFileOrder(findings) }
}

function declaredNames(value: unknown): DeclaredNames {
  const names = (holder: unknown, section: string) =>
    new Set(isPlainMap(holder) && isPlainMap(holder[section]) ? Object.keys(holder[section]) : [])
  const nodes = names(value, 'nodes')
  const members = clustersIn(value)
  const clusters = new Set(members.values())
  return {
    keys: names(value, 'keys'),
    primaries: names(value, 'primaries'),
    hubs: names(value, 'hubs'),
    clouds: names(value, 'clouds'),
    nodes: new Set([...nodes].filter((name) => !clusters.has(name)).concat([...members.keys()])),
    clusters,
    sites: names(isPlainMap(value) ? value.topology : undefined, 'sites'),
  }
}

/** The subjects of a setting in an entry of one of these sections. */
function subjectsAt([section, name]: SettingPath): Subject[] {
  const kind = ({ nodes: 'node', clouds: 'cloud', primaries: 'primary' } as const)[String(section)]
  return kind === undefined || typeof name !== 'string' ? [] : [{ kind, name }]
}

/** Sorted by place in the file. */
function inFileOrder(findings: readonly Finding[]): Finding[] {
  const shown = findings.map((finding) => ({ ...finding, message: withoutSecrets(finding.message) }))
  return shown.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column)
}

/** Freezes objects and lists, recursively; Buffers cannot be frozen, and a frozen Map can still be changed. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || value instanceof Date) return value
  // A hundred thousand zones share few settings.
  if (!(value instanceof Map) && Object.isFrozen(value)) return value
  const inner = value instanceof Map ? value.values() : Object.values(value)
  for (const item of inner) freeze(item)
  return Object.freeze(value)
}
