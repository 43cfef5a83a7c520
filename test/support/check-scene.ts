/** Versions of a zone for the checks before release, written as lines, and the results of the checks for one after the other. */
import { parseZoneName } from '../../lib/dns/name.js'
import type { CheckOutcome, CheckReport, CheckSettings, ZoneFigures } from '../../lib/checks/check.js'
import type { CheckName } from '../../lib/checks/verdicts.js'
import type { CheckInput } from '../../lib/checks/check-input.js'
import { computeHere } from '../../lib/checks/dnssec/compute.js'
import { runChecks } from '../../lib/checks/run-checks.js'
import { checkSettingsFor, checksSchema } from '../../config/checks-schema.js'
import { compareContents } from '../../lib/zone/compare.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { zoneNameOfWire } from '../../lib/dns/name.js'
import { contentsOf } from './record-lines.js'

export const NOW = Date.UTC(2026, 5, 1)
export const pause = async (): Promise<void> => undefined

/** The defaults, with some settings changed by the operator. */
export function settingsOf(raw: unknown = {}, zone = 'example.'): CheckSettings {
  const name = parseZoneName(zone)
  return checkSettingsFor(checksSchema.parse(raw), [name])(name)
}

export const zoneOf = (contents: ZoneContents): string => zoneNameOfWire(contents.apex)

export interface SceneOptions {
  /** In the form of the config file. */
  checks?: unknown
  whole?: boolean
  now?: number
  /** Figures of the version before; computed when left out. */
  figures?: ZoneFigures | undefined
}

/** The new version as the first one. */
export async function checkFirst(contents: ZoneContents, { checks, now = NOW }: SceneOptions = {}): Promise<CheckOutcome> {
  return await runChecks({
    zone: zoneOf(contents),
    contents,
    previous: undefined,
    change: undefined,
    settings: settingsOf(checks, zoneOf(contents)),
    now,
    whole: false,
    pause,
    compute: computeHere,
  })
}

/** Look-ups by name scan the zone each time. For contents without results of a check only. */
export function withoutIndex(contents: ZoneContents): ZoneContents {
  Object.defineProperty(contents, 'isIndexed', { value: false })
  return contents
}

/** The new version after another one. */
export async function checkNext(before: ZoneContents, after: ZoneContents, options: SceneOptions = {}): Promise<CheckOutcome> {
  return await runChecks(await inputOf(before, after, options))
}

export async function inputOf(before: ZoneContents, after: ZoneContents, options: SceneOptions = {}): Promise<CheckInput> {
  const { checks, whole = false, now = NOW } = options
  const figures = 'figures' in options ? options.figures : (await checkFirst(before, options)).figures
  return {
    zone: zoneOf(after),
    contents: after,
    previous: { serial: before.soa.serial, records: before.records, figures },
    change: await compareContents(before, after, Number.POSITIVE_INFINITY, pause),
    settings: settingsOf(checks, zoneOf(after)),
    now,
    whole,
    pause,
    compute: computeHere,
  }
}

export function reportOf(outcome: CheckOutcome, check: CheckName): CheckReport {
  const report = outcome.reports.find((one) => one.check === check)
  if (report === undefined) throw new Error(`no report of ${check}`)
  return report
}

/** `example.` with a serial and more lines. */
export const example = (serial: number, lines: string | readonly string[] = ''): ZoneContents =>
  contentsOf(
    'example.',
    [
      `example. 300 SOA ns1.example. host.example. ${serial} 7200 900 1209600 60`,
      'example. 300 NS ns1.example.',
      'ns1.example. 300 A 192.0.2.1',
      ...(typeof lines === 'string' ? lines.split('\n') : lines),
    ].join('\n'),
  )

export const hosts = (count: number, address = '192.0.2.1'): string[] =>
  Array.from({ length: count }, (_, i) => `h${i}.example. 300 A ${address}`)

export const delegations = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `d${i}.example. 300 NS ns${i % 7}.hoster.test.`)
