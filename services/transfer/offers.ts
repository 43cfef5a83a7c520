/** The version that a zone offers to a caller now: the newest one released to it, until the zone expires. */
import { soaOf } from '../../lib/dns/message.js'
import type { Serial } from '../../lib/dns/serial.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { mayHaveOther } from '../../lib/fleet/node-content.js'
import { expiresAt } from '../../lib/state/expiry.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey } from '../../lib/state/tables.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import { unknownVersion } from '../../lib/store/commit.js'
import type { Version } from '../../lib/store/version.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

/** A peer hub checks versions itself, and also gets held ones. */
export type Asker = { kind: 'nodes'; nodes: readonly string[] } | { kind: 'hub'; id: string }

export class Offer {
  readonly zone: FleetZone
  readonly serial: Serial
  readonly digest: string
  /** Octets of the records in stored form. */
  readonly octets: number
  /** The SOA record in stored form. */
  readonly soa: Buffer
  readonly expiresInSeconds: number
  readonly #store: ZoneStore

  constructor(zone: FleetZone, { serial, digest, octets, soa }: Offered, expiresInSeconds: number, store: ZoneStore) {
    this.zone = zone
    this.serial = serial
    this.digest = digest
    this.octets = octets
    this.soa = soa
    this.expiresInSeconds = expiresInSeconds
    this.#store = store
  }

  /** Opens a zone that rests: an SOA query does not. */
  get stored(): StoredZone {
    return this.#store.zone(this.zone.name)
  }

  /** Throws StoreError STORE_UNKNOWN_VERSION when it is no longer kept. */
  get version(): Version {
    const version = this.stored.find(this.serial, this.digest)
    if (version === undefined) throw unknownVersion(this.zone.name, this.serial)
    return version
  }
}

type Offered = Pick<Version, 'serial' | 'digest' | 'octets' | 'soa'>

/**
 * Undefined when no version is released, the zone cannot be read at the moment, or it has expired (RFC 1034 §4.3.5). Several nodes may query from one address with
 * one key: they get only a version that all of them may have.
 */
export function offerOf(
  zone: FleetZone,
  asker: Asker,
  parts: { store: ZoneStore; board: Board; clock: Clock },
): Offer | undefined {
  const { store, board, clock } = parts
  const version =
    store.resting(zone.name) ?? (store.isBlank(zone.name) ? undefined : openVersionFor(store.readable(zone.name), asker))
  if (!version) return undefined
  const { expire } = soaOf(version.soa)
  const cell = board.get('zones', zone.name)
  const primaries = zone.primaries.flatMap((primary) => board.get('primaries', pairKey(zone.name, primary.id)) ?? [])
  const deadline = cell && expiresAt(cell, expire, primaries)
  const left = deadline === undefined ? expire : Math.floor((deadline - clock.now()) / 1000)
  return left < 0 ? undefined : new Offer(zone, version, left, store)
}

const openVersionFor = (stored: StoredZone | undefined, asker: Asker): Version | undefined =>
  asker.kind === 'hub' ? stored?.latest : stored?.releasedToAll(asker.nodes)

/**
 * A difference sequence fits only the content that it was made from: a caller that may have other content under its serial gets
 * AXFR.
 */
export function isOnOtherBase({ offer, asker }: { offer: Offer; asker: Asker }, serial: Serial, board: Board): boolean {
  if (asker.kind === 'hub') return false
  const digest = offer.stored.find(serial)?.digest
  return asker.nodes.some((node) => mayHaveOther(board.pairs.at(offer.zone.name, node), serial, digest))
}
