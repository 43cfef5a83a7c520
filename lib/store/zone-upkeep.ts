/** Clearing away what of a zone nobody needs any more: old versions, files that no version names. The caller has the zone for itself. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZoneContents } from '../zone/zone-contents.js'
import { firstKept, type KeepRule } from './retention.js'
import { writeSnapshot } from './snapshot-file.js'
import type { Version } from './version.js'
import type { ZoneLog } from './zone-log.js'

/** File of a version's whole contents. */
export const snapshotName = ({ serial, digest }: Pick<Version, 'serial' | 'digest'>): string => `contents-${serial}-${digest}`

/** File of contents that are no version. */
export const rivalName = ({ serial, digest }: Pick<Version, 'serial' | 'digest'>): string => `rival-${serial}-${digest}`

/** Drops versions that the rule lets go, and rewrites the journal; false when there is nothing to drop. */
export async function dropVersions(
  log: ZoneLog,
  directory: string,
  rule: KeepRule,
  contents: () => Promise<ZoneContents>,
): Promise<boolean> {
  const first = firstKept(log.rows, rule)
  if (first === 0) return false
  const last = log.rows.at(-1)!
  if (last.snapshot === undefined) {
    const file = snapshotName(last.version)
    await writeSnapshot(join(directory, file), await contents())
    last.snapshot = file
  }
  await log.rewrite(first)
  return true
}

/** `spared`: files that belong to work under way. */
export async function removeStrays(log: ZoneLog, directory: string, spared: Iterable<string>): Promise<void> {
  const named = new Set(['journal', ...spared, ...log.rivals.map(rivalName), ...log.rows.flatMap((row) => row.snapshot ?? [])])
  for (const file of await readdir(directory)) if (!named.has(file)) await rm(join(directory, file), { force: true })
}
