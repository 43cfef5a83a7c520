/**
 * Other contents under the serial of a zone's newest version: kept beside it until a person chooses one, or a newer version makes
 * them all history. Files are `rival-SERIAL-DIGEST`, as whole contents are.
 */
import { link, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZoneContents } from '../zone/zone-contents.js'
import { headOf, type Judge, movedOn } from './commit.js'
import { ioError } from './errors.js'
import type { Rival } from './journal-heads.js'
import type { SnapshotDraft } from './snapshot-draft.js'
import { readSnapshot } from './snapshot-file.js'
import type { Version } from './version.js'
import type { ZoneLog } from './zone-log.js'
import { rivalName, snapshotName } from './zone-upkeep.js'

export interface RivalParts {
  zone: string
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

  /**
   * Keeps contents that another primary serves under the newest serial. Discards the draft and returns false when the newest version has
   * another serial, or this content.
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
      const rival = { serial: soa.serial, digest, records, from, seenAt }
      await draft.finish(join(directory, rivalName(rival)))
      await log.append({ entry: 'rivals', rivals: [...this.list.filter((other) => other.from !== from), rival] })
      return true
    })
  }

  /** A primary serves the newest version by now: what it served before is let go. False when nothing of it was kept. */
  async forget(from: string): Promise<boolean> {
    if (!this.list.some((rival) => rival.from === from)) return false
    const { exclusively, log } = this.#parts
    await exclusively(async () => {
      await log.append({ entry: 'rivals', rivals: this.list.filter((rival) => rival.from !== from) })
    })
    return true
  }

  /** The version that we have is the right one. */
  drop(): Promise<void> {
    const { exclusively, log } = this.#parts
    return exclusively(async () => {
      await log.append({ entry: 'rivals', rivals: [] })
    })
  }

  contentsOf(rival: Rival, rest?: () => Promise<void>): Promise<ZoneContents> {
    return readSnapshot(join(this.#parts.directory, rivalName(rival)), this.#parts.apex, rest)
  }

  /** Makes a rival the newest version, in the place of what goes under the same serial. */
  adopt(rival: Rival, judge: Judge): Promise<Version> {
    const { directory, exclusively, log, onAdopted, zone } = this.#parts
    return exclusively(async () => {
      const newest = log.versions.at(-1)
      // A newer version has come in between: the choice is history.
      if (newest?.serial !== rival.serial || newest.digest === rival.digest) throw movedOn(zone, rival.serial, newest?.serial)
      const contents = await this.contentsOf(rival)
      const head = headOf(contents, await judge(contents, undefined, Promise.resolve()), 'axfr', [], log.versions)
      const snapshot = snapshotName(rival)
      // Both names until the journal has it: whatever happens in between, one of them is the right one.
      await link(join(directory, rivalName(rival)), join(directory, snapshot)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw ioError(snapshot, error)
      })
      const row = await log.append({ ...head, snapshot }, [], () => onAdopted(contents))
      await log.append({ entry: 'rivals', rivals: [] })
      await rm(join(directory, rivalName(rival)), { force: true })
      return row!.version
    })
  }
}
