/**
 * Settings that fit the schema, out of a document in which others do not: an unknown key is left out alone, a wrong entry of a
 * list or map as a whole, anything else with its section. The rest can then be checked in the same run.
 */
import { type ConfigDocument, isPlainMap } from './document.js'
import type { Finding } from './errors.js'
import { describeIssues, type Mistake } from './mistakes.js'
import { configSchema, type RawConfig } from './schema.js'

export interface ReadSettings {
  settings: RawConfig
  /** Where each zone that is left stands in the file's list. */
  zonePositions: number[]
  findings: Finding[]
}

/** Sections whose entries stand by themselves. */
const ENTRY_SECTIONS: readonly unknown[] = ['keys', 'primaries', 'clouds', 'nodes', 'zones']

export function readSettings(document: ConfigDocument): ReadSettings {
  const first = configSchema.safeParse(document.value)
  if (first.success) return { settings: first.data, zonePositions: first.data.zones.map((_, i) => i), findings: [] }
  const mistakes = describeIssues(document, first.error.issues)
  const { rest, zonePositions } = leaveOut(document.value, mistakes)
  return { settings: configSchema.parse(rest), zonePositions, findings: mistakes.map(({ finding }) => finding) }
}

function leaveOut(value: unknown, mistakes: readonly Mistake[]): { rest: Record<string, unknown>; zonePositions: number[] } {
  const rest = isPlainMap(value) ? structuredClone(value) : {}
  const wrongZones = new Set<number>()
  // Unknown keys first, while the entries they stand in are still there.
  for (const { path, unknownKey } of mistakes.toSorted((a, b) => Number(b.unknownKey) - Number(a.unknownKey))) {
    const [section, entry] = path
    if (section === undefined) continue
    const entries = rest[String(section)]
    if (unknownKey) deleteAt(rest, path)
    else if (entry === undefined || !ENTRY_SECTIONS.includes(section)) delete rest[String(section)]
    else if (isPlainMap(entries)) delete entries[String(entry)]
    else wrongZones.add(Number(entry))
  }
  const zonePositions: number[] = []
  if (Array.isArray(rest.zones)) {
    rest.zones = rest.zones.filter((_, i) => {
      if (!wrongZones.has(i)) zonePositions.push(i)
      return !wrongZones.has(i)
    })
  }
  return { rest, zonePositions }
}

function deleteAt(settings: Record<string, unknown>, path: readonly PropertyKey[]): void {
  let holder: unknown = settings
  for (const part of path.slice(0, -1)) holder = (holder as Record<PropertyKey, unknown> | null | undefined)?.[part]
  if (isPlainMap(holder)) delete holder[String(path.at(-1))]
}
