/** Who asks, and what for: source address and TSIG key → nodes or primaries (contract §4). Decides nothing about versions. */
import type { TsigKey } from '../../lib/dns/tsig-record.js'
import type { Fleet, FleetNode, FleetZone, Primary } from '../../lib/fleet/fleet.js'

/** The same secret, and not the same name alone: two peers may call their keys alike. */
const holdsKey = (wanted: TsigKey | undefined, used: TsigKey | undefined): boolean =>
  wanted === undefined ? used === undefined : used !== undefined && wanted.equals(used)

/**
 * The nodes this asker can be: at this address, with this key, carrying the zone. Several nodes may share an address and
 * differ by key only; without keys they cannot be told apart, and each of them is a candidate.
 */
export function nodesAsking(fleet: Fleet, ip: string, key: TsigKey | undefined, zone: FleetZone): FleetNode[] {
  return fleet.nodesAt(ip).filter((node) => holdsKey(node.key, key) && zone.clouds.includes(node.cloud))
}

/** The other hub that this asker is. Whoever may be a node is taken for one. */
export const peerAsking = (fleet: Fleet, ip: string, key: TsigKey | undefined): Primary | undefined =>
  fleet.peersAt(ip).find((peer) => holdsKey(peer.key, key))

/** The primaries of the zone that this sender can be. */
export function primariesNotifying(fleet: Fleet, ip: string, key: TsigKey | undefined, zone: FleetZone): Primary[] {
  const here = new Set(fleet.primariesAt(ip).map((primary) => primary.id))
  return zone.primaries.filter((primary) => here.has(primary.id) && holdsKey(primary.key, key))
}

/** Whether the address belongs to anybody we know with this key: decides between NOTAUTH and REFUSED for a strange zone. */
export function isAcquainted(fleet: Fleet, ip: string, key: TsigKey | undefined): boolean {
  return [...fleet.nodesAt(ip), ...fleet.primariesAt(ip), ...fleet.peersAt(ip)].some((who) => holdsKey(who.key, key))
}
