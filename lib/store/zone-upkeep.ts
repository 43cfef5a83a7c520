/**
 * Removes the unneeded parts of a zone: old versions, files that no version names. The caller has exclusive access to the zone.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZoneContents } from '../zone/zone-contents.js'
import { CHECK_MARK } from './check-mark.js'
import { firstKept, type KeepRule, MAX_WASTE } from './retention.js'
import { writeSnapshot } from './snapshot-file.js'
import type { Version } from './version.js'
import type { WarmContents } from './warm-contents.js'
import type { ZoneLog } from './zone-log.js'

/** File of a version's complete contents. */
export const snapshotName = ({ serial, digest }: Pick<Version, 'serial' | 'digest'>): string => `contents-${serial}-${digest}`

/** File of a conflicting version. */
export const conflictingName = ({ serial, digest }: Pick<Version, 'serial' | 'digest'>): string => `rival-${serial}-${digest}`

interface Tidying {
  log: ZoneLog
  directory: string
  rule: KeepRule
  warm: WarmContents
  /** Files that belong to work under way. */
  spared: Iterable<string>
}

/** Drops versions that the rule does not keep, and files that no version names. */
export async function tidyUp({ log, directory, rule, warm, spared }: Tidying): Promise<void> {
  const dropped = await dropVersions(log, directory, rule, () => warm.get())
  // Reading back from the file also leaves the dead records behind.
  if (dropped && warm.waste > MAX_WASTE) warm.cool()
  await removeStrays(log, directory, spared)
}

/** Drops versions that the rule does not keep, and rewrites the journal; false when there is nothing to drop. */
async function dropVersions(
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
async function removeStrays(log: ZoneLog, directory: string, spared: Iterable<string>): Promise<void> {
  const named = new Set([
    'journal',
    CHECK_MARK,
    ...spared,
    ...log.conflicting.map(conflictingName),
    ...log.rows.flatMap((row) => row.snapshot ?? []),
  ])
  for (const file of await readdir(directory)) if (!named.has(file)) await rm(join(directory, file), { force: true })
}
