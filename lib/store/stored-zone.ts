/**
 * One zone in the store: its versions, warm contents of the newest, and the two commits: complete contents (from AXFR) or
 * differences (from IXFR). A version is durable before it is visible, and replaces exactly the version that it was built on.
 */
import { join } from 'node:path'
import type { Soa } from '../dns/message.js'
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import type { ZoneOrders } from '../rollout/record.js'
import { pause } from '../runtime/turns.js'
import type { Difference } from '../zone/difference.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import type { MergedZone } from '../zone/zone-merge.js'
import { CHECK_MARK, CheckMark } from './check-mark.js'
import { commitDifferences, commitMerge } from './commit-change.js'
import { changeBetween, expectBase, expectNewest, headOf, isToTheLetter, type Judge, unknownVersion } from './commit.js'
import { octetsFrom } from './difference-reader.js'
import type { Progress } from './journal-heads.js'
import type { KeptDifferences } from './kept-differences.js'
import { isDueForTidying, type KeepRule } from './retention.js'
import { ConflictingVersions } from './conflicting-versions.js'
import { SnapshotDraft } from './snapshot-draft.js'
import { isReleasedTo, type Version } from './version.js'
import { readVersion } from './version-reader.js'
import { WarmContents } from './warm-contents.js'
import { ZoneLog } from './zone-log.js'
import { WriterTurns } from './writer-turns.js'
import { snapshotName, tidyUp } from './zone-upkeep.js'

export class StoredZone {
  readonly name: ZoneName
  readonly apex: Buffer
  readonly #directory: string
  readonly #log: ZoneLog
  /** Other contents under the serial of the newest version. */
  readonly conflicting: ConflictingVersions
  readonly checkMark: CheckMark
  readonly #warm: WarmContents
  readonly #turns: WriterTurns
  /** File names of contents that are being received. */
  readonly #drafts = new Set<string>()
  #draftNumber = 0

  /** `hold` throws when this process must not write here any more. `kept`: of all zones. */
  constructor(name: ZoneName, apex: Buffer, directory: string, hold: () => void = () => undefined, kept?: KeptDifferences) {
    this.name = name
    this.apex = apex
    this.#directory = directory
    this.#turns = new WriterTurns(name)
    this.#log = new ZoneLog(directory, hold, kept)
    this.checkMark = new CheckMark(join(directory, CHECK_MARK))
    this.#warm = new WarmContents(
      () => this.#reading(() => readVersion(this.#log, this.#log.rows.length - 1, directory, apex)),
      () => this.latest,
    )
    this.conflicting = new ConflictingVersions({
      zone: name,
      apex,
      directory,
      log: this.#log,
      exclusively: (work) => this.#turns.run(work),
      onAdopted: (contents) => this.#warm.put(contents),
    })
  }

  get versions(): readonly Version[] {
    return this.#log.versions
  }

  get latest(): Version | undefined {
    return this.#log.rows.at(-1)?.version
  }

  get released(): Version | undefined {
    return this.#log.rows.findLast((row) => row.version.releasedAt !== undefined)?.version
  }

  /** The newest version that is released to each of these nodes. */
  releasedToAll(nodes: readonly string[]): Version | undefined {
    return this.#log.rows.findLast(({ version }) => nodes.every((node) => isReleasedTo(version, node)))?.version
  }

  /** The newest version that is released to the node. */
  releasedTo(node: string): Version | undefined {
    return this.#log.rows.findLast(({ version }) => isReleasedTo(version, node))?.version
  }

  /** The newest version with this serial (and digest). */
  find(serial: Serial, digest?: string): Version | undefined {
    return this.#log.versions.findLast((version) => version.serial === serial && (digest ?? version.digest) === version.digest)
  }

  #indexOf(version: Version): number {
    return this.#log.rows.findLastIndex((row) => row.version.serial === version.serial && row.version.digest === version.digest)
  }

  /** Octets of the warm contents. */
  get memory(): number {
    return this.#warm.memory
  }

  get usedAt(): number {
    return this.#warm.usedAt
  }

  /** Drops the records from memory; they are read from disk on demand. */
  cool(): void {
    this.#warm.cool()
  }

  /** A write is under way, or waits for its turn. */
  get isBusy(): boolean {
    return this.#turns.isBusy || this.#drafts.size > 0
  }

  /** Writes what nodes and primaries answered about the newest version, unless the journal has it. Returns true. */
  async save(): Promise<true> {
    const progress = this.#log.unsaved
    if (progress !== undefined) await this.#turns.run(() => this.#log.append(progress))
    return true
  }

  /** Reads the commits of another process. */
  reload(): void {
    const before = this.latest
    this.#log.load()
    if (before?.serial !== this.latest?.serial || before?.digest !== this.latest?.digest) this.#warm.cool()
  }

  /** Reads the writes of another process since the last read; false when there are none. */
  catchUp(): boolean {
    if (!this.#log.hasMoved) return false
    this.reload()
    return true
  }

  /** Files may be replaced during a read; then the new files are read. */
  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!this.catchUp()) throw error
      return await work()
    }
  }

  /** Contents of the newest version, from memory or disk. Throws StoreError. */
  async contents(): Promise<ZoneContents> {
    return await this.#warm.get()
  }

  /** Contents of any kept version; a separate copy unless it is the newest. Throws StoreError STORE_UNKNOWN_VERSION. */
  async contentsOf(version: Version, rest: () => Promise<void> = pause): Promise<ZoneContents> {
    const index = this.#indexOf(version)
    return index >= 0 && index === this.#log.rows.length - 1 ? await this.contents() : await this.copyOf(version, rest)
  }

  /**
   * Contents of any kept version, read from disk again: a copy that only the caller changes. Throws StoreError
   * STORE_UNKNOWN_VERSION.
   */
  async copyOf(version: Version, rest: () => Promise<void> = pause): Promise<ZoneContents> {
    return await this.#reading(async () => {
      const index = this.#indexOf(version)
      if (index < 0) throw unknownVersion(this.name, version.serial)
      return await readVersion(this.#log, index, this.#directory, this.apex, rest)
    })
  }

  /** Creates a draft for contents that will be received. */
  draft(contents: ZoneContents): SnapshotDraft {
    const file = `incoming-${++this.#draftNumber}.new`
    this.#drafts.add(file)
    return new SnapshotDraft(contents, join(this.#directory, file), () => this.#drafts.delete(file))
  }

  /**
   * Commits complete contents. Computes the difference to the previous version, so that nodes still get IXFR. For a small zone
   * only the difference is written: it leads to the same contents and costs one write instead of three.
   */
  commitFull(draft: SnapshotDraft, replacing: Version | undefined, judge: Judge): Promise<Version> {
    return this.#turns.run(async () => {
      const { contents } = draft
      expectNewest(this.name, this.latest, replacing)
      // Damaged contents have no difference to the new ones, which are complete by themselves.
      const older = this.latest && (await this.contents().catch(() => undefined))
      const change = older && (await changeBetween(older, contents))
      const serves = change !== undefined && compareSerials(change.to, change.from) === 'newer'
      const isWritten = !serves || draft.hasBegun || !(await isToTheLetter(older!, contents))
      const snapshot = snapshotName({ serial: contents.soa.serial, digest: contents.digest })
      const written = isWritten ? draft.finish(join(this.#directory, snapshot)) : Promise.resolve()
      const judged = judge(contents, change && [change], written)
      await Promise.allSettled([written, judged])
      await written
      const provenance = await judged
      const head = {
        ...headOf(contents, provenance, 'axfr', serves ? [change] : [], this.versions),
        ...(isWritten ? { snapshot } : {}),
      }
      const row = await this.#log.append(head, serves ? [change] : [], () => this.#warm.put(contents))
      return row!.version
    })
  }

  /** The newest version cannot be read back from disk; an AXFR of it repairs that. */
  get isDamaged(): boolean {
    return this.#warm.isDamaged
  }

  /**
   * Replaces damaged contents of the newest version with contents that were transferred again. The history before them is
   * dropped.
   */
  repair(draft: SnapshotDraft): Promise<void> {
    return this.#turns.run(async () => {
      const last = this.#log.rows.at(-1)
      const { contents } = draft
      if (!last || last.version.digest !== contents.digest) throw unknownVersion(this.name, contents.soa.serial)
      const file = snapshotName(last.version)
      await draft.finish(join(this.#directory, file))
      last.snapshot = file
      await this.#log.rewrite(this.#log.rows.length - 1)
      this.#warm.put(contents)
    })
  }

  /** Applies differences to the newest version and commits the result. On any error the zone is as before. */
  async commitIncremental(differences: readonly Difference[], replacing: Version, judge: Judge): Promise<Version> {
    return this.#turns.run(async () => commitDifferences(await this.#base(replacing), differences, judge))
  }

  /** As commitIncremental, of what an AXFR with this SOA changes in the contents that it was merged with. */
  async commitMerged(soa: Soa, merged: MergedZone, replacing: Version, judge: Judge): Promise<Version> {
    return this.#turns.run(async () => commitMerge(await this.#base(replacing), soa, merged, judge))
  }

  async #base(replacing: Version) {
    expectBase(this.name, this.latest, replacing)
    return { directory: this.#directory, log: this.#log, contents: await this.contents() }
  }

  /** Records the progress of a version durably; undefined when the version is no longer kept. */
  advance(version: Version, progress: () => Progress | undefined): Promise<Version | undefined> {
    return this.#turns.run(async () => {
      const kept = this.find(version.serial, version.digest)
      const change = kept && progress()
      if (!change) return kept
      await this.#log.append({ entry: 'progress', serial: kept.serial, digest: kept.digest, ...change })
      return kept
    })
  }

  /** The operators' last orders for the zone. */
  get orders(): ZoneOrders | undefined {
    return this.#log.orders
  }

  /** Records the operators' orders for the zone durably. */
  order(orders: ZoneOrders): Promise<void> {
    return this.#turns.run(async () => {
      await this.#log.append({ entry: 'orders', orders })
    })
  }

  /** Octets of the differences from a serial to a version; undefined when none lead there. Reads nothing. */
  octetsFrom(from: Serial, to: Version): number | undefined {
    const last = this.#indexOf(to)
    return last < 0 ? undefined : octetsFrom(this.#log.rows, from, last)
  }

  /** Difference sequences from a node's serial to a version, oldest first; undefined when the history does not reach back. */
  async chain(from: Serial, to: Version): Promise<Difference[] | undefined> {
    return await this.#reading(async () => {
      const last = this.#indexOf(to)
      return last < 0 ? undefined : await this.#log.chain(from, last)
    })
  }

  /** `tidy` has work to do. */
  isDueForTidying(rule: KeepRule): boolean {
    return isDueForTidying(this.#log.rows, this.#log.octets, this.#warm.waste, rule)
  }

  /** Drops versions that are not needed, rewrites the journal, and removes files that no version names. */
  tidy(rule: KeepRule): Promise<void> {
    // Transfers may be running: their files belong to their drafts.
    const parts = { log: this.#log, directory: this.#directory, rule, warm: this.#warm, spared: this.#drafts }
    return this.#turns.run(() => tidyUp(parts))
  }

  /** Waits for pending writes, and closes the file. */
  close(): Promise<void> {
    return this.#turns.close(() => this.#log.close())
  }
}
