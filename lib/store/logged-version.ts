/** A version in its journal. */
import type { Difference } from '../zone/difference.js'
import type { EntryPlace } from './journal-file.js'
import type { VersionHead } from './journal-heads.js'
import type { Version } from './version.js'

export interface LoggedVersion {
  version: Version
  head: VersionHead
  place: EntryPlace
  /** File with the complete contents, if this version has one. */
  snapshot: string | undefined
  loaded: Difference[] | undefined
  /** The answers of nodes and primaries that the journal has. */
  saved: { confirmed: number; sources: Version['sources'] }
}
