/**
 * One zone's journal in memory: versions oldest first, the files of complete contents, the positions of differences. Reads and
 * appends; decides nothing.
 */
import { headOfRow, type LoggedVersion } from './logged-version.js'
import { answersIn, noteSaved, unsavedOf } from './saved-answers.js'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Serial } from '../dns/serial.js'
import type { ZoneOrders } from '../rollout/record.js'
import { type Difference, differenceOctets } from '../zone/difference.js'
import { InvariantError } from '../errors.js'
import { DifferenceReader } from './difference-reader.js'
import {
  encodeBehind,
  encodeEntry,
  encodeFront,
  encodePrepared,
  type EntryPlace,
  locate,
  pendingAt,
  placeOf,
  readStoredDifferences,
  scanJournal,
} from './journal-file.js'
import type { EntryHead, NoteHead, ConflictingVersion, VersionHead } from './journal-heads.js'
import { JournalWriter } from './journal-writer.js'
import { KeptDifferences } from './kept-differences.js'
import { sharedOutcome } from './shared-outcome.js'
import type { Version } from './version.js'
import { advance, versionOf } from './version-progress.js'

/** Octets of differences that stay in memory per zone; older ones are read on demand. */
const MEMORY_OCTETS = 4 << 20
/** Differences of fewer octets are written in the same call as the head. */
const WORTH_PREPARING = 16 << 10
/** Room for the octets around a head, and for the check report, whose length varies. */
const SPARE_ROOM = 1 << 10

/** A version's differences that are being written before their head is decided. */
export interface Prepared {
  room: number
  behind: Buffer
  /** Rejects as `append` does. */
  written: Promise<void>
}

export class ZoneLog {
  readonly #file: string
  readonly #writer: JournalWriter
  readonly #differences: DifferenceReader
  /** Called before each write. Fences off a process that slept while another replaced it. */
  readonly #hold: () => void
  #end = 0
  /** State of the file after the last read or write: its size, and the octets at the end. */
  #seen = { size: 0, pending: '' }
  #isPreparing = false
  /** The file that was last read or written; a rewrite makes another one. */
  #inode = 0
  #orders: ZoneOrders | undefined
  #conflicting: readonly ConflictingVersion[] = []
  readonly #kept: KeptDifferences
  #rows: LoggedVersion[] = []
  #versions: readonly Version[] | undefined

  /** Oldest first. */
  get rows(): readonly LoggedVersion[] {
    return this.#rows
  }

  get versions(): readonly Version[] {
    this.#versions ??= this.#rows.map(({ version }) => version)
    return this.#versions
  }

  /** `kept`: of all zones. */
  constructor(directory: string, hold: () => void, kept = new KeptDifferences()) {
    this.#hold = hold
    this.#kept = kept
    this.#file = join(directory, 'journal')
    this.#writer = new JournalWriter(this.#file, hold)
    this.#differences = new DifferenceReader(this.#file)
  }

  /** Another process has written to the journal, or replaced it, since the last read. */
  get hasMoved(): boolean {
    const stat = statSync(this.#file, { throwIfNoEntry: false })
    if (stat === undefined || this.#isPreparing) return false
    if (stat.ino !== this.#inode || stat.size !== this.#seen.size) return true
    // A prepared entry has its final length; only its head changes when it is committed.
    return stat.size > this.#end && pendingAt(this.#file, this.#end) !== this.#seen.pending
  }

  /** Octets of the journal. */
  get octets(): number {
    return this.#end
  }

  /** Reads the journal again from disk. Throws StoreError STORE_CORRUPT. */
  load(): void {
    const { entries, end, size, pending } = scanJournal(this.#file)
    this.#end = end
    this.#seen = { size, pending }
    this.#inode = inodeOf(this.#file)
    const old = new Map(this.rows.map(({ place, version, loaded }) => [place.at, { digest: version.digest, loaded }]))
    this.#forgetRows()
    this.#orders = undefined
    this.#conflicting = []
    for (const located of entries) {
      const { head } = located
      if (head.entry === 'version') {
        const known = old.get(located.at)
        this.#push(head, located, known?.digest === head.digest ? known.loaded : undefined)
      } else this.#take(head)
    }
  }

  #take(head: NoteHead): void {
    if (head.entry === 'orders') this.#orders = head.orders
    else if (head.entry === 'rivals') this.#conflicting = head.rivals
    else {
      const row = this.rows.findLast(({ version }) => version.serial === head.serial && version.digest === head.digest)
      if (row === undefined) return
      noteSaved(row, head)
      advance(row.version, head)
    }
  }

  /** Other contents under the serial of the newest version. */
  get conflicting(): readonly ConflictingVersion[] {
    const newest = this.rows.at(-1)?.version
    return this.#conflicting.filter(({ serial, digest }) => serial === newest?.serial && digest !== newest.digest)
  }

  /** The answers of nodes and primaries about the newest version that only memory has. */
  get unsaved(): NoteHead | undefined {
    const row = this.#rows.at(-1)
    return row && unsavedOf(row)
  }

  /** The operators' last orders for the zone. */
  get orders(): ZoneOrders | undefined {
    return this.#orders
  }

  #push(head: VersionHead, place: EntryPlace, differences: readonly Difference[] | undefined): LoggedVersion {
    const own = head.checks ? { ...head, checks: sharedOutcome(head.checks) } : head
    const version = versionOf(own, this.#rows.at(-1)?.version)
    return this.#add(
      {
        version,
        differences: head.differences,
        steps: head.steps,
        place: placeOf(place),
        snapshot: head.snapshot,
        loaded: undefined,
        saved: answersIn(version),
      },
      differences,
    )
  }

  #add(row: LoggedVersion, differences: readonly Difference[] | undefined): LoggedVersion {
    this.#rows.push(row)
    this.#versions = undefined
    if (differences) this.#kept.keep(row, differences)
    return row
  }

  #forgetRows(): void {
    for (const row of this.#rows) this.#kept.drop(row)
    this.#rows = []
    this.#versions = undefined
  }

  /** Begins to write differences; `append` or `abandon` must follow. Undefined when the differences are too small to pay. */
  prepare(differences: readonly Difference[]): Prepared | undefined {
    const last = this.#rows.at(-1)
    if (last === undefined || differences.reduce((sum, d) => sum + differenceOctets(d), 0) < WORTH_PREPARING) return undefined
    this.#hold()
    const behind = encodeBehind(differences)
    // The next head has the confirmations of this version, too.
    const room = JSON.stringify(headOfRow(last)).length + SPARE_ROOM
    const written = this.#writer.prepare(this.#end, encodePrepared(behind, room))
    this.#isPreparing = true
    // The waiting caller gets the error; no caller waits until the decision.
    written.catch(() => undefined)
    return { room, behind, written }
  }

  /** Abandons a prepared entry. */
  async abandon({ written }: Prepared): Promise<void> {
    await written.catch(() => undefined)
    await this.#writer.abandon(this.#end)
    this.#isPreparing = false
  }

  /** `onDurable` runs synchronously when the entry becomes visible. */
  async append(
    head: EntryHead,
    differences: readonly Difference[] = [],
    onDurable: () => void = () => undefined,
    prepared?: Prepared,
  ): Promise<LoggedVersion | undefined> {
    await prepared?.written
    const front = prepared && encodeFront(head, prepared.behind.length, prepared.room)
    const [entry, behind] = front ? [front, prepared!.behind.length] : [encodeEntry(head, differences), 0]
    const at = this.#end === 0 ? 4 : this.#end
    const isNew = this.#end === 0
    this.#hold()
    this.#end = await this.#writer.append(this.#end, entry, behind)
    this.#seen = { size: this.#end, pending: '' }
    this.#isPreparing = false
    if (isNew) this.#inode = inodeOf(this.#file)
    onDurable()
    if (head.entry !== 'version') {
      this.#take(head)
      return undefined
    }
    const located = locate(head, at, entry.length + behind, entry.readUInt32BE(4))
    const row = this.#push(head, located, differences)
    this.#trimMemory()
    return row
  }

  #trimMemory(): void {
    let octets = 0
    for (const row of this.rows.toReversed()) {
      octets += row.place.differencesOctets
      if (octets > MEMORY_OCTETS) this.#kept.drop(row)
    }
  }

  differencesOf(row: LoggedVersion): Promise<Difference[]> {
    return this.#differences.of(row)
  }

  /** Keeps the rows from `first` on; `snapshots` has the files that exist. Replaces the journal. */
  async rewrite(first: number): Promise<void> {
    const kept = this.rows.slice(first)
    const stored = await readStoredDifferences(
      this.#file,
      kept.map((row) => row.place),
    )
    const entries = kept.map((row, i) => encodeEntry(headOfRow(row), stored[i]!))
    if (this.conflicting.length > 0) entries.push(encodeEntry({ entry: 'rivals', rivals: [...this.conflicting] }))
    if (this.#orders) entries.push(encodeEntry({ entry: 'orders', orders: this.#orders }))
    this.#hold()
    this.#end = await this.#writer.rewrite(entries)
    this.#seen = { size: this.#end, pending: '' }
    this.#inode = inodeOf(this.#file)
    const loaded = kept.map((row) => row.loaded)
    const located = scanJournal(this.#file).entries.filter(({ head }) => head.entry === 'version')
    if (located.length !== kept.length) throw new InvariantError(`${this.#file} did not read back as written`)
    this.#forgetRows()
    // The version objects stay the same, because callers keep references to them.
    for (const [i, entry] of located.entries()) {
      const row = kept[i]!
      this.#add({ ...row, place: placeOf(entry), saved: answersIn(row.version) }, loaded[i])
    }
  }

  /** Oldest first; undefined when none leads from `from` to the row at `last`. */
  chain(from: Serial, last: number): Promise<Difference[] | undefined> {
    return this.#differences.chain(this.#rows, from, last)
  }

  /** Closes the file. */
  async close(): Promise<void> {
    for (const row of this.#rows) this.#kept.drop(row)
    await this.#writer.release()
  }
}

const inodeOf = (file: string): number => statSync(file).ino
