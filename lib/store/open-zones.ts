/**
 * The zones that are open: those in use, least recently used first, and those that went to rest while a caller still holds them.
 * A zone is never open twice, as its one object keeps its writes in order.
 */
import type { ZoneName } from '../dns/name.js'
import { isOver } from '../rollout/machine.js'
import { systemClock } from '../runtime/clock.js'
import { pause } from '../runtime/turns.js'
import type { StoredZone } from './stored-zone.js'
import { isReleasedTo } from './version.js'
import type { LaidDown } from './zone-rows.js'

/** Contents that were unused for so long are dropped when memory is short, and the zone rests. */
export const IDLE_MS = 60_000
/**
 * With more open zones, some 10 kB each, those unused for BRIEF_MS rest already, and with twice as many after BRIEFEST_MS. A zone that
 * rests before its nodes have confirmed a version is opened and written again.
 */
const MOST_OPEN = 2_500
const BRIEF_MS = 10_000
const BRIEFEST_MS = 2_000

interface InUse {
  zone: StoredZone
  usedAt: number
}

/** Uses within this time count as one: twenty nodes that ask for a zone make a hundred. Far less than the time until it may rest. */
const SAME_USE_MS = 250

export class OpenZones {
  readonly #inUse = new Map<ZoneName, InUse>()
  readonly #held = new Map<ZoneName, WeakRef<StoredZone>>()
  readonly #gone = new FinalizationRegistry<ZoneName>((name) => {
    if (this.#held.get(name)?.deref() === undefined) this.#held.delete(name)
  })

  /** Number of zones in use. */
  get size(): number {
    return this.#inUse.size
  }

  /** Zones should rest before the next regular round. */
  get areTooMany(): boolean {
    return this.size > 2 * MOST_OPEN
  }

  /** Time without use after which a zone may rest. */
  get restAfterMs(): number {
    if (this.size <= MOST_OPEN) return IDLE_MS
    return this.areTooMany ? BRIEFEST_MS : BRIEF_MS
  }

  /** The zone in use, which counts as no use. */
  peek(name: ZoneName): StoredZone | undefined {
    return this.#inUse.get(name)?.zone
  }

  has(name: ZoneName): boolean {
    return this.#inUse.has(name)
  }

  /** The zone is in use from now on; a zone that was not open is added. */
  add(zone: StoredZone): void {
    const known = this.#inUse.get(zone.name)
    this.#inUse.delete(zone.name)
    this.#held.delete(zone.name)
    this.#inUse.set(zone.name, { zone: known?.zone ?? zone, usedAt: systemClock.now() })
  }

  /** Undefined when the zone is not open. */
  use(name: ZoneName): StoredZone | undefined {
    const known = this.#inUse.get(name)
    if (known !== undefined && systemClock.now() - known.usedAt < SAME_USE_MS) return known.zone
    const zone = known?.zone ?? this.#held.get(name)?.deref()
    if (zone !== undefined) this.add(zone)
    return zone
  }

  /** A caller writes to a zone that may have gone to rest meanwhile; one that was removed stays away. */
  wake(zone: StoredZone): void {
    if (this.#held.get(zone.name)?.deref() === zone) this.add(zone)
  }

  /** The zone is dropped when no caller holds it any more. */
  rest(zone: StoredZone): void {
    if (!this.#inUse.delete(zone.name)) return
    zone.cool()
    this.#held.set(zone.name, new WeakRef(zone))
    this.#gone.register(zone, zone.name)
  }

  remove(name: ZoneName): StoredZone | undefined {
    const zone = this.#inUse.get(name)?.zone ?? this.#held.get(name)?.deref()
    this.#inUse.delete(name)
    this.#held.delete(name)
    return zone
  }

  isUnusedSince(zone: StoredZone, usedAt: number): boolean {
    const known = this.#inUse.get(zone.name)
    return known?.zone === zone && known.usedAt === usedAt
  }

  /** The zones in use. */
  *all(): IterableIterator<StoredZone> {
    for (const { zone } of this.#inUse.values()) yield zone
  }

  /** Octets of memory of all warm contents. */
  get memory(): number {
    let octets = 0
    for (const zone of this.all()) octets += zone.memory
    return octets
  }

  /** The zones in use, and those that callers hold. */
  *alive(): IterableIterator<StoredZone> {
    yield* this.all()
    for (const reference of this.#held.values()) {
      const zone = reference.deref()
      if (zone !== undefined) yield zone
    }
  }

  /**
   * Drops contents that were not used since `before`, least recently used first, until the rest has at most `mostOctets`. In
   * slices: adding up thousands of zones takes a while.
   */
  async cool(mostOctets: number, before: number): Promise<void> {
    const idle: { zone: StoredZone; octets: number }[] = []
    let sum = 0
    for (const { zone } of this.oldestFirst()) {
      const octets = zone.memory
      sum += octets
      if (octets > 0 && zone.usedAt <= before) idle.push({ zone, octets })
      await pause()
    }
    if (sum <= mostOctets) return
    for (const { zone, octets } of idle.sort((a, b) => a.zone.usedAt - b.zone.usedAt)) {
      if (sum <= mostOctets) return
      if (zone.usedAt > before) continue
      sum -= octets
      zone.cool()
    }
  }

  /**
   * Zones that may rest, oldest first, as they are now. Asked for at each zone that is opened while too many are open, it passes no
   * others.
   */
  unused(now: number): InUse[] {
    const found: InUse[] = []
    for (const each of this.#inUse.values()) {
      if (now - each.usedAt < this.restAfterMs) break
      found.push(each)
    }
    return found
  }

  /** As they are now: use while the caller waits changes nothing in the list. */
  oldestFirst(): InUse[] {
    return [...this.#inUse.values()]
  }
}

/** The newest version, when every node may have it and nothing else about the zone is open: then it can rest as a row. */
export function quietVersionOf({ latest, orders, conflicting, versions }: StoredZone): LaidDown | undefined {
  if (latest?.releasedAt === undefined || latest.isTorn || orders !== undefined || conflicting.list.length > 0) return undefined
  const isOpen = versions.some(({ rollout }) => rollout !== undefined && !isOver(rollout.state))
  return isOpen || !isReleasedTo(latest, '') ? undefined : { ...latest, releasedAt: latest.releasedAt }
}
