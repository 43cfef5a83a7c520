/** Reads any kept version from disk: the nearest complete contents, and the differences from there, backward or forward. */
import { join } from 'node:path'
import { pause, withRests } from '../runtime/turns.js'
import { type Difference, invertDifference, recordsOf } from '../zone/difference.js'
import { ZoneError } from '../zone/errors.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { StoreError } from './errors.js'
import { readSnapshot } from './snapshot-file.js'
import type { ZoneLog } from './zone-log.js'
import type { LoggedVersion } from './logged-version.js'

/**
 * Contents of the row at `index`; the digest proves the result. `rest` is awaited between slices of the work. Throws StoreError
 * STORE_CORRUPT, ZoneError ZONE_DIGEST_MISMATCH.
 */
export async function readVersion(
  log: ZoneLog,
  index: number,
  directory: string,
  apex: Buffer,
  rest: () => Promise<void> = pause,
): Promise<ZoneContents> {
  const rows = [...log.rows]
  const wanted = rows[index]
  if (!wanted)
    throw new StoreError({ code: 'STORE_UNKNOWN_VERSION', zone: directory, serial: 0 }, `no version is kept in ${directory}`)
  const { serial, digest } = wanted.version
  const base = await nearestSnapshot(log, rows, index, directory)
  const contents = await readSnapshot(join(directory, base.file), apex, rest)
  await apply(contents, base.path, rest)
  if (contents.digest !== digest)
    throw new ZoneError(
      { code: 'ZONE_DIGEST_MISMATCH', expected: digest, found: contents.digest },
      `serial ${serial} in ${directory} does not read back as it was written`,
    )
  return contents
}

async function apply(contents: ZoneContents, path: readonly Difference[], rest: () => Promise<void>): Promise<void> {
  if (path.length === 0) return
  await contents.prepare(recordsOf(path), rest)
  contents.begin()
  for (const difference of path) await withRests(contents.applying(difference), rest)
  contents.commit()
}

async function nearestSnapshot(
  log: ZoneLog,
  rows: readonly LoggedVersion[],
  index: number,
  directory: string,
): Promise<{ file: string; path: Difference[] }> {
  const back: Difference[][] = []
  for (let i = index; i >= 0; i--) {
    const { snapshot, differences } = rows[i]!
    if (snapshot !== undefined) return { file: snapshot, path: back.reverse().flat() }
    if (differences === 0) break
    back.push(await log.differencesOf(rows[i]!))
  }
  const forth: Difference[] = []
  for (let i = index + 1; i < rows.length && rows[i]!.differences > 0; i++) {
    forth.push(...(await log.differencesOf(rows[i]!)))
    const { snapshot } = rows[i]!
    if (snapshot !== undefined) return { file: snapshot, path: forth.reverse().map(invertDifference) }
  }
  throw new StoreError(
    { code: 'STORE_CORRUPT', file: directory, reason: 'no complete contents' },
    `${directory} has no complete contents for serial ${rows[index]!.version.serial}`,
  )
}
