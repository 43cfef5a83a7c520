/**
 * Publishes catalog zones (RFC 9432): the list of zones that a cloud or node carries becomes a version of the catalog, made by this
 * hub, which passes the same checks and stages as a version of a primary. A zone is a member as soon as a node may have it.
 */
import { catalogChange, catalogContents, type PublishedList } from '../../lib/catalog/build-catalog.js'
import { readCatalog } from '../../lib/catalog/read-catalog.js'
import type { CheckReport } from '../../lib/checks/check.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { isNewer } from '../../lib/dns/serial.js'
import { describeError } from '../../lib/errors.js'
import { everyZoneOf, type Fleet, type FleetDiff, type FleetNode, type FleetZone } from '../../lib/fleet/fleet.js'
import { catalogReport } from '../../lib/release/catalog-check.js'
import { Departures, type DepartureParts } from '../../lib/release/departures.js'
import { isOursToPublish, nextPublishedSerial, oldestShown } from '../../lib/release/publish-turn.js'
import type { ReleaseDecider } from '../../lib/release/release-decider.js'
import { noteRefreshed } from '../../lib/release/zone-cells.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { pause } from '../../lib/runtime/turns.js'
import type { InTurn } from '../../lib/runtime/zone-turns.js'
import { hubsOf } from '../../lib/state/hub-presence.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { Judge } from '../../lib/store/commit.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import { isReleasedTo, soaOfVersion, type Version } from '../../lib/store/version.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { isNewByCatalog, type PublishedPlace } from './new-by-catalog.js'
import { PublishPeers, type PublishPeersParts } from './publish-peers.js'
import { type Published, PublishedZones } from './published-zones.js'

export interface PublisherParts extends PublishPeersParts, DepartureParts {
  bus: SignalBus
  log: Logger
  decider: ReleaseDecider
  inTurn: InTurn
  onCommitted: (zone: FleetZone, version: Version) => void
  /** This process owns the zone. */
  owns: (zone: ZoneName) => boolean
  /** Where several processes share the zones: the catalogs of the config, which one of them publishes. */
  shared?: { published: () => Iterable<PublishedPlace> } | undefined
}

/** Source of the versions that this hub makes. */
export const PUBLISHED_HERE = 'published'
/** A version waits until nothing changed for GATHER_MS, but not for MOST_GATHER_MS: zones that are added together are few versions. */
const GATHER_MS = 200
const MOST_GATHER_MS = 2_000
/** NSD loads itself anew for each version, and falls ever farther behind quick ones: the next version waits for the last one. */
const UNCONFIRMED_MS = 5_000
const TICK_MS = 1_000
/** Ticks between two polls of the peer hubs, in case their signal was lost. */
const PEER_TICKS = 30

export class CatalogPublisher {
  readonly #parts: PublisherParts
  readonly #departures: Departures
  readonly #zones: PublishedZones
  readonly #peers: PublishPeers
  #fleet: Fleet
  #timer: NodeJS.Timeout | undefined
  #waiting: NodeJS.Timeout | undefined
  #waitingSince = 0
  #ticks = 0
  #isAsking = false
  #isStopped = false
  #isPublishing = false
  #unlisten: () => void = () => undefined
  #adopting: Promise<void> = Promise.resolve()
  /** The list of the version that is being committed, so that its check need not read it. */
  #making: { zone: ZoneName; list: PublishedList } | undefined

  constructor(fleet: Fleet, parts: PublisherParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#departures = new Departures(parts)
    this.#peers = new PublishPeers(parts)
    this.#zones = new PublishedZones(parts.store, this.#departures, parts.shared && parts)
  }

  async start(): Promise<void> {
    this.#timer = setInterval(
      guard('publisher timer', () => this.#tick()),
      TICK_MS,
    ).unref()
    if (this.#parts.shared === undefined) return await this.begin(this.#fleet)
    this.#unlisten = this.#parts.board.onChange(
      ({ key }, origin) => {
        const zone = origin === 'there' ? this.#fleet.zones.get(key as ZoneName) : undefined
        if (zone !== undefined) this.noteRelease(zone)
      },
      { tables: ['zones'] },
    )
  }

  /** Publishes the catalogs of this fleet, which has the zones of all processes. */
  async begin(fleet: Fleet): Promise<void> {
    this.#isPublishing = true
    await this.adopt(fleet, everyZoneOf(fleet))
  }

  /** Another process publishes from now on. */
  clear(): void {
    this.#isPublishing = false
    this.#adopting = this.#adopting.then(() => this.#zones.clear())
    this.#zones.clear()
  }

  /** Resolves when the catalogs have the zones that changed; one change after the other, in slices. */
  adopt(fleet: Fleet, diff: FleetDiff): Promise<void> {
    this.#fleet = fleet
    this.#adopting = this.#adopting.then(async () => {
      if (this.#isStopped || !this.#isPublishing) return
      try {
        await this.#zones.adopt(fleet, diff)
      } catch (error) {
        this.#parts.log.error({ op: 'catalog', err: describeError(error) }, 'published catalogs not updated')
      }
      this.#publishSoon()
    })
    return this.#adopting
  }

  /** A version of a zone is released, to some nodes at least: the zone can be a member from now on. */
  noteRelease(zone: FleetZone): void {
    if (this.#zones.noteRelease(zone)) this.#publishSoon()
  }

  /** The node consumes a catalog that will list the zone, and has no version yet that does. */
  isUnlisted(zone: FleetZone, node: FleetNode): boolean {
    const { board, shared } = this.#parts
    if (this.#isPublishing || shared === undefined) return this.#zones.isUnlisted(zone, node, board)
    return isNewByCatalog(zone, node, shared.published(), board)
  }

  #publishSoon(): void {
    if (this.#isStopped) return
    if (this.#waiting !== undefined) {
      if (performance.now() - this.#waitingSince < MOST_GATHER_MS - GATHER_MS) this.#waiting.refresh()
      return
    }
    const publish = guard('publisher', () => {
      this.#waiting = undefined
      for (const published of this.#zones.due())
        if (this.#isUnderWay(published)) this.#publishSoon()
        else void this.#publish(published)
    })
    this.#waitingSince = performance.now()
    this.#waiting = setTimeout(publish, GATHER_MS).unref()
  }

  /** A node has not confirmed the last version, which is new. */
  #isUnderWay({ zone }: Published): boolean {
    const { board, clock, store } = this.#parts
    const { latest } = store.zone(zone.name)
    if (latest === undefined || clock.now() - latest.committedAt > UNCONFIRMED_MS) return false
    const isBehind = ({ id }: FleetNode): boolean => isNewer(latest.serial, board.pairs.at(zone.name, id)?.serial)
    return zone.nodes.some((node) => isReleasedTo(latest, node.id) && isBehind(node))
  }

  async #tick(): Promise<void> {
    if (this.#zones.hasDue) this.#publishSoon()
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      if (++this.#ticks % PEER_TICKS === 0) {
        for (const { zone } of this.#zones.all) await this.#peers.ask(zone, this.#fleet.peers)
        // The hub that published may be away now.
        this.#zones.touchAll()
      }
      if (this.#departures.size === 0) return
      const isOffered = (zone: ZoneName, catalog: ZoneName): boolean => this.#zones.isListed(zone, catalog)
      if ((await this.#departures.ask(isOffered)).length > 0) this.#publishSoon()
      this.#zones.touchAll()
    } finally {
      this.#isAsking = false
    }
  }

  get #place(): { own: string; hubs: string[] } {
    const { hub } = this.#parts
    return { own: hub, hubs: [hub, ...this.#fleet.peers.map(({ id }) => id)] }
  }

  async #publish(published: Published): Promise<void> {
    const { zone } = published
    const { board, clock, hub, inTurn, log } = this.#parts
    try {
      await this.#peers.ask(zone, this.#fleet.peers)
      await inTurn(zone.name, async () => {
        if (this.#isStopped || this.#zones.get(zone.name) !== published) return
        published.isDue = false
        if (isOursToPublish(this.#place, hubsOf(board, hub, clock.now()))) await this.#make(published)
        await this.#show(published)
      })
    } catch (error) {
      published.isDue = true
      log.error({ zone: zone.name, op: 'catalog', err: describeError(error) }, 'catalog not published; retrying')
    }
  }

  async #make(published: Published): Promise<void> {
    const { board, clock, log, store } = this.#parts
    const { zone } = published
    const stored = store.zone(zone.name)
    const last = stored.latest
    const before = await this.#zones.listOf(published, last)
    const list = published.wanted(before)
    if (last === undefined && list.size === 0) return
    const serial = nextPublishedSerial(this.#place, last?.serial, clock.wall?.() ?? clock.now())
    const isWhole = last === undefined || stored.isDamaged
    const change = isWhole ? undefined : await catalogChange(zone.apex, soaOfVersion(last), serial, before, list, pause)
    if (!isWhole && change === undefined) return
    this.#making = { zone: zone.name, list }
    try {
      const version =
        change === undefined
          ? await this.#commitWhole(published, stored, await catalogContents(zone.apex, serial, list, pause))
          : await stored.commitIncremental([change], last!, this.#judge(zone, stored))
      published.know(version, list)
      published.noteAdded(version.serial, list, before, oldestShown(zone, board))
      log.info({ zone: zone.name, op: 'catalog', serial: version.serial, members: list.size }, 'catalog made')
      this.#onCommitted(zone, stored, version)
    } finally {
      this.#making = undefined
    }
  }

  async #commitWhole({ zone }: Published, stored: StoredZone, contents: ZoneContents): Promise<Version> {
    const draft = stored.draft(contents)
    try {
      return await stored.commitFull(draft, stored.latest, this.#judge(zone, stored))
    } catch (error) {
      await draft.discard()
      throw error
    }
  }

  #judge(zone: FleetZone, stored: StoredZone): Judge {
    const { clock, decider } = this.#parts
    const seenAt = clock.now()
    return async (contents, change, written) => ({
      seenAt,
      committedAt: clock.now(),
      from: PUBLISHED_HERE,
      sources: {},
      ...(await decider.decide(zone, stored, contents, change, {
        expired: false,
        approvedBy: undefined,
        objection: undefined,
        written,
      })),
    })
  }

  #onCommitted(zone: FleetZone, stored: StoredZone, version: Version): void {
    const { board, bus, clock, log, onCommitted } = this.#parts
    noteRefreshed(board, stored, clock.now(), undefined)
    onCommitted(zone, version)
    if (version.rollout?.state === 'held')
      log.error(
        { zone: zone.name, op: 'check', serial: version.serial, reason: version.rollout.reason },
        'version held by checks; approve or reject it',
      )
    bus.emit('committed', { zone: zone.name, serial: version.serial, at: version.committedAt })
  }

  /** Before the release of a version of a published catalog, made here or by a peer hub. */
  async check(zone: FleetZone, contents: ZoneContents): Promise<CheckReport> {
    const before = await this.#zones.releasedList(zone)
    const making = this.#making?.zone === zone.name ? this.#making.list : undefined
    const now = making ?? (await readCatalog(zone.name, contents, Number.POSITIVE_INFINITY, pause, 'pending')).list
    return await catalogReport(now, before, zone.checks.shrink, [], pause)
  }

  async #show({ zone }: Published): Promise<void> {
    const { board, clock, store } = this.#parts
    const { finding } = this.#departures
    board.set('catalogs', zone.name, {
      at: clock.now(),
      serial: store.zone(zone.name).released?.serial,
      members: (await this.#zones.releasedList(zone)).size,
      leaving: 0,
      error: undefined,
      findings: finding === undefined ? [] : [finding],
    })
  }

  /** The release of a version changes what `zonecast catalogs` shows. */
  noteProgress(zone: FleetZone): void {
    const published = this.#zones.get(zone.name)
    if (published !== undefined) void this.#show(published).catch(() => undefined)
  }

  stop(): void {
    this.#isStopped = true
    this.#unlisten()
    clearInterval(this.#timer)
    clearTimeout(this.#waiting)
  }
}
