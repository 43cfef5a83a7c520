/**
 * One zone in the store: its versions, the contents of the newest in memory when they are warm, and the two ways a version
 * gets a name: whole (from AXFR) or by differences (from IXFR). A version is durable before anybody can see it, and replaces
 * exactly the version it was built on.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZoneName } from '../dns/name.js'
import { compareSerials, type Serial } from '../dns/serial.js'
import { pause, withRests } from '../runtime/clock.js'
import { compareContents } from '../zone/compare.js'
import type { Difference } from '../zone/difference.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { StoreError } from './errors.js'
import type { VersionHead } from './journal-file.js'
import { firstKept, isDueForTidying, type KeepRule, MAX_WASTE } from './retention.js'
import { SnapshotDraft } from './snapshot-draft.js'
import { writeSnapshot } from './snapshot-file.js'
import type { Version } from './version.js'
import { readVersion } from './version-reader.js'
import { ZoneLog } from './zone-log.js'

/** Where a version came from; times are milliseconds since 1970. */
export interface Provenance {
  seenAt: number
  committedAt: number
  /** Set when the release is decided together with the commit. */
  releasedAt: number | undefined
  from: string
}

/** The file of contents that are being received. */
const INCOMING = 'incoming.new'

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
    return this.#log.rows.map((row) => row.version)
  }

  get latest(): Version | undefined {
    return this.#log.rows.at(-1)?.version
  }

  /** The newest released version. */
  get released(): Version | undefined {
    return this.#log.rows.findLast((row) => row.version.releasedAt !== undefined)?.version
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
    return await this.#reading(async () => {
      const index = this.#indexOf(version)
      if (index < 0) throw this.#unknown(version.serial)
      return index === this.#log.rows.length - 1
        ? await this.contents()
        : await readVersion(this.#log, index, this.#directory, this.apex)
    })
  }

  #unknown(serial: Serial): StoreError {
    return new StoreError(
      { code: 'STORE_UNKNOWN_VERSION', zone: this.name, serial },
      `${this.name} has no kept version with serial ${serial}`,
    )
  }

  #head(contents: ZoneContents, provenance: Provenance, kind: 'axfr' | 'ixfr', differences: number): VersionHead {
    const { releasedAt, ...times } = provenance
    return {
      entry: 'version',
      serial: contents.soa.serial,
      digest: contents.digest,
      records: contents.records,
      octets: contents.octets,
      soa: contents.soa.stored.toString('base64'),
      ...times,
      ...(releasedAt === undefined ? {} : { releasedAt }),
      kind,
      differences,
    }
  }

  #expect(replacing: Version | undefined): void {
    const held = this.latest
    if (held?.serial !== replacing?.serial || held?.digest !== replacing?.digest)
      throw new StoreError(
        { code: 'STORE_MOVED_ON', zone: this.name, expected: replacing?.serial, held: held?.serial },
        `${this.name} moved on to serial ${held?.serial} meanwhile`,
      )
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
  commitFull(draft: SnapshotDraft, replacing: Version | undefined, provenance: () => Provenance): Promise<Version> {
    return this.#exclusively(async () => {
      const { contents } = draft
      this.#expect(replacing)
      const snapshot = `contents-${contents.soa.serial}-${contents.digest}`
      const computed = replacing === undefined ? undefined : await this.#compare(contents, replacing)
      const isWritten = computed === undefined || draft.hasBegun
      if (isWritten) await draft.finish(join(this.#directory, snapshot))
      const head = { ...this.#head(contents, provenance(), 'axfr', computed ? 1 : 0), ...(isWritten ? { snapshot } : {}) }
      const row = await this.#log.append(head, computed ? [computed] : [], () => {
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
      const file = `contents-${contents.soa.serial}-${contents.digest}`
      await draft.finish(join(this.#directory, file))
      last.snapshot = file
      await this.#log.rewrite(this.#log.rows.length - 1)
      this.#contents = contents
      this.#isDamaged = false
    })
  }

  async #compare(contents: ZoneContents, replacing: Version): Promise<Difference | undefined> {
    if (compareSerials(contents.soa.serial, replacing.serial) !== 'newer') return undefined
    let older: ZoneContents
    try {
      older = await this.contents()
    } catch {
      // What is damaged on disk has no difference to anything; the new contents are whole by themselves.
      return undefined
    }
    return await compareContents(older, contents, contents.octets, pause)
  }

  /**
   * Applies differences to the newest version and commits the result if `prove` does not throw. On any error the zone is as
   * before.
   */
  async commitIncremental(
    differences: readonly Difference[],
    replacing: Version,
    prove: (contents: ZoneContents) => Promise<void>,
    provenance: () => Provenance,
  ): Promise<Version> {
    return this.#exclusively(async () => {
      this.#expect(replacing)
      const contents = await this.contents()
      contents.begin()
      try {
        const exact: Difference[] = []
        for (const difference of differences) exact.push(await withRests(contents.applying(difference)))
        await prove(contents)
        const row = await this.#log.append(this.#head(contents, provenance(), 'ixfr', exact.length), exact, () =>
          contents.commit(),
        )
        return row!.version
      } catch (error) {
        contents.rollback()
        throw error
      }
    })
  }

  /** Notes durably that a version was released. */
  release(version: Version, releasedAt: number): Promise<void> {
    return this.#exclusively(async () => {
      await this.#log.append({ entry: 'release', serial: version.serial, digest: version.digest, releasedAt })
      version.releasedAt = releasedAt
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
      const first = firstKept(this.#log.rows, rule)
      if (first > 0) {
        const last = this.#log.rows.at(-1)!
        if (last.snapshot === undefined) {
          const file = `contents-${last.version.serial}-${last.version.digest}`
          await writeSnapshot(join(this.#directory, file), await this.contents())
          last.snapshot = file
        }
        await this.#log.rewrite(first)
        // Reading back from the file also leaves the dead records behind.
        if ((this.#contents?.waste ?? 0) > MAX_WASTE) this.#contents = undefined
      }
      await this.#removeStrays()
    })
  }

  async #removeStrays(): Promise<void> {
    // A transfer may be coming in meanwhile: its file belongs to its draft.
    const incoming = this.#draft?.isOpen ? [INCOMING] : []
    const named = new Set(['journal', ...incoming, ...this.#log.rows.flatMap((row) => row.snapshot ?? [])])
    for (const file of await readdir(this.#directory))
      if (!named.has(file)) await rm(join(this.#directory, file), { force: true })
  }

  /** Waits for what is being written, and lets go of the open file. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    const closing = this.#exclusively(() => this.#log.close())
    this.#isClosed = true
    await closing
  }
}
