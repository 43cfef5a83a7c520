/**
 * The settings of the checks before release: each check is `off`, `warn` or `hold`, or a map of its mode and its thresholds. The
 * defaults come from bad releases of other operators, each named beside its check.
 * Not here: what the checks do with them (lib/checks).
 */
import { z } from 'zod'
import { nameToWire, parseZoneName, zoneNameOfWire, type ZoneName } from '../lib/dns/name.js'
import { parseRecord } from '../lib/dns/record-words.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { count, duration, listOf, section, text } from './setting-types.js'

const MODES = ['off', 'warn', 'hold'] as const
export type CheckMode = (typeof MODES)[number]

export const mode = () => z.enum(MODES, { error: 'write off, warn or hold' })

const isMode = (value: unknown): value is CheckMode => MODES.some((known) => known === value)

/** Accepts the map or its mode alone; errors about any other value name the map. */
const check = <S extends z.core.$ZodLooseShape>(fallback: CheckMode, shape: S) =>
  z
    .preprocess(
      (value) => (isMode(value) ? { mode: value } : value),
      z.strictObject(
        {
          mode: mode()
            .default(fallback)
            .describe('Mode: off skips the check, warn reports a failure, hold makes a failed version wait for approval.'),
          ...shape,
        },
        { error: (issue) => (issue.code === 'invalid_type' ? 'write off, warn, hold or a map of settings' : undefined) },
      ),
    )
    .prefault({})

const percent = (least: number) => {
  const error = `write a percentage, at least ${least}`
  return z.number({ error }).min(least, { error })
}

/**
 * Keeps a record in presentation form as it is written. A record that does not parse is a config error, not a failure at release.
 */
const record = (hint: string, fits: (type: number, hasRdata: boolean) => boolean) =>
  text(hint).superRefine((value, context) => {
    try {
      const { type, rdata } = parseRecord(value)
      if (!fits(type, rdata !== undefined)) context.addIssue({ code: 'custom', message: hint })
    } catch (error) {
      context.addIssue({ code: 'custom', message: `${(error as Error).message}; ${hint}` })
    }
  })

export const checksSchema = section({
  'serial-forward': check('hold', {
    warnAbove: count(1)
      .default(2 ** 30)
      .describe('Warn when the serial rises by more than this; a rise above 2147483647 makes it older (RFC 1982 §3.2).'),
  }).describe('The serial must be newer than the last released one.'),
  apex: check('hold', {
    glue: mode().default('warn').describe('Mode for a delegation to a name server in the zone that has no address.'),
    doubledNames: count(0)
      .default(3)
      .describe('Hold when more new records than this, and more than doubledPercent, have a name that ends in the apex twice.'),
    doubledPercent: percent(0).default(1).describe('See doubledNames; percent of the new records.'),
  }).describe('One SOA, name servers with addresses at the apex, no record beside a CNAME, no name doubled by a missing dot.'),
  shrink: check('hold', {
    percent: percent(0).default(10).describe('Hold when this percentage of the records or delegated names is gone.'),
    atLeast: count(0).default(20).describe('Hold only when at least this many of them are gone.'),
    smallBelow: count(0).default(100).describe('A zone with fewer records or delegated names than this is small.'),
    smallPercent: percent(0).default(50).describe('Hold when this percentage of a small zone is gone.'),
  }).describe('The version is not much smaller than the last released one, and never shrinks to one name or none.'),
  growth: check('hold', {
    warnPercent: percent(0).default(25).describe('Warn when the records grow by this percentage.'),
    warnFromRecords: count(0)
      .default(100)
      .describe('Warn only for a zone that has at least this many records before or after the change.'),
    holdPercent: percent(0).default(100).describe('Hold when the records grow by this percentage.'),
    fromRecords: count(0).default(10_000).describe('Hold only a zone that had at least this many records.'),
  }).describe('The version is not much larger than the last released one.'),
  churn: check('hold', {
    percent: percent(0)
      .default(30)
      .describe('Hold when more than this percentage of the RRsets is gone or changed; RRSIG, NSEC and NSEC3 do not count.'),
    fromRecords: count(0).default(1000).describe('Check only a zone that had at least this many records.'),
  }).describe('The version is not a completely different zone.'),
  zonemd: check('hold', {
    required: z.boolean({ error: 'write true or false' }).default(false).describe('A zone without a ZONEMD record fails too.'),
  }).describe('The zone matches its ZONEMD record, if it has one (RFC 8976 §4).'),
  dnssec: check('hold', {
    required: z.boolean({ error: 'write true or false' }).default(false).describe('An unsigned zone fails too.'),
    anchors: listOf(
      record(
        'write a DS or DNSKEY record: example.com. DS 12345 13 2 …',
        (type, hasRdata) => hasRdata && (type === TYPE.DS || type === TYPE.DNSKEY),
      ),
      'records',
    )
      .default([])
      .describe('DS or DNSKEY records of the zones: one record of each zone must match a DNSKEY that signs its DNSKEY RRset.'),
    holdUnder: duration().default(86_400_000).describe('Hold when a signature has less time left than this.'),
    warnUnder: duration().default(259_200_000).describe('Warn when a signature has less time left than this.'),
    budget: section({
      cpu: duration()
        .default(60_000)
        .describe('CPU time for the signatures and NSEC3 hashes of one version; a million records need about 20 s.'),
      wall: duration()
        .default(300_000)
        .describe('Wall-clock time for the check of one version, without waits for the checks of other zones.'),
      octets: count(65_536)
        .default(4 * 2 ** 30)
        .describe('Octets of signed records and hashed names of one version; a million records have about 300 MiB.'),
    })
      .prefault({})
      .describe('Limits for the check of one version; when one is reached, the check ends and the version is held.'),
  }).describe(
    'In a zone with DNSKEY records, every signature verifies and has time left, and the NSEC or NSEC3 chain is closed.',
  ),
  protected: check('hold', {
    records: listOf(
      record('write: name type, or: name type RDATA', () => true),
      'records',
    )
      .default([])
      .describe(
        'Records that must stay: "name type" for at least one record of that type, "name type RDATA" for exactly that record.',
      ),
  }).describe('The listed records must stay.'),
  hook: check('off', {
    command: listOf(text('write the words of a command'), 'words')
      .default([])
      .describe('The command and its arguments, run without a shell; exit code 0 approves.'),
    timeout: duration().default(60_000).describe('A command that runs longer is killed, and does not approve.'),
    input: z
      .enum(['stdin', 'file'], { error: 'write stdin or file' })
      .default('stdin')
      .describe('The command gets the zone on its standard input, or as a file named by ZONECAST_ZONE_FILE.'),
  }).describe('Your own command approves each version.'),
}).superRefine((checks, context) => {
  if (checks.hook.mode !== 'off' && checks.hook.command.length === 0)
    context.addIssue({
      code: 'custom',
      path: ['hook', 'command'],
      message: '"command" is empty: write [ "/path/to/program", … ]',
    })
  if (checks.dnssec.warnUnder < checks.dnssec.holdUnder)
    context.addIssue({
      code: 'custom',
      path: ['dnssec', 'warnUnder'],
      message: '"warnUnder" is shorter than "holdUnder": write a longer duration',
    })
})

/** The checks whose mode a catalog may change for its members. */
export const CHECKS_WITH_MODE = [
  'serial-forward',
  'apex',
  'shrink',
  'growth',
  'churn',
  'zonemd',
  'dnssec',
  'protected',
  'hook',
] as const

/** Checks that may hold a version: those, and that of catalogs. */
export const HOLDING_CHECKS = [...CHECKS_WITH_MODE, 'catalog'] as const

export type RawChecks = z.output<typeof checksSchema>

export type ZoneChecks = ReturnType<typeof settingsWith>

/**
 * Returns the check settings of each zone, the hook included. Trust anchors and protected records belong to the zone that
 * contains them: when two zones contain a name, to the lower one. All other zones share one object, as there may be a hundred
 * thousand.
 */
export function checkSettingsFor(raw: RawChecks, zones: Iterable<ZoneName>): (zone: ZoneName) => ZoneChecks {
  const known = new Set(zones)
  const anchors = groupBy(raw.dnssec.anchors, (anchor) => parseZoneName(ownerText(anchor)))
  const records = groupBy(raw.protected.records, (entry) => closestZone(ownerText(entry), known))
  const common = settingsWith(raw, [], [])
  return (zone) =>
    anchors.has(zone) || records.has(zone) ? settingsWith(raw, anchors.get(zone) ?? [], records.get(zone) ?? []) : common
}

/**
 * As checkSettingsFor, for members of catalogs, whose names are not known before: `modes` replaces those of `checks`. Trust
 * anchors and protected records of names in the member belong to it, unless a zone of the config below it has them.
 */
export function memberChecksFor(
  raw: RawChecks,
  modes: Partial<Record<(typeof CHECKS_WITH_MODE)[number], CheckMode>>,
  zones: Iterable<ZoneName>,
): { common: ZoneChecks; own: Map<ZoneName, ZoneChecks> } {
  const changed = { ...raw }
  for (const [check, mode] of Object.entries(modes)) Object.assign(changed, { [check]: { ...raw[check as 'shrink'], mode } })
  const known = new Set(zones)
  const anchors = groupBy(raw.dnssec.anchors, (anchor) => parseZoneName(ownerText(anchor)))
  const records = new Map<ZoneName, string[]>()
  for (const entry of raw.protected.records)
    for (const name of enclosing(ownerText(entry))) {
      records.set(name, [...(records.get(name) ?? []), entry])
      if (known.has(name)) break
    }
  const named = [...anchors.keys(), ...records.keys()]
  const own = new Map(named.map((zone) => [zone, settingsWith(changed, anchors.get(zone) ?? [], records.get(zone) ?? [])]))
  return { common: settingsWith(changed, [], []), own }
}

function settingsWith(raw: RawChecks, anchors: readonly string[], records: readonly string[]) {
  const { dnssec, hook } = raw
  return {
    'serial-forward': raw['serial-forward'],
    apex: raw.apex,
    shrink: raw.shrink,
    growth: raw.growth,
    churn: raw.churn,
    zonemd: raw.zonemd,
    dnssec: {
      mode: dnssec.mode,
      required: dnssec.required,
      anchors,
      holdUnderMs: dnssec.holdUnder,
      warnUnderMs: dnssec.warnUnder,
      budget: { cpuMs: dnssec.budget.cpu, wallMs: dnssec.budget.wall, octets: dnssec.budget.octets },
    },
    protected: { mode: raw.protected.mode, records },
    hook: { mode: hook.mode, command: hook.command, timeoutMs: hook.timeout, input: hook.input },
  }
}

/** Same as Map.groupBy, which Node.js 20 lacks. */
function groupBy<K>(texts: readonly string[], keyOf: (text: string) => K): Map<K, string[]> {
  const groups = new Map<K, string[]>()
  for (const text of texts) groups.set(keyOf(text), [...(groups.get(keyOf(text)) ?? []), text])
  return groups
}

const ownerText = (entry: string): string => entry.trim().split(/\s+/)[0]!

function closestZone(name: string, zones: ReadonlySet<ZoneName>): ZoneName | undefined {
  for (const zone of enclosing(name)) if (zones.has(zone)) return zone
  return undefined
}

/** The name and all names above it, the root last. */
function* enclosing(name: string): Generator<ZoneName> {
  const wire = nameToWire(parseZoneName(name))
  for (let o = 0; ; o += 1 + wire[o]!) {
    yield zoneNameOfWire(wire.subarray(o))
    if (wire[o] === 0) return
  }
}
