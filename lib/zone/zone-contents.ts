/**
 * A zone's records in memory: an arena with a hash over it. One writer changes it, difference by difference, in time
 * proportional to the change; any number of readers hold views, which stay as they were when taken. Nothing a writer does
 * has a name before `commit`; `rollback` leaves no trace.
 * Not here: disk (../store), what may be released (../rollout).
 */
import type { Soa } from '../dns/message.js'
import { STORED_HEAD, storedLength, storedTtl, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { recordText } from '../dns/record-text.js'
import { ApexSummary } from './apex-summary.js'
import type { RecordVisit, ZoneView } from './contents-view.js'
import type { Difference } from './difference.js'
import { ZoneDigest } from './digest.js'
import { Epochs } from './epochs.js'
import { ZoneError } from './errors.js'
import { MARK_DEAD, MARK_LIVE, RecordArena } from './record-arena.js'
import { RecordHash, sameRecord } from './record-hash.js'
import { recordsIn, RunBuilder } from './record-run.js'
import { RecordTable } from './record-table.js'

/** Some 5 ms of work. */
const RECORDS_PER_REST = 5_000

/** What an uncommitted change did, newest last, for rollback. */
type Step = { did: 'add' | 'remove'; offset: number }

export class ZoneContents {
  readonly apex: Buffer
  readonly #arena = new RecordArena()
  readonly #table = new RecordTable()
  readonly #hash = new RecordHash()
  #digest = new ZoneDigest()
  #records = 0
  #octets = 0
  #deadOctets = 0
  #summary: ApexSummary
  readonly #epochs = new Epochs()
  #undo: { steps: Step[]; tail: number; digest: ZoneDigest; summary: ApexSummary } | undefined

  #probe: Buffer = Buffer.alloc(0)
  #probeAt = 0
  readonly #matches = (offset: number): boolean =>
    sameRecord(this.#arena.chunkOf(offset), this.#arena.at(offset), this.#probe, this.#probeAt)

  constructor(apex: Buffer) {
    this.apex = apex
    this.#summary = new ApexSummary(apex)
  }

  get digest(): string {
    return this.#digest.toString()
  }

  get records(): number {
    return this.#records
  }

  /** Octets of the live records in stored form. */
  get octets(): number {
    return this.#octets
  }

  /** Memory held, in octets. */
  get memory(): number {
    return this.#arena.octets + this.#table.octets
  }

  /** Share of the arena that is dead; at a third it pays to rebuild. */
  get waste(): number {
    return this.#deadOctets / Math.max(1, this.#octets + this.#deadOctets)
  }

  get soa(): Soa {
    const { soa } = this.#summary
    if (soa === undefined) throw new ZoneError({ code: 'ZONE_EMPTY' }, 'the zone has no SOA')
    return soa
  }

  #find(data: Buffer, at: number): number | undefined {
    this.#probe = data
    this.#probeAt = at
    this.#hash.of(data, at)
    return this.#table.find(this.#hash.a, this.#matches)
  }

  /** Arena offset behind the last record. */
  get tail(): number {
    return this.#arena.tail
  }

  /** Raw octets of the arena from an offset on, dead records among them; for contents that were only ever added to. */
  stretch(offset: number): { data: Buffer; next: number } {
    return this.#arena.stretch(offset)
  }

  has(data: Buffer, at: number): boolean {
    const offset = this.#find(data, at)
    return offset !== undefined && storedTtl(this.#arena.chunkOf(offset), this.#arena.at(offset)) === storedTtl(data, at)
  }

  /** Like `has`, and spelled with the same upper and lower case letters. */
  hasSpelled(data: Buffer, at: number): boolean {
    const offset = this.#find(data, at)
    if (offset === undefined) return false
    const own = this.#arena.at(offset) + STORED_HEAD
    const octets = storedLength(data, at) - STORED_HEAD
    return this.#arena.chunkOf(offset).compare(data, at + STORED_HEAD, at + STORED_HEAD + octets, own, own + octets) === 0
  }

  /** Adds a record; false when the same one is there (RFC 5936 §2.2: duplicates are ignored). */
  add(data: Buffer, at: number): boolean {
    if (this.#find(data, at) !== undefined) return false
    this.#insert(data, at)
    return true
  }

  /** Adds the records of a run as `add` does, many at a time. Their marks must be live. */
  addRun(data: Buffer, from: number, to: number): void {
    let offset = this.#arena.appendRun(data, from, to - from)
    if (offset === undefined) {
      for (let at = from; at < to; at += storedLength(data, at)) this.add(data, at)
      return
    }
    const chunk = this.#arena.chunkOf(offset)
    for (let at = this.#arena.at(offset), end = at + to - from; at < end; ) {
      const twin = this.#find(chunk, at)
      const { length } = this.#hash
      if (twin === undefined) this.#index(offset, chunk, at, length)
      else {
        // It stays where it is, dead from the first.
        this.#arena.mark(offset, MARK_DEAD)
        this.#deadOctets += length
      }
      at += length
      offset += length
    }
  }

  /** `#hash` must be that of the record. */
  #insert(data: Buffer, at: number): void {
    const { length } = this.#hash
    this.#index(this.#arena.append(data, at, length), data, at, length)
  }

  /** Makes a record that is in the arena part of the zone. */
  #index(offset: number, data: Buffer, at: number, length: number): void {
    this.#table.insert(this.#hash.a, offset)
    this.#digest.add(this.#hash, storedTtl(data, at))
    this.#records += 1
    this.#octets += length
    this.#undo?.steps.push({ did: 'add', offset })
    this.#summary.add(data, at)
  }

  /** NS records at the apex. */
  get apexNameServers(): number {
    return this.#summary.nameServers
  }

  /** ZONEMD records at the apex, of an uncommitted change as well. */
  get apexZonemds(): number {
    return this.#summary.zonemds
  }

  /** `#hash` must be that of the record. */
  #remove(offset: number): void {
    const chunk = this.#arena.chunkOf(offset)
    const at = this.#arena.at(offset)
    const length = storedLength(chunk, at)
    this.#table.delete(this.#hash.a, offset)
    this.#digest.remove(this.#hash, storedTtl(chunk, at))
    this.#arena.mark(offset, MARK_DEAD)
    this.#summary.remove(chunk, at)
    this.#epochs.noteDeath(offset)
    this.#records -= 1
    this.#octets -= length
    this.#deadOctets += length
    this.#undo?.steps.push({ did: 'remove', offset })
  }

  begin(): void {
    const { tail } = this.#arena
    this.#undo = { steps: [], tail, digest: this.#digest.clone(), summary: this.#summary.clone() }
    this.#epochs.beginChange()
  }

  commit(): void {
    this.#undo = undefined
    this.#epochs.endChange('committed')
  }

  rollback(): void {
    const undo = this.#undo
    if (undo === undefined) return
    for (const { did, offset } of undo.steps.reverse()) {
      const chunk = this.#arena.chunkOf(offset)
      const at = this.#arena.at(offset)
      const length = storedLength(chunk, at)
      this.#hash.of(chunk, at)
      if (did === 'add') {
        this.#table.delete(this.#hash.a, offset)
        this.#records -= 1
        this.#octets -= length
      } else {
        this.#table.insert(this.#hash.a, offset)
        this.#arena.mark(offset, MARK_LIVE)
        this.#epochs.forgetDeath(offset)
        this.#records += 1
        this.#octets += length
        this.#deadOctets -= length
      }
    }
    this.#arena.truncate(undo.tail)
    this.#digest = undo.digest
    this.#summary = undo.summary
    this.#undo = undefined
    this.#epochs.endChange('rolled-back')
  }

  /**
   * Applies one difference sequence inside begin/commit and returns it exact: removals as held (whatever TTL they named),
   * additions of what was there left out, a change of TTL as removal and addition.
   * Throws ZoneError ZONE_WRONG_BASE, ZONE_REMOVES_ABSENT; the caller rolls back.
   */
  apply(difference: Difference): Difference {
    const steps = this.applying(difference)
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
    }
  }

  /** Like apply, with a rest now and then: a difference may be as large as a zone. */
  *applying(difference: Difference): Generator<undefined, Difference> {
    let done = 0
    if (this.soa.serial !== difference.from)
      throw new ZoneError(
        { code: 'ZONE_WRONG_BASE', held: this.soa.serial, from: difference.from },
        `the difference starts at serial ${difference.from}, not at ${this.soa.serial}`,
      )
    const removed = new RunBuilder()
    const added = new RunBuilder()
    const fromSoa = this.soa.stored
    this.#removeHeld(difference.fromSoa, 0, undefined)
    for (const at of recordsIn(difference.removed)) {
      this.#removeHeld(difference.removed.data, at, removed)
      if (++done % RECORDS_PER_REST === 0) yield
    }
    for (const at of recordsIn(difference.added)) {
      if (++done % RECORDS_PER_REST === 0) yield
      const { data } = difference.added
      const held = this.#find(data, at)
      if (held !== undefined) {
        const chunk = this.#arena.chunkOf(held)
        if (storedTtl(chunk, this.#arena.at(held)) === storedTtl(data, at)) continue
        removed.add(chunk, this.#arena.at(held))
        this.#remove(held)
      }
      added.add(data, at)
      this.#insert(data, at)
    }
    this.#find(difference.toSoa, 0)
    this.#insert(difference.toSoa, 0)
    return {
      from: difference.from,
      to: difference.to,
      fromSoa,
      toSoa: this.soa.stored,
      removed: removed.finish(),
      added: added.finish(),
    }
  }

  #removeHeld(data: Buffer, at: number, into: RunBuilder | undefined): void {
    const held = this.#find(data, at)
    if (held === undefined) {
      const record = recordText(data, at)
      throw new ZoneError({ code: 'ZONE_REMOVES_ABSENT', record }, `the difference removes what is not there: ${record}`)
    }
    into?.add(this.#arena.chunkOf(held), this.#arena.at(held))
    this.#remove(held)
  }

  /**
   * The contents as they are now, for reading while later versions are built; `pending` sees an uncommitted change as well, and
   * must be released before that is rolled back.
   */
  view(what: 'committed' | 'pending' = 'committed'): ZoneView {
    const isPending = what === 'pending' && this.#undo !== undefined
    const epoch = isPending ? this.#epochs.now + 1 : this.#epochs.now
    const end = isPending ? this.#arena.tail : (this.#undo?.tail ?? this.#arena.tail)
    return {
      walk: (from, atMost, visit) => this.#walk(epoch, end, from, atMost, visit),
      chunkOf: (offset) => this.#arena.chunkOf(offset),
      at: (offset) => this.#arena.at(offset),
      release: this.#epochs.open(epoch),
    }
  }

  #walk(epoch: number, end: number, from: number, atMost: number, visit: RecordVisit): number | undefined {
    const arena = this.#arena
    let offset = arena.settle(from, end)
    for (let n = 0; offset < end; n++) {
      if (n === atMost) return offset
      const chunk = arena.chunkOf(offset)
      const at = arena.at(offset)
      const seen = chunk[at + 1] !== MARK_DEAD || this.#epochs.wasAlive(offset, epoch)
      if (seen && storedType(chunk, at) !== TYPE.SOA) visit(chunk, at, offset)
      offset = arena.settle(offset + storedLength(chunk, at), end)
    }
    return undefined
  }
}
