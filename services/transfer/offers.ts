/** What a zone has to offer an asker right now: the newest version released to it, until the zone expires. */
import type { Serial } from '../../lib/dns/serial.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { mayHaveOther } from '../../lib/fleet/node-content.js'
import { expiresAt } from '../../lib/state/expiry.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Board } from '../../lib/state/board.js'
import { pairKey } from '../../lib/state/tables.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import { soaOfVersion, type Version } from '../../lib/store/version.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

/** Another hub judges for itself, and takes what is held as well. */
export type Asker = { kind: 'nodes'; nodes: readonly string[] } | { kind: 'hub'; id: string }

export interface Offer {
  zone: FleetZone
  stored: StoredZone
  version: Version
  expiresInSeconds: number
}

/**
 * Undefined when nothing was released or the zone has expired (RFC 1034 §4.3.5). Several nodes may ask from one address with one
 * key: what not all of them may have, none of them gets.
 */
export function offerOf(
  zone: FleetZone,
  asker: Asker,
  parts: { store: ZoneStore; board: Board; clock: Clock },
): Offer | undefined {
  const { store, board, clock } = parts
  const stored = store.zone(zone.name)
  const version = asker.kind === 'hub' ? stored.latest : stored.releasedToAll(asker.nodes)
  if (!version) return undefined
  const soa = soaOfVersion(version)
  const cell = board.get('zones', zone.name)
  const primaries = zone.primaries.flatMap((primary) => board.get('primaries', pairKey(zone.name, primary.id)) ?? [])
  const deadline = cell && expiresAt(cell, soa.expire, primaries)
  const left = deadline === undefined ? soa.expire : Math.floor((deadline - clock.now()) / 1000)
  return left < 0 ? undefined : { zone, stored, version, expiresInSeconds: left }
}

/**
 * A difference fits the content that it was made from: an asker that may have other content under its serial gets the whole zone.
 */
export function isOnOtherBase({ offer, asker }: { offer: Offer; asker: Asker }, serial: Serial, board: Board): boolean {
  if (asker.kind === 'hub') return false
  const digest = offer.stored.find(serial)?.digest
  return asker.nodes.some((node) => mayHaveOther(board.get('nodes', pairKey(offer.zone.name, node)), serial, digest))
}
