/** The records of one version for reading, whatever is committed meanwhile. */
import { pause } from '../runtime/turns.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import type { ZoneView } from '../zone/contents-view.js'

const RECORDS_PER_SLICE = 1_000

export interface OpenVersion {
  version: Version
  /** Without the SOA. */
  view: ZoneView
}

const isNewest = ({ latest }: StoredZone, { serial, digest }: Version): boolean =>
  latest?.serial === serial && latest.digest === digest

/** Runs the work on a view of the version, which ends with it. Throws StoreError. */
export async function withVersion<T>(stored: StoredZone, version: Version, work: (open: OpenVersion) => Promise<T>): Promise<T> {
  const wasNewest = isNewest(stored, version)
  let contents = await stored.contentsOf(version)
  // A newer version may have been committed to the same contents before the view is opened.
  if (wasNewest && !isNewest(stored, version)) contents = await stored.copyOf(version)
  const view = contents.view()
  try {
    return await work({ version, view })
  } finally {
    view.release()
  }
}

/** The SOA, then all other records, in slices. */
export async function eachRecord({ version, view }: OpenVersion, visit: (data: Buffer, at: number) => void): Promise<void> {
  visit(version.soa, 0)
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = view.walk(from, RECORDS_PER_SLICE, visit)
    if (from !== undefined) await pause()
  }
}
