/** The check `dnssec`. */
import type { CheckInput, CheckReport, DnssecFigures } from '../check.js'
import type { Collected } from '../collect-names.js'
import type { NameChange, NameChanges, StoredAt } from '../name-changes.js'
import type { NameStatus } from '../name-status.js'
import type { NameStore } from '../name-store.js'
import type { ZoneScan } from '../zone-scan.js'

export interface SeenName {
  key: string
  records: readonly StoredAt[]
  status: NameStatus
  change: NameChange | undefined
  /** A delegation or DNAME above it came or went: it may be something else than it was. */
  isMoved: boolean
}

export class DnssecCheck {
  figures: DnssecFigures | undefined
  readonly needsAll = false

  constructor(_apex: string, _input: CheckInput, _changes: NameChanges | undefined) {}

  hashedNames(): string[] {
    return []
  }

  async beginWhole(_scan: ZoneScan): Promise<void> {}

  async beginChange(_collected: Collected, _at: (key: string) => readonly StoredAt[]): Promise<void> {}

  see(_name: SeenName): Promise<void> | undefined {
    return undefined
  }

  async finish(_store: NameStore): Promise<CheckReport> {
    return { check: 'dnssec', verdict: 'pass', report: 'Signatures are not looked at in this version.' }
  }
}
