/**
 * Other contents under the serial of a zone's newest version: kept beside it until a person chooses one, or a newer version makes
 * them all history. Files are `rival-SERIAL-DIGEST`, as whole contents are.
 */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZoneContents } from '../zone/zone-contents.js'
import { headOf, type Judge } from './commit.js'
import type { Rival } from './journal-file.js'
import { SnapshotDraft } from './snapshot-draft.js'
import { readSnapshot } from './snapshot-file.js'
import type { Version } from './version.js'
import type { ZoneLog } from './zone-log.js'
import { rivalName, snapshotName } from './zone-upkeep.js'

/** The file of contents that are only compared. */
export const COMPARED = 'rival.new'

export interface RivalParts {
  apex: Buffer
  directory: string
  log: ZoneLog
  exclusively: <T>(work: () => Promise<T>) => Promise<T>
  /** These contents are the newest version now. */
  onAdopted: (contents: ZoneContents) => void
}

export class Rivals {
  readonly #parts: RivalParts

  constructor(parts: RivalParts) {
    this.#parts = parts
  }

  get list(): readonly Rival[] {
    return this.#parts.log.rivals
  }

  /** For contents that are received only to be compared; one at a time. */
  draft(contents: ZoneContents): SnapshotDraft {
    return new SnapshotDraft(contents, join(this.#parts.directory, COMPARED))
  }

  /** Keeps contents that another primary serves under the newest serial. */
  keep(draft: SnapshotDraft, from: string, seenAt: number): Promise<void> {
    const { directory, exclusively, log } = this.#parts
    return exclusively(async () => {
      const { soa, digest, records } = draft.contents
      const rival = { serial: soa.serial, digest, records, from, seenAt }
      await draft.finish(join(directory, rivalName(rival)))
      await log.append({ entry: 'rivals', rivals: [...this.list.filter((other) => other.from !== from), rival] })
    })
  }

  /** The version that we have is the right one. */
  drop(): Promise<void> {
    const { exclusively, log } = this.#parts
    return exclusively(async () => {
      await log.append({ entry: 'rivals', rivals: [] })
    })
  }

  contentsOf(rival: Rival): Promise<ZoneContents> {
    return readSnapshot(join(this.#parts.directory, rivalName(rival)), this.#parts.apex)
  }

  /** Makes a rival the newest version, in the place of what goes under the same serial. */
  adopt(rival: Rival, judge: Judge): Promise<Version> {
    const { directory, exclusively, log, onAdopted } = this.#parts
    return exclusively(async () => {
      const contents = await this.contentsOf(rival)
      const head = headOf(contents, await judge(contents, undefined), 'axfr', 0, log.versions.at(-1))
      const snapshot = snapshotName(rival)
      await rename(join(directory, rivalName(rival)), join(directory, snapshot))
      const row = await log.append({ ...head, snapshot }, [], () => onAdopted(contents))
      await log.append({ entry: 'rivals', rivals: [] })
      return row!.version
    })
  }
}
