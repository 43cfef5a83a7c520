/**
 * All zones of a hub on disk: one folder per zone under `dataDir/zones`. A zone is opened when it is used, which reads the heads
 * of its journal and no records; unused it rests again, as a row. A damaged journal is set aside and reported to the caller, and
 * the zone starts empty, to be transferred again.
 */
import { join } from 'node:path'
import { nameToWire, type ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import { describeError } from '../errors.js'
import { systemClock } from '../runtime/clock.js'
import { ownOctets } from '../dns/own-octets.js'
import { Round } from '../runtime/round.js'
import { pause } from '../runtime/turns.js'
import { BlankZones } from './blank-zones.js'
import { claimDirectory, lockForWriting, type WriterLock } from './data-dir-lock.js'
import { type Damage, setAside } from './damage.js'
import { KeptDifferences } from './kept-differences.js'
import { IDLE_MS, OpenZones, quietVersionOf } from './open-zones.js'
import { RowFile } from './row-file.js'
import { StoredZone } from './stored-zone.js'
import { folderName } from './zone-folder.js'
import type { OnFault, StoreOptions } from './store-options.js'
import { isUnreadable, UnreadableZones, unlessUnreadable } from './unreadable-zones.js'
import type { Version } from './version.js'
import { type JournalStamp, type RestingVersion, stampOf, ZoneRows } from './zone-rows.js'

export class ZoneStore {
  readonly #options: StoreOptions
  readonly #root: string
  readonly #zones = new OpenZones()
  readonly #rows = new ZoneRows()
  readonly #differences = new KeptDifferences()
  readonly #rowFile: RowFile
  readonly #unreadable: UnreadableZones
  /** Undefined where other processes write too. */
  #blank: BlankZones | undefined
  #resting: Promise<void> | undefined
  #lock: WriterLock | undefined
  /** Zones that were forgotten and still write. */
  readonly #closing = new Set<Promise<void>>()
  readonly #round = new Round(() => this.#zones.all())
  readonly #rowRound = new Round(() => this.#rows.names())
  /** Damage that was found so far. */
  readonly damages: Damage[] = []

  private constructor(options: StoreOptions) {
    this.#options = options
    this.#root = join(options.dataDir, 'zones')
    this.#rowFile = new RowFile(join(options.dataDir, 'zones.rows'), this.#rows)
    this.#unreadable = new UnreadableZones(options.onUnreadable)
  }

  /** Opens the directory, and these zones; the others when they are used. Throws StoreError STORE_LOCKED, STORE_OTHER_HUB, STORE_NEWER_FORMAT, STORE_IO. */
  static open(options: StoreOptions, zones: Iterable<ZoneName> = []): ZoneStore {
    claimDirectory(options.dataDir, options.hub)
    const store = new ZoneStore(options)
    if (options.mode === 'write') {
      store.#lock = lockForWriting(options.dataDir)
      // Until then another writer may have made folders.
      store.#blank = new BlankZones(store.#root)
    }
    for (const zone of zones) store.#open(zone)
    return store
  }

  /** Reads the rows of resting zones; without it every zone is opened at its first use. */
  async loadRows(isWanted: (name: ZoneName) => boolean): Promise<void> {
    await this.#rowFile.load(isWanted)
  }

  #open(name: ZoneName): StoredZone {
    const directory = join(this.#root, folderName(name))
    const zone = this.#make(name, directory)
    try {
      this.#unreadable.read(zone, join(directory, 'journal'), () => this.#blank?.found(name))
    } catch (error) {
      if (isUnreadable(error) || !this.#mayWrite(name)) throw error
      return this.#setAside(name, directory, describeError(error))
    }
    this.#zones.add(zone)
    // Many zones are opened after one another: those before them need not wait for the next round.
    if (this.#zones.areTooMany) this.#restUnused(systemClock.now())
    return zone
  }

  #make(name: ZoneName, directory: string): StoredZone {
    const hold = (): void => {
      this.#hold(name)
      this.#zones.wake(zone)
      this.#dropKnown(name)
    }
    const zone: StoredZone = new StoredZone(name, ownOctets(nameToWire(name)), directory, hold, this.#differences)
    return zone
  }

  #setAside(name: ZoneName, directory: string, reason: string): StoredZone {
    const { damage, orders } = this.#unreadable.during(name, directory, () => setAside(name, directory, reason))
    this.damages.push(damage)
    this.#options.onDamage?.(damage)
    const zone = this.#make(name, directory)
    this.#zones.add(zone)
    // Written before any later commit.
    if (orders) void zone.order(orders).catch(() => undefined)
    return zone
  }

  /** The zone with its kept versions. Throws StoreError STORE_IO when it cannot be read at the moment; the next use tries again. */
  zone(name: ZoneName): StoredZone {
    return this.#zones.use(name) ?? this.#open(name)
  }

  /** As `zone`; undefined when it cannot be read at the moment, which the store reports. */
  readable(name: ZoneName): StoredZone | undefined {
    return unlessUnreadable(() => this.zone(name))
  }

  /**
   * The version that a zone at rest serves to every node, without opening it; undefined when it is open, or more is to be known about it:
   * then `zone` has it.
   */
  resting(name: ZoneName): RestingVersion | undefined {
    return this.#zones.has(name) ? undefined : this.#rows.get(name, () => this.#stampOf(name))
  }

  /** `resting` has a version. */
  isResting(name: ZoneName): boolean {
    return !this.has(name) && this.#rows.isValid(name, () => this.#stampOf(name))
  }

  /** Nothing is kept of the zone, and it is not open. Opens no zone. False where other processes write too. */
  isBlank(name: ZoneName): boolean {
    return !this.has(name) && this.#blank?.has(name) === true
  }

  /** As `readable`; undefined also for a zone of which it is known that nothing is kept. */
  #kept(name: ZoneName): StoredZone | undefined {
    return !this.has(name) && this.#blank?.isKnown(name) ? undefined : this.readable(name)
  }

  /** The newest version that is released to the node. Opens no zone at rest. */
  releasedTo(name: ZoneName, node: string): RestingVersion | Version | undefined {
    return this.resting(name) ?? this.#kept(name)?.releasedTo(node)
  }

  /** As `releasedTo`, the serial alone. */
  serialReleasedTo(name: ZoneName, node: string): Serial | undefined {
    const resting = this.#zones.has(name) ? undefined : this.#rows.serial(name, () => this.#stampOf(name))
    return resting ?? this.#kept(name)?.releasedTo(node)?.serial
  }

  /** The zone's newest version has this serial, and the node's confirmation. Opens no zone. */
  isConfirmed(name: ZoneName, serial: Serial, node: string): boolean {
    const open = this.#zones.peek(name)
    if (open === undefined) return this.#rows.isConfirmed(name, serial, node, () => this.#stampOf(name))
    const { latest } = open
    return latest?.serial === serial && !latest.isTorn && latest.confirmed.has(node)
  }

  readonly #stampOf = (name: ZoneName): JournalStamp | undefined => stampOf(`${this.#root}/${folderName(name)}/journal`)

  #dropKnown(name: ZoneName): void {
    this.#blank?.delete(name)
    if (this.#rows.delete(name)) this.#rowFile.note(name)
  }

  /** The zone is open. */
  has(name: ZoneName): boolean {
    return this.#zones.has(name)
  }

  #mayWrite(name: ZoneName): boolean {
    const { mode } = this.#options
    return typeof mode === 'object' ? mode.owns(name) : mode === 'write'
  }

  #hold(name: ZoneName): void {
    const { mode } = this.#options
    if (typeof mode === 'object') mode.hold(name)
    else this.#lock?.hold()
  }

  /** Forgets a zone that the config no longer has, or that changes its owner; its files stay. */
  forget(name: ZoneName): void {
    const closing = this.#zones.remove(name)?.close()
    this.#dropKnown(name)
    if (closing === undefined) return
    const done = closing.catch(() => undefined).finally(() => this.#closing.delete(done))
    this.#closing.add(done)
  }

  /** Resolves when the forgotten zones have ended their writes. */
  async settled(): Promise<void> {
    await Promise.all(this.#closing)
  }

  /** The open zones. */
  get zones(): Iterable<StoredZone> {
    return this.#zones.all()
  }

  /** For a reader: the zone has a new version. A zone that this process writes needs no reading. */
  reload(zone: ZoneName, onFault: OnFault): void {
    if (this.#mayWrite(zone)) return
    // The zone of another machine may have no version on this disk.
    if (this.#stampOf(zone) === undefined) return
    try {
      this.#rows.delete(zone)
      this.#zones.use(zone)?.reload()
    } catch (error) {
      onFault(zone, error)
    }
  }

  /**
   * For a reader: checks some zones in turn, in case a signal was lost. Returns the names of those with new versions, and reports
   * those that cannot be read.
   */
  catchUp(atMost: number, onFault: OnFault): ZoneName[] {
    const moved: ZoneName[] = []
    for (const zone of this.#round.take(Math.min(atMost, this.#zones.size))) {
      if (this.#mayWrite(zone.name)) continue
      try {
        if (zone.catchUp()) moved.push(zone.name)
      } catch (error) {
        onFault(zone.name, error)
      }
    }
    // Rows are compared with their journals again when they are used.
    for (const name of this.#rowRound.take(Math.min(atMost, this.#rows.size))) this.#rows.doubt(name)
    return moved
  }

  /** Octets of memory of all warm contents. */
  get memory(): number {
    return this.#zones.memory
  }

  /** Drops unused contents, least recently used first, until the rest fits; and lets unused zones rest. Works in slices. */
  coolDown(now: number): void {
    this.#restUnused(now, true)
  }

  #restUnused(now: number, isCooling = false): void {
    this.#resting ??= this.#rest(now, isCooling).finally(() => {
      this.#resting = undefined
    })
  }

  async #rest(now: number, isCooling: boolean): Promise<void> {
    if (isCooling) await this.#zones.cool(this.#options.warmOctets, now - IDLE_MS)
    for (const { zone, usedAt } of this.#zones.unused(now)) {
      if (now - usedAt < this.#zones.restAfterMs) break
      await pause()
      if (zone.isBusy || zone.isDamaged) continue
      // Answers of nodes and primaries that only memory has are written first. A failed write is tried again later.
      const isSaved = await this.#isSaved(zone)
      if (isSaved && this.#zones.isUnusedSince(zone, usedAt)) this.#layDown(zone)
    }
  }

  async #isSaved(zone: StoredZone): Promise<boolean> {
    try {
      // A reader must not make a row of less than the journal has.
      if (this.#mayWrite(zone.name)) await zone.save()
      else zone.catchUp()
      return true
    } catch {
      return false
    }
  }

  #layDown(zone: StoredZone): void {
    const { name } = zone
    const quiet = quietVersionOf(zone)
    const stamp = quiet && this.#stampOf(name)
    const row = quiet && stamp && ZoneRows.encode(quiet, stamp)
    if (row !== undefined) {
      this.#rows.put(name, row, true)
      if (this.#mayWrite(name)) this.#rowFile.note(name)
    }
    this.#zones.rest(zone)
  }

  async close(): Promise<void> {
    await this.#resting
    if (this.#options.mode !== 'read')
      await Promise.all(
        Array.from(this.#zones.all(), async (zone) => {
          if (!zone.isBusy && (await this.#isSaved(zone))) this.#layDown(zone)
        }),
      )
    await Promise.all(Array.from(this.#zones.alive(), (zone) => zone.close()))
    if (this.#options.mode !== 'read') await this.#rowFile.close()
    this.#lock?.release()
    this.#lock = undefined
  }
}
