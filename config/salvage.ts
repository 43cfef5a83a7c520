/**
 * Extracts the settings that fit the schema from a document in which others do not, so that the rest is checked in the same run.
 * A bad setting is left out alone; if the rest is invalid without it, its list or map entry goes, and then the section.
 */
import { type ConfigDocument, isPlainMap, type SettingPath } from './document.js'
import type { Finding } from './errors.js'
import { describeIssues, type Mistake } from './mistakes.js'
import { configSchema, type RawConfig } from './schema.js'

export interface ReadSettings {
  settings: RawConfig
  /** The index in the file's list of each zone that is left. */
  zonePositions: number[]
  findings: Finding[]
}

export function readSettings(document: ConfigDocument): ReadSettings {
  const first = configSchema.safeParse(document.value)
  if (first.success) return { settings: first.data, zonePositions: positionsIn(document), findings: [] }
  const mistakes = describeIssues(document, first.error.issues)
  const rest = new Rest(document.value)
  let bad: readonly Pick<Mistake, 'path' | 'unknownKey'>[] = mistakes
  for (let wider = 0; ; wider++) {
    rest.leaveOut(bad, wider)
    const parsed = configSchema.safeParse(rest.value)
    if (parsed.success)
      return { settings: parsed.data, zonePositions: rest.zonePositions, findings: mistakes.map(({ finding }) => finding) }
    bad = parsed.error.issues.map(({ path }) => ({ path: path as SettingPath, unknownKey: false }))
  }
}

/** The index in the file's list of each parsed entry. */
function positionsIn({ value, plain }: ConfigDocument): number[] {
  if (plain !== undefined) return plain.names.flatMap((name, i) => (name === undefined ? [i] : []))
  const zones = isPlainMap(value) ? value.zones : undefined
  return Array.isArray(zones) ? zones.map((_, i) => i) : []
}

/** A copy of the settings from which parts are removed. */
class Rest {
  readonly value: Record<string, unknown>
  /** The index in the file's list of each zone that is left. */
  zonePositions: number[] = []

  constructor(value: unknown) {
    this.value = isPlainMap(value) ? structuredClone(value) : {}
    if (Array.isArray(this.value.zones)) this.zonePositions = this.value.zones.map((_, i) => i)
  }

  /** Removes the settings at the paths; `wider` 1 the map or list around each, 2 the one around that, and so on. */
  leaveOut(bad: readonly Pick<Mistake, 'path' | 'unknownKey'>[], wider: number): void {
    const paths = bad.map(({ path, unknownKey }) => (unknownKey ? path : widened(path, wider)))
    const zones = new Set<number>()
    // Deepest paths first, while their parents still exist.
    for (const path of paths.toSorted((a, b) => b.length - a.length)) {
      if (path.length === 2 && path[0] === 'zones' && typeof path[1] === 'number') zones.add(path[1])
      else if (path.length === 0) for (const section of Object.keys(this.value)) delete this.value[section]
      else deleteAt(this.value, path)
    }
    if (zones.size === 0 || !Array.isArray(this.value.zones)) return
    this.value.zones = this.value.zones.filter((_, i) => !zones.has(i))
    this.zonePositions = this.zonePositions.filter((_, i) => !zones.has(i))
  }
}

/** A list item goes with its list, except for zones. */
function widened(path: SettingPath, by: number): SettingPath {
  let at = path.slice(0, Math.max(0, path.length - by))
  while (typeof at.at(-1) === 'number' && !(at.length === 2 && at[0] === 'zones')) at = at.slice(0, -1)
  return at
}

function deleteAt(settings: Record<string, unknown>, path: SettingPath): void {
  let holder: unknown = settings
  for (const part of path.slice(0, -1)) holder = (holder as Record<PropertyKey, unknown> | null | undefined)?.[part]
  if (isPlainMap(holder)) delete holder[String(path.at(-1))]
}
