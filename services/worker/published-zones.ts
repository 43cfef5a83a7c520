/** The zones that each published catalog should have, kept as the fleet and the releases change. */
import type { PublishedList } from '../../lib/catalog/build-catalog.js'
import { readCatalog } from '../../lib/catalog/read-catalog.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { isNewer, type Serial } from '../../lib/dns/serial.js'
import type { Fleet, FleetDiff, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { Departures } from '../../lib/release/departures.js'
import { pause } from '../../lib/runtime/turns.js'
import type { Board } from '../../lib/state/board.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import { isReleasedTo, type Version } from '../../lib/store/version.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

const ZONES_PER_SLICE = 200
const NO_LIST: PublishedList = new Map()

interface Known {
  digest: string
  list: PublishedList
}

/** One published catalog. */
export class Published {
  zone: FleetZone
  /** Zones that its nodes carry and may have, with their groups. */
  readonly #zones = new Map<ZoneName, string | undefined>()
  readonly #departures: Departures
  /** Serial of the first version with a member, of those made since the start. */
  readonly #addedAt = new Map<ZoneName, Serial>()
  /** Lists of its newest and its released version. */
  readonly #known: Known[] = []
  isDue = true
  /** All zones of the fleet were examined: before, its list would lack most of them. */
  isComplete = false

  constructor(zone: FleetZone, departures: Departures) {
    this.zone = zone
    this.#departures = departures
  }

  carries(zone: FleetZone): boolean {
    return zone.catalog === undefined && zone.clouds.includes(this.zone.clouds[0]!)
  }

  has(name: ZoneName): boolean {
    return this.#zones.has(name)
  }

  get names(): Iterable<ZoneName> {
    return this.#zones.keys()
  }

  put({ name, group }: FleetZone): boolean {
    if (this.#zones.has(name) && this.#zones.get(name) === group) return false
    this.#zones.set(name, group)
    this.isDue = true
    return true
  }

  drop(name: ZoneName): boolean {
    if (!this.#zones.delete(name)) return false
    this.isDue = true
    return true
  }

  /** The list of the next version: without zones that another catalog's nodes still serve. */
  wanted(before: PublishedList): PublishedList {
    const list = new Map(this.#zones)
    if (this.#departures.size > 0)
      for (const name of list.keys()) if (!before.has(name) && this.#departures.isPending(name, this.zone.name)) list.delete(name)
    return list
  }

  know({ digest }: Pick<Version, 'digest'>, list: PublishedList): void {
    this.#known.unshift({ digest, list })
    this.#known.length = Math.min(this.#known.length, 2)
  }

  /** A version with further members was made. `oldest`: every node that serves the catalog has this one, or a newer one. */
  noteAdded(serial: Serial, list: PublishedList, before: PublishedList, oldest: Serial | undefined): void {
    for (const [name, added] of this.#addedAt) if (!list.has(name) || !isNewer(added, oldest)) this.#addedAt.delete(name)
    for (const name of list.keys()) if (!before.has(name)) this.#addedAt.set(name, serial)
  }

  /** Members of which some node may have no version yet that lists them. */
  get notedMembers(): number {
    return this.#addedAt.size
  }

  isUnlisted(name: ZoneName, at: Serial): boolean {
    const added = this.#addedAt.get(name)
    return added === undefined ? !this.lists(name) : isNewer(added, at)
  }

  knownList(version: Version): PublishedList | undefined {
    return this.#known.find(({ digest }) => digest === version.digest)?.list
  }

  /** The list of a version was read, and has the zone. */
  lists(name: ZoneName): boolean {
    return this.#known.some(({ list }) => list.has(name))
  }
}

/** The zones that other processes of the hub own: the board shows which of them are released. */
export interface ZonesElsewhere {
  owns: (zone: ZoneName) => boolean
  board: Pick<Board, 'get'>
}

export class PublishedZones {
  readonly #store: ZoneStore
  readonly #departures: Departures
  readonly #elsewhere: ZonesElsewhere | undefined
  readonly #catalogs = new Map<ZoneName, Published>()

  /** `elsewhere`: where other processes own zones too. */
  constructor(store: ZoneStore, departures: Departures, elsewhere?: ZonesElsewhere) {
    this.#store = store
    this.#departures = departures
    this.#elsewhere = elsewhere
  }

  /** Another process publishes the catalogs from now on. */
  clear(): void {
    this.#catalogs.clear()
    this.#departures.clear()
  }

  get all(): Iterable<Published> {
    return this.#catalogs.values()
  }

  get(name: ZoneName): Published | undefined {
    return this.#catalogs.get(name)
  }

  get hasDue(): boolean {
    return this.due().length > 0
  }

  due(): Published[] {
    return [...this.#catalogs.values()].filter(({ isDue, isComplete }) => isDue && isComplete)
  }

  touchAll(): void {
    for (const published of this.#catalogs.values()) published.isDue = true
  }

  async adopt(fleet: Fleet, { added, changed, removed }: FleetDiff): Promise<void> {
    const opened: Published[] = []
    for (const zone of added) if (zone.catalog === 'published') opened.push(await this.#open(fleet, zone))
    for (const { after } of changed) if (after.catalog === 'published') opened.push(await this.#open(fleet, after))
    for (const published of opened) {
      this.#findMoved(fleet, published)
      published.isComplete = true
    }
    for (const { name, catalog } of removed) if (catalog === 'published') this.#catalogs.delete(name)
    if (this.#catalogs.size === 0) return
    let done = 0
    const rest = async (): Promise<void> => {
      if (++done % ZONES_PER_SLICE === 0) await pause()
    }
    for (const { name } of removed) {
      for (const published of this.#catalogs.values()) published.drop(name)
      this.#departures.forget(name)
      await rest()
    }
    for (const { after } of changed) {
      this.#place(after)
      await rest()
    }
    for (const zone of added) {
      this.#place(zone)
      await rest()
    }
  }

  /** A catalog is new, or is published for other nodes: all zones are examined. */
  async #open(fleet: Fleet, zone: FleetZone): Promise<Published> {
    const published = new Published(zone, this.#departures)
    this.#catalogs.set(zone.name, published)
    await this.listOf(published, this.#store.zone(zone.name).latest)
    let done = 0
    for (const other of fleet.zones.values()) {
      if (published.carries(other) && this.#mayBeHad(other, published)) published.put(other)
      if (++done % ZONES_PER_SLICE === 0) await pause()
    }
    return published
  }

  /** Zones that moved while no hub ran: they are not in the list of the version, and another catalog had them. */
  #findMoved(fleet: Fleet, published: Published): void {
    const { latest } = this.#store.zone(published.zone.name)
    const list = latest && published.knownList(latest)
    if (list === undefined || list.size === 0) return
    const lacking: FleetZone[] = []
    for (const name of published.names) {
      const zone = list.has(name) ? undefined : fleet.zones.get(name)
      if (zone !== undefined) lacking.push(zone)
    }
    if (lacking.length > MOST_MOVED) return
    for (const other of this.#catalogs.values())
      if (other !== published)
        for (const zone of lacking) if (!other.carries(zone)) this.#departures.note(zone, other.zone.name, other.zone.nodes)
  }

  #place(zone: FleetZone): void {
    for (const published of this.#catalogs.values()) {
      if (published.carries(zone)) {
        this.#departures.forget(zone.name, published.zone.name)
        if (this.#mayBeHad(zone, published)) published.put(zone)
      } else if (published.drop(zone.name) || published.lists(zone.name))
        this.#departures.note(zone, published.zone.name, published.zone.nodes)
    }
  }

  /** True when a catalog changed. */
  noteRelease(zone: FleetZone): boolean {
    let isChanged = false
    for (const published of this.#catalogs.values())
      if (!published.has(zone.name) && published.carries(zone) && this.#mayBeHad(zone, published))
        isChanged = published.put(zone) || isChanged
    return isChanged
  }

  isUnlisted(zone: FleetZone, { id, cloud }: FleetNode, board: Board): boolean {
    for (const published of this.#catalogs.values()) {
      const { name, clouds, onlyNode } = published.zone
      if (clouds[0] !== cloud || (onlyNode ?? id) !== id || !published.carries(zone)) continue
      // A node that does not serve the catalog has its zones in its config.
      const { serial } = board.pairs.at(name, id) ?? {}
      if (serial !== undefined) return published.isUnlisted(zone.name, serial)
    }
    return false
  }

  /** A node of the catalog may have a version of the zone: as members of a rollout's first stage must. */
  #mayBeHad({ name }: FleetZone, published: Published): boolean {
    const { zone } = published
    if (this.#elsewhere?.owns(name) === false) {
      const cell = this.#elsewhere.board.get('zones', name)
      // Without Redis it is not known, and what a catalog lists stays in it.
      if (cell === undefined) return published.lists(name)
      return cell.released !== undefined || cell.staged.some(({ nodes }) => zone.nodes.some(({ id }) => nodes.includes(id)))
    }
    // Every node may have the version of a zone at rest.
    if (this.#store.resting(name) !== undefined) return true
    if (this.#store.isBlank(name)) return false
    const stored = this.#store.readable(name)
    if (stored === undefined) return published.lists(name)
    const { released, versions } = stored
    return released !== undefined || versions.some((version) => zone.nodes.some(({ id }) => isReleasedTo(version, id)))
  }

  /** The list of a version of the catalog, read when it is not known. */
  async listOf(published: Published, version: Version | undefined): Promise<PublishedList> {
    if (version === undefined) return NO_LIST
    const known = published.knownList(version)
    if (known !== undefined) return known
    const stored: StoredZone = this.#store.zone(published.zone.name)
    const { list } = await readCatalog(published.zone.name, await stored.contentsOf(version), Number.POSITIVE_INFINITY, pause)
    const groups = new Map(Array.from(list, ([name, { group }]) => [name, group]))
    published.know(version, groups)
    return groups
  }

  async releasedList({ name }: FleetZone): Promise<PublishedList> {
    const published = this.#catalogs.get(name)
    return published === undefined ? NO_LIST : await this.listOf(published, this.#store.zone(name).released)
  }

  /** Nodes may have a version of the catalog that lists the zone. */
  isListed(zone: ZoneName, catalog: ZoneName): boolean {
    const published = this.#catalogs.get(catalog)
    const { released } = this.#store.zone(catalog)
    if (published === undefined || released === undefined) return false
    return published.knownList(released)?.has(zone) ?? true
  }
}

/** A first list that lacks more zones than this is not looked into for zones that moved during the downtime. */
const MOST_MOVED = 1_000
