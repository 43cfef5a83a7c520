/** The settings of a vantage point: from a file, the environment and options, the later ones first. It needs no config of a hub. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { type ConfigDocument, parseConfigDocument, type SettingPath } from './document.js'
import { type Override, readEnvironment } from './env.js'
import { ConfigError, type Finding } from './errors.js'
import { quote, readTextFile, withoutSecrets } from './secrets.js'
import { identifier, listOf, logLevel, section, text, webUrl } from './setting-types.js'

const schema = section({
  name: identifier(),
  hubs: listOf(webUrl(), 'URLs of hubs').min(1, { error: 'write at least one URL' }),
  token: text('write the token in quotes').optional(),
  tokenFile: text('write the path of a file').optional(),
  ca: text('write the path of a file').optional(),
  log: section({ level: logLevel() }).prefault({}),
})

export interface VantageConfig {
  /** The name of its token at the hubs. */
  name: string
  /** At least one; reports go to each. */
  hubs: string[]
  token: string
  /** PEM; undefined: the public CAs. */
  ca: string | undefined
  logLevel: string
}

export interface VantageOptions {
  file?: string | undefined
  name?: string | undefined
  hubs: readonly string[]
  tokenFile?: string | undefined
  ca?: string | undefined
}

/** Throws ConfigError. */
export function loadVantage(options: VantageOptions, env = readEnvironment()): VantageConfig {
  const file = options.file === undefined ? undefined : resolve(options.file)
  const overrides: Override[] = [
    ...given('--name', ['name'], options.name),
    ...given('--hub', ['hubs'], options.hubs.length > 0 ? options.hubs : undefined),
    ...given('--token-file', ['tokenFile'], options.tokenFile && resolve(options.tokenFile)),
    ...given('--ca', ['ca'], options.ca && resolve(options.ca)),
  ]
  const inEnvironment = [
    ...given('ZONECAST_VANTAGE', ['name'], env.vantage),
    ...given(
      'ZONECAST_URL',
      ['hubs'],
      env.url?.split(/[\s,]+/).filter((url) => url !== ''),
    ),
    ...given('ZONECAST_TOKEN', ['token'], env.token),
    ...given('ZONECAST_CA', ['ca'], env.ca && resolve(env.ca)),
    ...env.settings.filter(({ path }) => path.join('.') === 'log.level'),
  ].filter(({ path }) => !overrides.some((flag) => flag.path.join() === path.join()))
  const read = (text: string): ConfigDocument =>
    parseConfigDocument(file ?? 'the settings', text, [...overrides, ...inEnvironment])
  const written = read(textOf(file))
  // A file without settings has no map to which overrides are added.
  const document = written.mistakes.length === 0 && written.value == null ? read('{}') : written
  const fail = (findings: readonly Finding[]): never => {
    throw new ConfigError(findings.map((finding) => ({ ...finding, message: withoutSecrets(finding.message) })))
  }
  if (document.mistakes.length > 0) return fail(document.mistakes)
  const parsed = schema.safeParse(document.value)
  if (!parsed.success) return fail(parsed.error.issues.map((issue) => findingOf(document, issue)))
  const { name, hubs, token, tokenFile, ca, log } = parsed.data
  const folder = file === undefined ? process.cwd() : dirname(file)
  const findings: Finding[] = []
  const report = (setting: string, code: Finding['code'], message: string): void =>
    void findings.push({ ...document.placeOf([setting]), code, severity: 'error', message })
  let own = token
  // A token of the environment or the file is nearer than a file that is named there too: only one may be given.
  if (token !== undefined && tokenFile !== undefined && options.tokenFile === undefined)
    report('tokenFile', 'CONFIG_VALUE', 'both "token" and "tokenFile" are given: keep one of the two')
  else if (tokenFile !== undefined) {
    const read = readTextFile(resolve(folder, tokenFile))
    if (read.readableBy !== undefined)
      report('tokenFile', 'CONFIG_SECRET_READABLE', `the token file is readable by ${read.readableBy}: chmod 600 it`)
    own = read.text
    if (own === undefined || own === '')
      report('tokenFile', 'CONFIG_SECRET', `${read.reason ?? 'the token file is empty'}: write the token into it`)
  } else if (token === undefined)
    report(
      'token',
      'CONFIG_MISSING',
      '"token" is missing: make one with zonecast token new --role vantage, and set ZONECAST_TOKEN or "tokenFile"',
    )
  const pem = ca === undefined ? undefined : readTextFile(resolve(folder, ca)).text
  if (ca !== undefined && pem?.includes('-----BEGIN ') !== true)
    report('ca', 'CONFIG_CERTIFICATE', 'the file with the CAs cannot be read, or is not PEM: write the path of a file in PEM')
  if (findings.length > 0) return fail(findings)
  return { name, hubs, token: own!, ca: pem, logLevel: log.level }
}

function findingOf(document: ConfigDocument, issue: z.core.$ZodIssue): Finding {
  const path = issue.path as SettingPath
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys
    const known = path.length === 0 ? Object.keys(schema.shape) : ['level']
    const message = `there is no setting ${quote(key!)} of a vantage point: write one of ${known.join(', ')}`
    return { ...document.placeOf([...path, key!]), code: 'CONFIG_UNKNOWN_KEY', severity: 'error', message }
  }
  const name = path.length === 0 ? 'the file' : `"${path.join('.')}"`
  return { ...document.placeOf(path), code: 'CONFIG_VALUE', severity: 'error', message: `${name}: ${issue.message}` }
}

const given = (from: string, path: readonly string[], value: unknown): Override[] =>
  value === undefined ? [] : [{ from, path, value }]

function textOf(file: string | undefined): string {
  if (file === undefined) return ''
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const message = `the file ${file} cannot be read (${reason}): name another one with -c`
    throw new ConfigError([{ file, line: 1, column: 1, code: 'CONFIG_FILE', severity: 'error', message }])
  }
}
