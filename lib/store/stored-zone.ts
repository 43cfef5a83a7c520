/**
 * One zone in the store: its versions, the contents of the newest in memory when they are warm, and the two ways a version
 * gets a name: whole (from AXFR) or by differences (from IXFR). A version is durable before anybody can see it, and replaces
 * exactly the version it was built on.
 */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import type { ZoneOrders } from '../rollout/record.js'
import { withRests } from '../runtime/clock.js'
import type { Difference } from '../zone/difference.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { changeBetween, headOf, isToTheLetter, type Judge } from './commit.js'
import { StoreError } from './errors.js'
import type { Progress, Rival } from './journal-file.js'
import { isDueForTidying, type KeepRule, MAX_WASTE } from './retention.js'
import { SnapshotDraft } from './snapshot-draft.js'
import { readSnapshot } from './snapshot-file.js'
import { isReleasedTo, type Version } from './version.js'
import { readVersion } from './version-reader.js'
import { ZoneLog } from './zone-log.js'
import { dropVersions, removeStrays, rivalName, snapshotName } from './zone-upkeep.js'

/** The file of contents that are being received. */
const INCOMING = 'incoming.new'
/** The file of contents that are only compared. */
const RIVAL = 'rival.new'

export class StoredZone {
  readonly name: ZoneName
  readonly apex: Buffer
  readonly #directory: string
  readonly #log: ZoneLog
  #contents: ZoneContents | undefined
  #loading: Promise<ZoneContents> | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #draft: SnapshotDraft | undefined
  #isDamaged = false
  #isClosed = false
  /** When contents were last wanted; for cooling down. */
  usedAt = 0

  constructor(name: ZoneName, apex: Buffer, directory: string) {
    this.name = name
    this.apex = apex
    this.#directory = directory
    this.#log = new ZoneLog(directory)
  }

  get versions(): readonly Version[] {
    return this.#log.versions
  }

  get latest(): Version | undefined {
    return this.#log.rows.at(-1)?.version
  }

  /** The newest released version. */
  get released(): Version | undefined {
    return this.#log.rows.findLast((row) => row.version.releasedAt !== undefined)?.version
  }

  /** The newest version that each of these nodes may have. */
  releasedToAll(nodes: readonly string[]): Version | undefined {
    return this.#log.rows.findLast(({ version }) => nodes.every((node) => isReleasedTo(version, node)))?.version
  }

  /** The newest version with this serial (and digest). */
  find(serial: Serial, digest?: string): Version | undefined {
    return this.#log.rows.findLast(
      (row) => row.version.serial === serial && (digest === undefined || row.version.digest === digest),
    )?.version
  }

  #indexOf(version: Version): number {
    return this.#log.rows.findLastIndex((row) => row.version.serial === version.serial && row.version.digest === version.digest)
  }

  /** Octets of memory the warm contents hold. */
  get memory(): number {
    return this.#contents?.memory ?? 0
  }

  /** Lets go of the records; they come back from disk on demand. */
  cool(): void {
    this.#contents = undefined
  }

  /** Reads what another process has committed. */
  reload(): void {
    const before = this.latest
    this.#log.load()
    const now = this.latest
    if (before?.serial !== now?.serial || before?.digest !== now?.digest) this.#contents = undefined
  }

  /** Reads what another process has written since we looked; false when there is nothing. */
  catchUp(): boolean {
    if (!this.#log.hasMoved) return false
    this.reload()
    return true
  }

  /** Files may be replaced while we read them; then what they are now is read. */
  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!this.catchUp()) throw error
      return await work()
    }
  }

  /** One writer at a time, in order. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed)
      return Promise.reject(
        new StoreError({ code: 'STORE_CLOSED', zone: this.name }, `${this.name} cannot be written: the hub is going down`),
      )
    const run = this.#queue.then(work, work)
    this.#queue = run.catch(() => undefined)
    return run
  }

  /** Contents of the newest version, from memory or disk. Throws StoreError. */
  async contents(): Promise<ZoneContents> {
    this.usedAt = Date.now()
    if (this.#contents) return this.#contents
    this.#loading ??= this.#reading(() => readVersion(this.#log, this.#log.rows.length - 1, this.#directory, this.apex)).finally(
      () => {
        this.#loading = undefined
      },
    )
    const latest = this.latest
    const contents = await this.#loading.catch((error) => {
      this.#isDamaged = true
      throw error
    })
    if (latest === this.latest) this.#contents = contents
    return contents
  }

  /** Contents of any kept version; a copy of its own unless it is the newest. Throws StoreError STORE_UNKNOWN_VERSION. */
  async contentsOf(version: Version): Promise<ZoneContents> {
    const index = this.#indexOf(version)
    return index >= 0 && index === this.#log.rows.length - 1 ? await this.contents() : await this.copyOf(version)
  }

  /** Contents of any kept version, read anew from disk: nobody else changes them. Throws StoreError STORE_UNKNOWN_VERSION. */
  async copyOf(version: Version): Promise<ZoneContents> {
    return await this.#reading(async () => {
      const index = this.#indexOf(version)
      if (index < 0) throw this.#unknown(version.serial)
      return await readVersion(this.#log, index, this.#directory, this.apex)
    })
  }

  #unknown(serial: Serial): StoreError {
    return new StoreError(
      { code: 'STORE_UNKNOWN_VERSION', zone: this.name, serial },
      `${this.name} has no kept version with serial ${serial}`,
    )
  }

  #expect(replacing: Version | undefined): void {
    const held = this.latest
    if (held?.serial !== replacing?.serial || held?.digest !== replacing?.digest)
      throw new StoreError(
        { code: 'STORE_MOVED_ON', zone: this.name, expected: replacing?.serial, held: held?.serial },
        `${this.name} moved on to serial ${held?.serial} meanwhile`,
      )
  }

  /** For contents that are received only to be compared; one at a time. */
  rivalDraft(contents: ZoneContents): SnapshotDraft {
    return new SnapshotDraft(contents, join(this.#directory, RIVAL))
  }

  /** For contents that are about to be received; one at a time. */
  draft(contents: ZoneContents): SnapshotDraft {
    this.#draft = new SnapshotDraft(contents, join(this.#directory, INCOMING))
    return this.#draft
  }

  /**
   * Commits whole contents. The difference to the version before is computed, so that nodes still get IXFR; for a small zone it
   * is all that is written, as it leads to the same contents and costs one write instead of three.
   */
  commitFull(draft: SnapshotDraft, replacing: Version | undefined, judge: Judge): Promise<Version> {
    return this.#exclusively(async () => {
      const { contents } = draft
      this.#expect(replacing)
      const older = await this.#older()
      const change = older && (await changeBetween(older, contents))
      const provenance = await judge(contents, change && [change])
      const serves = change !== undefined && compareSerials(change.to, change.from) === 'newer'
      const isWritten = !serves || draft.hasBegun || !(await isToTheLetter(older!, contents))
      const snapshot = snapshotName({ serial: contents.soa.serial, digest: contents.digest })
      if (isWritten) await draft.finish(join(this.#directory, snapshot))
      const head = { ...headOf(contents, provenance, 'axfr', serves ? 1 : 0), ...(isWritten ? { snapshot } : {}) }
      const row = await this.#log.append(head, serves ? [change] : [], () => {
        this.#contents = contents
        this.#isDamaged = false
      })
      this.usedAt = Date.now()
      return row!.version
    })
  }

  /** The newest version could not be read back from disk; a whole transfer of it repairs that. */
  get isDamaged(): boolean {
    return this.#isDamaged
  }

  /** Puts whole contents of the newest version, taken anew, in the place of damaged ones. What led there is dropped. */
  repair(draft: SnapshotDraft): Promise<void> {
    return this.#exclusively(async () => {
      const last = this.#log.rows.at(-1)
      const { contents } = draft
      if (!last || last.version.digest !== contents.digest) throw this.#unknown(contents.soa.serial)
      const file = snapshotName(last.version)
      await draft.finish(join(this.#directory, file))
      last.snapshot = file
      await this.#log.rewrite(this.#log.rows.length - 1)
      this.#contents = contents
      this.#isDamaged = false
    })
  }

  /** The newest contents; undefined when there are none, or none that can be read. */
  async #older(): Promise<ZoneContents | undefined> {
    // What is damaged on disk has no difference to anything; the new contents are whole by themselves.
    return this.latest && (await this.contents().catch(() => undefined))
  }

  /** Applies differences to the newest version and commits the result. On any error the zone is as before. */
  async commitIncremental(differences: readonly Difference[], replacing: Version, judge: Judge): Promise<Version> {
    return this.#exclusively(async () => {
      this.#expect(replacing)
      const contents = await this.contents()
      contents.begin()
      try {
        const exact: Difference[] = []
        for (const difference of differences) exact.push(await withRests(contents.applying(difference)))
        const head = headOf(contents, await judge(contents, exact), 'ixfr', exact.length)
        const row = await this.#log.append(head, exact, () => contents.commit())
        return row!.version
      } catch (error) {
        contents.rollback()
        throw error
      }
    })
  }

  /** Notes durably how far a version has got; undefined when it is no longer kept. */
  advance(version: Version, progress: () => Progress | undefined): Promise<Version | undefined> {
    return this.#exclusively(async () => {
      const held = this.find(version.serial, version.digest)
      const change = held && progress()
      if (!change) return held
      await this.#log.append({ entry: 'progress', serial: held.serial, digest: held.digest, ...change })
      return held
    })
  }

  /** What people last said of the zone. */
  get orders(): ZoneOrders | undefined {
    return this.#log.orders
  }

  /** Notes durably what people say of the zone. */
  order(orders: ZoneOrders): Promise<void> {
    return this.#exclusively(async () => {
      await this.#log.append({ entry: 'orders', orders })
    })
  }

  /** Difference sequences from a node's serial to a version, oldest first; undefined when history does not reach back. */
  async chain(from: Serial, to: Version): Promise<Difference[] | undefined> {
    const chain = await this.#reading(async () => {
      const last = this.#indexOf(to)
      return last < 0 ? undefined : await this.#log.chain(from, last)
    })
    // RFC 1982: a chain that does not rise all the way is no answer to IXFR.
    return chain?.every((step) => compareSerials(step.to, step.from) === 'newer') && compareSerials(to.serial, from) === 'newer'
      ? chain
      : undefined
  }

  /** Whether `tidy` has work to do. */
  isDueForTidying(rule: KeepRule): boolean {
    return isDueForTidying(this.#log.rows, this.#log.octets, this.#contents?.waste ?? 0, rule)
  }

  /** Drops versions nobody needs, rewrites the journal, and removes files that no version names. */
  tidy(rule: KeepRule): Promise<void> {
    return this.#exclusively(async () => {
      const dropped = await dropVersions(this.#log, this.#directory, rule, () => this.contents())
      // Reading back from the file also leaves the dead records behind.
      if (dropped && (this.#contents?.waste ?? 0) > MAX_WASTE) this.#contents = undefined
      // A transfer may be coming in meanwhile: its file belongs to its draft.
      await removeStrays(this.#log, this.#directory, [RIVAL, ...(this.#draft?.isOpen ? [INCOMING] : [])])
    })
  }

  /** Other contents under the serial of the newest version. */
  get rivals(): readonly Rival[] {
    return this.#log.rivals
  }

  /** Keeps contents that another primary serves under the newest serial, or drops all such with `undefined`. */
  keepRival(draft: SnapshotDraft | undefined, from: string, seenAt: number): Promise<void> {
    return this.#exclusively(async () => {
      const rivals = draft === undefined ? [] : [...this.rivals.filter((rival) => rival.from !== from)]
      if (draft) {
        const { soa, digest, records } = draft.contents
        const rival = { serial: soa.serial, digest, records, from, seenAt }
        await draft.finish(join(this.#directory, rivalName(rival)))
        rivals.push(rival)
      }
      await this.#log.append({ entry: 'rivals', rivals })
    })
  }

  contentsOfRival(rival: Rival): Promise<ZoneContents> {
    return readSnapshot(join(this.#directory, rivalName(rival)), this.apex)
  }

  /** Makes the content of another primary the newest version, in the place of what goes under the same serial. */
  adoptRival(rival: Rival, judge: Judge): Promise<Version> {
    return this.#exclusively(async () => {
      const contents = await this.contentsOfRival(rival)
      const provenance = await judge(contents, undefined)
      const snapshot = snapshotName(rival)
      await rename(join(this.#directory, rivalName(rival)), join(this.#directory, snapshot))
      const row = await this.#log.append({ ...headOf(contents, provenance, 'axfr', 0), snapshot }, [], () => {
        this.#contents = contents
      })
      await this.#log.append({ entry: 'rivals', rivals: [] })
      return row!.version
    })
  }

  /** Waits for what is being written, and lets go of the open file. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    const closing = this.#exclusively(() => this.#log.close())
    this.#isClosed = true
    await closing
  }
}
