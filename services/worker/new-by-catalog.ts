/** Zones that a node learns of by a catalog which another process of the hub publishes. */
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { Board } from '../../lib/state/board.js'

/** A published catalog of the config: for the nodes of a cloud, or for one node. */
export interface PublishedPlace {
  name: ZoneName
  cloud: string | undefined
  node: string | undefined
}

/**
 * The node serves a catalog that lists the zone now or soon, and never answered for the zone: it would refuse a NOTIFY, and transfers
 * the zone by itself.
 */
export function isNewByCatalog(
  zone: FleetZone,
  { id, cloud }: FleetNode,
  catalogs: Iterable<PublishedPlace>,
  board: Pick<Board, 'pairs'>,
): boolean {
  if (zone.catalog !== undefined || !zone.clouds.includes(cloud)) return false
  for (const { name, cloud: itsCloud, node } of catalogs)
    if ((node === undefined ? itsCloud === cloud : node === id) && board.pairs.at(name, id)?.serial !== undefined)
      return board.pairs.at(zone.name, id)?.serial === undefined
  return false
}
