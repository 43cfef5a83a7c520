/**
 * The answers of nodes and primaries about a version: which of them its journal has. They are written with the next version, or
 * before the zone rests.
 */
import type { ProgressHead } from './journal-heads.js'
import type { LoggedVersion } from './logged-version.js'
import type { Version } from './version.js'

export interface Answers {
  /** Nodes that confirmed the version: their times never change, and none is removed. */
  confirmed: number
  sources: Version['sources']
}

export const answersIn = ({ confirmed, sources }: Version): Answers => ({ confirmed: confirmed.size, sources })

/** The journal has this entry as well, which has every answer of its time. */
export function noteSaved(row: LoggedVersion, { confirmed, sources }: ProgressHead): void {
  const { saved } = row
  const count = confirmed === undefined ? 0 : Object.keys(confirmed).length
  row.saved = { confirmed: Math.max(saved.confirmed, count), sources: sources ?? saved.sources }
}

/** The entry that is missing in the journal; undefined when it has every answer. */
export function unsavedOf({ version, saved }: LoggedVersion): ProgressHead | undefined {
  const { serial, digest, confirmed, sources } = version
  if (confirmed.size === saved.confirmed && isSame(sources, saved.sources)) return undefined
  return { entry: 'progress', serial, digest, confirmed: confirmed.toJSON(), sources: { ...sources } }
}

function isSame(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  if (a === b) return true
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
