/** Commits a change to the newest version: differences from IXFR, or what an AXFR changes in the current contents. */
import { join } from 'node:path'
import type { Soa } from '../dns/message.js'
import { pause, withRests } from '../runtime/turns.js'
import { type Difference, differenceOctets, recordsOf } from '../zone/difference.js'
import { ZoneError } from '../zone/errors.js'
import type { RecordRun } from '../zone/record-run.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { MergedZone } from '../zone/zone-merge.js'
import { headOf, type Judge } from './commit.js'
import { writeSnapshot } from './snapshot-file.js'
import type { Version } from './version.js'
import type { Prepared, ZoneLog } from './zone-log.js'
import { snapshotName } from './zone-upkeep.js'

interface Place {
  directory: string
  log: ZoneLog
  /** Contents of the newest version. */
  contents: ZoneContents
}

/** A change that was applied and is not committed yet. */
interface Applied {
  kind: Version['kind']
  change: readonly Difference[]
  /** Nodes and the store read the version from these; none when the whole contents are smaller. */
  kept: readonly Difference[]
  isWrittenWhole: boolean
}

/** Applies differences. On any error the zone is as before. */
export const commitDifferences = (place: Place, differences: readonly Difference[], judge: Judge): Promise<Version> =>
  commitApplied(place, judge, recordsOf(differences), async ({ contents }) => {
    const exact: Difference[] = []
    for (const difference of differences) exact.push(await withRests(contents.applying(difference)))
    return { kind: 'ixfr', change: exact, kept: exact, isWrittenWhole: false }
  })

/**
 * Applies what a zone that was merged with these contents changes in them. Throws ZoneError when its records are not what arrived.
 * On any error the zone is as before.
 */
export const commitMerge = (place: Place, soa: Soa, merged: MergedZone, judge: Judge): Promise<Version> =>
  commitApplied(place, judge, merged.removed.count + merged.added.count + merged.respelled.came.count, async ({ contents }) => {
    const { removed, added, respelled, records } = merged
    const fromSoa = contents.soa
    const ends = { from: fromSoa.serial, to: soa.serial, fromSoa: fromSoa.stored, toSoa: soa.stored }
    const all = { ...ends, removed: joined(removed, respelled.held), added: joined(added, respelled.came) }
    await withRests(contents.applying(all))
    if (contents.records !== records) throw misfit(records, contents.records)
    const difference = { ...ends, removed, added }
    const isSmaller = differenceOctets(difference) <= contents.octets
    // A difference does not have letter case: only whole contents do.
    const isWrittenWhole = !isSmaller || respelled.came.count > 0
    return { kind: 'axfr', change: [difference], kept: isSmaller ? [difference] : [], isWrittenWhole }
  })

async function commitApplied(
  place: Place,
  judge: Judge,
  changed: number,
  apply: (place: Place) => Promise<Applied>,
): Promise<Version> {
  const { directory, log, contents } = place
  await contents.prepare(changed, pause)
  contents.begin()
  let prepared: Prepared | undefined
  try {
    const { kind, change, kept, isWrittenWhole } = await apply(place)
    const snapshot = snapshotName({ serial: contents.soa.serial, digest: contents.digest })
    const written = isWrittenWhole ? writeSnapshot(join(directory, snapshot), contents, 'pending') : Promise.resolve()
    if (!isWrittenWhole) prepared = log.prepare(kept)
    const judged = judge(contents, change, written)
    // A reader of the pending change must be done before that is rolled back.
    await Promise.allSettled([written, judged])
    await written
    const head = {
      ...headOf(contents, await judged, kind, kept, log.versions),
      ...(isWrittenWhole ? { snapshot } : {}),
    }
    const row = await log.append(head, kept, () => contents.commit(), prepared)
    return row!.version
  } catch (error) {
    contents.rollback()
    if (prepared) await log.abandon(prepared)
    throw error
  }
}

const joined = (a: RecordRun, b: RecordRun): RecordRun =>
  b.count === 0 ? a : { data: Buffer.concat([a.data, b.data]), count: a.count + b.count }

const misfit = (arrived: number, found: number): ZoneError =>
  new ZoneError(
    { code: 'ZONE_MERGE_MISFIT', arrived, found },
    `${arrived} records arrived, and the current version with what changed has ${found}`,
  )
