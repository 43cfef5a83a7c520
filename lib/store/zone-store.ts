/**
 * All zones of a hub on disk: one folder per zone under `dataDir/zones`. Opening reads the journals' heads and no records. A
 * damaged journal is set aside and reported to the caller, and the zone starts empty, to be transferred again.
 */
import { createHash } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { nameToWire, type ZoneName } from '../dns/name.js'
import { describeError } from '../errors.js'
import { claimDirectory, lockForWriting, type WriterLock } from './data-dir-lock.js'
import { salvageOrders } from './journal-file.js'
import { StoredZone } from './stored-zone.js'

export interface StoreOptions {
  dataDir: string
  hub: string
  /** Only one process may write; others follow what it commits. */
  mode: 'write' | 'read'
  /** Octets of warm contents to keep in memory, over all zones. */
  warmOctets: number
}

export interface Damage {
  zone: ZoneName
  reason: string
  setAside: string
}

/** Contents that were unused for so long are dropped when memory is short. */
const IDLE_MS = 60_000

/** Called for a zone that cannot be read; its state from earlier reads stays. */
export type OnFault = (zone: ZoneName, error: unknown) => void

export class ZoneStore {
  readonly #options: StoreOptions
  readonly #root: string
  readonly #zones = new Map<ZoneName, StoredZone>()
  #lock: WriterLock | undefined
  /** Position of the round over the zones. */
  #round: Iterator<StoredZone> = [].values()
  /** Damage that was found while opening. */
  readonly damages: Damage[] = []

  private constructor(options: StoreOptions) {
    this.#options = options
    this.#root = join(options.dataDir, 'zones')
  }

  /** Throws StoreError STORE_LOCKED, STORE_OTHER_HUB, STORE_NEWER_FORMAT, STORE_IO. */
  static open(options: StoreOptions, zones: Iterable<ZoneName>): ZoneStore {
    claimDirectory(options.dataDir, options.hub)
    const store = new ZoneStore(options)
    if (options.mode === 'write') store.#lock = lockForWriting(options.dataDir)
    for (const zone of zones) store.#open(zone)
    return store
  }

  #open(name: ZoneName): StoredZone {
    const directory = join(this.#root, folderName(name))
    const hold = (): void => this.#lock?.hold()
    const zone = new StoredZone(name, nameToWire(name), directory, hold)
    if (existsSync(join(directory, 'journal'))) {
      try {
        zone.reload()
      } catch (error) {
        if (this.#options.mode === 'read') throw error
        const setAside = `${directory}.damaged-${Date.now()}`
        const orders = salvageOrders(join(directory, 'journal'))
        renameSync(directory, setAside)
        this.damages.push({ zone: name, reason: describeError(error), setAside })
        this.#zones.set(name, new StoredZone(name, nameToWire(name), directory, hold))
        // Written before any later commit.
        if (orders)
          void this.#zones
            .get(name)!
            .order(orders)
            .catch(() => undefined)
        return this.#zones.get(name)!
      }
    }
    this.#zones.set(name, zone)
    return zone
  }

  /** The zone with its kept versions. */
  zone(name: ZoneName): StoredZone {
    return this.#zones.get(name) ?? this.#open(name)
  }

  has(name: ZoneName): boolean {
    return this.#zones.has(name)
  }

  /** Forgets a zone that the config no longer has; its files stay. */
  forget(name: ZoneName): void {
    void this.#zones.get(name)?.close()
    this.#zones.delete(name)
  }

  get zones(): Iterable<StoredZone> {
    return this.#zones.values()
  }

  /** For a reader: the zone has a new version. */
  reload(zone: ZoneName, onFault: OnFault): void {
    try {
      this.zone(zone).reload()
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
    for (let n = 0; n < Math.min(atMost, this.#zones.size); n++) {
      let next = this.#round.next()
      if (next.done) {
        this.#round = this.#zones.values()
        next = this.#round.next()
      }
      const zone = next.value
      if (zone === undefined) continue
      try {
        if (zone.catchUp()) moved.push(zone.name)
      } catch (error) {
        onFault(zone.name, error)
      }
    }
    return moved
  }

  /** Octets of memory of all warm contents. */
  get memory(): number {
    let octets = 0
    for (const zone of this.#zones.values()) octets += zone.memory
    return octets
  }

  /** Drops unused contents, least recently used first, until the rest fits. */
  coolDown(now: number): void {
    const warm = [...this.#zones.values()].filter((zone) => zone.memory > 0).sort((a, b) => a.usedAt - b.usedAt)
    let octets = this.memory
    for (const zone of warm) {
      if (octets <= this.#options.warmOctets || now - zone.usedAt < IDLE_MS) break
      octets -= zone.memory
      zone.cool()
    }
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#zones.values(), (zone) => zone.close()))
    this.#lock?.release()
    this.#lock = undefined
  }
}

/** A folder name for any zone name: readable where possible, always unique, never a path. */
export function folderName(zone: ZoneName): string {
  const readable = zone
    .replace(/[^a-z0-9.-]/g, '_')
    .replace(/\.$/, '')
    .slice(0, 100)
  return `${readable}-${createHash('sha256').update(zone).digest('hex').slice(0, 12)}`
}
