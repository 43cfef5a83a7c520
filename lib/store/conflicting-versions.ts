/**
 * Conflicting versions: other contents under the serial of a zone's newest version. They are kept until an operator chooses one,
 * or until a newer version makes them obsolete. Files are named `rival-SERIAL-DIGEST` and have the format of complete contents.
 */
import { link, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZoneContents } from '../zone/zone-contents.js'
import { headOf, type Judge, movedOn } from './commit.js'
import { ioError } from './errors.js'
import type { ConflictingVersion } from './journal-heads.js'
import type { SnapshotDraft } from './snapshot-draft.js'
import { readSnapshot } from './snapshot-file.js'
import type { Version } from './version.js'
import type { ZoneLog } from './zone-log.js'
import { conflictingName, snapshotName } from './zone-upkeep.js'

export interface ConflictingParts {
  zone: string
  apex: Buffer
  directory: string
  log: ZoneLog
  exclusively: <T>(work: () => Promise<T>) => Promise<T>
  /** Called when these contents become the newest version. */
  onAdopted: (contents: ZoneContents) => void
}

export class ConflictingVersions {
  readonly #parts: ConflictingParts

  constructor(parts: ConflictingParts) {
    this.#parts = parts
  }

  get list(): readonly ConflictingVersion[] {
    return this.#parts.log.conflicting
  }

  /**
   * Keeps contents that another primary serves under the newest serial. Discards the draft and returns false when the newest version
   * has another serial, or this content.
   */
  keep(draft: SnapshotDraft, from: string, seenAt: number): Promise<boolean> {
    const { directory, exclusively, log } = this.#parts
    return exclusively(async () => {
      const { soa, digest, records } = draft.contents
      const newest = log.versions.at(-1)
      if (newest?.serial !== soa.serial || newest.digest === digest) {
        await draft.discard()
        return false
      }
      const conflicting = { serial: soa.serial, digest, records, from, seenAt }
      await draft.finish(join(directory, conflictingName(conflicting)))
      await log.append({ entry: 'rivals', rivals: [...this.list.filter((other) => other.from !== from), conflicting] })
      return true
    })
  }

  /** A primary serves the newest version now: removes the conflicting version kept from it. False when none was kept. */
  async forget(from: string): Promise<boolean> {
    if (!this.list.some((conflicting) => conflicting.from === from)) return false
    const { exclusively, log } = this.#parts
    await exclusively(async () => {
      await log.append({ entry: 'rivals', rivals: this.list.filter((conflicting) => conflicting.from !== from) })
    })
    return true
  }

  /** Drops all conflicting versions: the current version is the right one. */
  drop(): Promise<void> {
    const { exclusively, log } = this.#parts
    return exclusively(async () => {
      await log.append({ entry: 'rivals', rivals: [] })
    })
  }

  contentsOf(conflicting: ConflictingVersion, rest?: () => Promise<void>): Promise<ZoneContents> {
    return readSnapshot(join(this.#parts.directory, conflictingName(conflicting)), this.#parts.apex, rest)
  }

  /** Makes a conflicting version the newest one, in place of the version with the same serial. */
  adopt(conflicting: ConflictingVersion, judge: Judge): Promise<Version> {
    const { directory, exclusively, log, onAdopted, zone } = this.#parts
    return exclusively(async () => {
      const newest = log.versions.at(-1)
      // A newer version was committed meanwhile: the choice is obsolete.
      if (newest?.serial !== conflicting.serial || newest.digest === conflicting.digest)
        throw movedOn(zone, conflicting.serial, newest?.serial)
      const contents = await this.contentsOf(conflicting)
      const head = headOf(contents, await judge(contents, undefined, Promise.resolve()), 'axfr', [], log.versions)
      const snapshot = snapshotName(conflicting)
      // Both names exist until the journal has the entry: after a crash at any point, one of them is valid.
      await link(join(directory, conflictingName(conflicting)), join(directory, snapshot)).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw ioError(snapshot, error)
        },
      )
      const row = await log.append({ ...head, snapshot }, [], () => onAdopted(contents))
      await log.append({ entry: 'rivals', rivals: [] })
      await rm(join(directory, conflictingName(conflicting)), { force: true })
      return row!.version
    })
  }
}
