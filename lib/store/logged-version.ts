/** A version in its journal. */
import type { Difference } from '../zone/difference.js'
import type { EntryPlace } from './journal-file.js'
import type { VersionHead } from './journal-heads.js'
import { progressOf } from './version-progress.js'
import type { Version } from './version.js'

export interface LoggedVersion {
  version: Version
  /** Difference sequences that lead to it from the version before it; 0 when there is a gap. */
  differences: number
  /** Serials between the two, when several sequences lead from one to the other. */
  steps: readonly number[] | undefined
  place: EntryPlace
  /** File with the complete contents, if this version has one. */
  snapshot: string | undefined
  loaded: Difference[] | undefined
  /** The answers of nodes and primaries that the journal has. */
  saved: { confirmed: number; sources: Version['sources'] }
}

/** The head of its entry as it is written now, with all progress until now. */
export function headOfRow({ version, differences, steps, snapshot }: LoggedVersion): VersionHead {
  const { serial, digest, records, octets, seenAt, committedAt, from, kind, checks } = version
  return {
    entry: 'version',
    serial,
    digest,
    records,
    octets,
    soa: version.soa.toString('base64'),
    seenAt,
    committedAt,
    from,
    kind,
    ...(checks === undefined ? {} : { checks }),
    ...(snapshot === undefined ? {} : { snapshot }),
    differences,
    ...(version.isTorn ? { torn: true } : {}),
    ...(version.hasCopies ? { copies: true } : {}),
    ...(steps === undefined ? {} : { steps: [...steps] }),
    ...progressOf(version),
  }
}
