/**
 * A zone's records in memory: an arena, and a hash over it where that pays. One writer changes it, difference by difference, in
 * time proportional to the change; any number of readers have views, which never change. Changes are invisible before `commit`;
 * `rollback` undoes them completely. Not here: disk (../store), decisions about releases (../rollout).
 */
import type { Soa } from '../dns/message.js'
import { applyDifference } from './apply-difference.js'
import { viewOf } from './arena-view.js'
import { arenaOrder, walkOrder, walkView } from './arena-order.js'
import { canonicalOrder } from './canonical-order.js'
import type { ZoneView } from './contents-view.js'
import type { Difference } from './difference.js'
import { Epochs } from './epochs.js'
import { ZoneError } from './errors.js'
import { LiveRecords } from './live-records.js'
import { OwnerIndex } from './owner-index.js'
import type { RunCounter } from './run-sums.js'
import { ZoneMerge } from './zone-merge.js'

/** Records that are hashed, or sampled, between two pauses: 0.5 to 1 ms. */
const RECORDS_PER_REST = 1_000
/** Records that are hashed in the time of one search by order, as measured: 4 to 10, and 27 at a name with 250 records. */
const HASHED_PER_SEARCH = 32
/** Octets of the arena that the index reads in less time than a pass over a large zone takes: some 10 ms. */
const CLOSE_BEHIND = 1 << 21

export type CanonicalWalk = (visit: (data: Buffer, at: number) => void) => Promise<void>

export class ZoneContents {
  readonly apex: Buffer
  readonly #epochs = new Epochs()
  readonly #records: LiveRecords

  /** `searchFrom`: see LiveRecords; another number only in tests. */
  constructor(apex: Buffer, searchFrom?: number) {
    this.apex = apex
    this.#records = new LiveRecords(apex, this.#epochs, searchFrom)
  }

  #settleNow(): void {
    this.#records.countNow()
    if (!this.#records.isSettled) this.#records.readyNow()
  }

  get digest(): string {
    this.#settleNow()
    return this.#records.sums.digest.toString()
  }

  get records(): number {
    this.#settleNow()
    return this.#records.sums.count
  }

  /** Octets of the live records in stored form. */
  get octets(): number {
    this.#settleNow()
    return this.#records.sums.octets
  }

  /** Every record is in the hash: it is not needed while few records are looked up. */
  get isHashed(): boolean {
    return this.#records.isHashed
  }

  /** Octets of memory in use, with those of the hash, which any change may need. */
  get memory(): number {
    return this.#records.memory + (this.#records.index?.octets ?? 0)
  }

  /** Dead share of the arena; from a third on, a rebuild pays. */
  get waste(): number {
    const { sums, deadOctets } = this.#records
    const { octets } = sums
    return deadOctets / Math.max(1, octets + deadOctets)
  }

  get soa(): Soa {
    this.#records.countNow()
    const { soa } = this.#records.sums.summary
    if (soa === undefined) throw new ZoneError({ code: 'ZONE_EMPTY' }, 'the zone has no SOA')
    return soa
  }

  /** NS records at the apex. */
  get apexNameServers(): number {
    return this.#records.sums.summary.nameServers
  }

  /**
   * A record that came with several TTLs, as text; one of them was kept. The effect of a difference on the others is unknown (RFC
   * 5936 §2.2).
   */
  get copied(): string | undefined {
    this.#settleNow()
    return this.#records.copied
  }

  /** ZONEMD records at the apex, including those of an uncommitted change. */
  get apexZonemds(): number {
    return this.#records.sums.summary.zonemds
  }

  /** Arena offset behind the last record. */
  get tail(): number {
    return this.#records.arena.tail
  }

  /** Raw octets of the arena from an offset on, including dead records; for contents that were only added to. */
  stretch(offset: number): { data: Buffer; next: number } {
    return this.#records.arena.stretch(offset)
  }

  has(data: Buffer, at: number): boolean {
    return this.#records.has(data, at)
  }

  /** As `has`, and with the same letter case. */
  hasSpelled(data: Buffer, at: number): boolean {
    return this.#records.hasSpelled(data, at)
  }

  /** Adds a record; false when the same one exists (RFC 5936 §2.2: duplicates are ignored). */
  add(data: Buffer, at: number): boolean {
    return this.#records.add(data, at)
  }

  /**
   * Adds the records of a run as `add` does, many at a time. Their marks must be live. `settle`, or the first query, finds
   * duplicates.
   */
  addRun(data: Buffer, from: number, to: number): void {
    this.#records.addRun(data, from, to)
  }

  /** A second thread sums up all added records, until `settle`. Only before any other use. */
  countElsewhere(counter: RunCounter): void {
    this.#records.countElsewhere(counter)
  }

  /** Called after the last run: accepts the sums of the second thread. Must precede any query. */
  async takeCount(pause: () => Promise<void>): Promise<void> {
    await this.#records.takeCount(pause)
  }

  /** No added record can be a duplicate. */
  get isSettled(): boolean {
    return this.#records.isSettled
  }

  /** Called after the last run, before time matters: drops duplicates. Does nothing when all records came in canonical order. */
  async settle(pause: () => Promise<void>): Promise<void> {
    await this.#records.takeCount(pause)
    if (!this.#records.isSettled) await this.hash(pause)
  }

  /** Adds all records to the hash: then the cost of `apply` is proportional to the change. */
  async hash(pause: () => Promise<void>): Promise<void> {
    const records = this.#records
    await records.takeCount(pause)
    for (;;) {
      records.hashMore(RECORDS_PER_REST)
      if (records.isHashed) return
      await pause()
    }
  }

  /** Prepares `apply` for a change of so many records: few are found without the hash, when all came in canonical order. */
  async prepare(changed: number, pause: () => Promise<void>): Promise<void> {
    const records = this.#records
    await records.takeCount(pause)
    if (!records.isHashed && changed * HASHED_PER_SEARCH > records.sums.count) return await this.hash(pause)
    while (!records.isReady) {
      records.readyMore(RECORDS_PER_REST)
      await pause()
    }
  }

  /** Arena offsets of a view's records (without the SOA) in canonical order (RFC 4034 §6). */
  async canonicalOrder(view: ZoneView, pause: () => Promise<void>): Promise<Uint32Array> {
    const { isInOrder, sums } = this.#records
    return isInOrder ? await arenaOrder(view, sums.isSorted, pause) : await canonicalOrder(view, this.apex.length, pause)
  }

  /** A walk over a view's records (without the SOA) in canonical order, repeatable. */
  async canonicalWalk(view: ZoneView, pause: () => Promise<void>): Promise<CanonicalWalk> {
    const { isInOrder, sums } = this.#records
    if (isInOrder && sums.isSorted) return async (visit) => await walkView(view, visit, pause)
    const order = await this.canonicalOrder(view, pause)
    return async (visit) => await walkOrder(view, order, visit, pause)
  }

  /** Differences were applied since the records were received or read. */
  get isChanged(): boolean {
    return this.#records.stirredFrom !== undefined
  }

  /** Compares these contents with a zone that arrives in canonical order; undefined when these have none. They must not change. */
  merge(): ZoneMerge | undefined {
    this.#settleNow()
    return ZoneMerge.of(this.#records.arena, this.apex.length, this.#records.orderedEnd)
  }

  begin(): void {
    this.#records.begin()
    this.#epochs.beginChange()
  }

  commit(): void {
    this.#records.undo = undefined
    this.#records.index?.commit()
    this.#epochs.endChange('committed')
  }

  rollback(): void {
    const { undo } = this.#records
    if (undo === undefined) return
    this.#records.takeBack(undo)
    this.#epochs.endChange('rolled-back')
  }

  /**
   * Applies one difference sequence inside begin/commit and returns the exact one: removals in stored form, without additions of
   * existing records. A record with another TTL than the existing one may be a copy beside it (RFC 2181 §5.2): only an AXFR
   * decides. Throws ZoneError ZONE_WRONG_BASE, ZONE_REMOVES_ABSENT, ZONE_TTL_IN_DOUBT; the caller rolls back.
   */
  apply(difference: Difference): Difference {
    const steps = this.applying(difference)
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
    }
  }

  /** As `apply`, with pauses: a difference may be as large as a zone. */
  applying(difference: Difference): Generator<undefined, Difference> {
    return applyDifference(this.#records, () => this.soa, difference)
  }

  /**
   * The present contents, for reading while later versions are built; `pending` sees an uncommitted change as well, and must be
   * released before that is rolled back.
   */
  view(what: 'committed' | 'pending' = 'committed'): ZoneView {
    this.#settleNow()
    const { arena, undo } = this.#records
    const isPending = what === 'pending' && undo !== undefined
    const epoch = isPending ? this.#epochs.now + 1 : this.#epochs.now
    return viewOf(arena, this.#epochs, epoch, isPending ? arena.tail : (undo?.tail ?? arena.tail))
  }

  /**
   * The records by name, including an uncommitted change; valid until the contents change. The first call takes some 0.3 µs for
   * each record, in slices; a caller that has just committed should call it while no request waits.
   */
  async indexOwners(pause: () => Promise<void>): Promise<OwnerIndex> {
    const records = this.#records
    records.index ??= new OwnerIndex(this.apex, records.arena, this.#epochs)
    const { index } = records
    while (index.cover(records.undo?.tail ?? Number.POSITIVE_INFINITY)) await pause()
    // The change may be waiting for this, and the figures may last for a while.
    if (records.undo === undefined || index.figures.earliest() === 'unknown') {
      while (index.recount()) await pause()
      while (index.cover(records.undo?.tail ?? Number.POSITIVE_INFINITY)) await pause()
    }
    return index
  }

  /** `indexOwners` would take less time than a pass over the zone, or no longer than a slice or two. */
  get isIndexed(): boolean {
    const { index, arena } = this.#records
    return (index?.behind ?? arena.tail) <= Math.max(CLOSE_BEHIND, arena.tail / 16)
  }
}
