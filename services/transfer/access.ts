/** Maps the source address and TSIG key of a request to nodes or primaries (docs/contract.md). Decides nothing about versions. */
import type { TsigKey } from '../../lib/dns/tsig-record.js'
import type { Fleet, FleetNode, FleetZone, Primary } from '../../lib/fleet/fleet.js'

/** Compares secrets, not only names: two peers may use one key name. */
const holdsKey = (wanted: TsigKey | undefined, used: TsigKey | undefined): boolean =>
  wanted === undefined ? used === undefined : used !== undefined && wanted.equals(used)

/**
 * The nodes that this caller can be: at this address, with this key, serving the zone. Several nodes may share an address and
 * differ only by key; without keys they are indistinguishable, and each of them is a candidate.
 */
export function nodesAsking(fleet: Fleet, ip: string, key: TsigKey | undefined, zone: FleetZone): FleetNode[] {
  return fleet
    .nodesAt(ip)
    .filter((node) => holdsKey(node.key, key) && zone.clouds.includes(node.cloud) && (zone.onlyNode ?? node.id) === node.id)
}

/** The peer hub that this caller is. A caller that may be a node counts as a node. */
export const peerAsking = (fleet: Fleet, ip: string, key: TsigKey | undefined): Primary | undefined =>
  fleet.peersAt(ip).find((peer) => holdsKey(peer.key, key))

/** The primaries of the zone that this sender can be. */
export function primariesNotifying(fleet: Fleet, ip: string, key: TsigKey | undefined, zone: FleetZone): Primary[] {
  const here = new Set(fleet.primariesAt(ip).map((primary) => primary.id))
  return zone.primaries.filter((primary) => here.has(primary.id) && holdsKey(primary.key, key))
}

/** True when a known peer has this address and key: decides between NOTAUTH and REFUSED for an unknown zone. */
export function isAcquainted(fleet: Fleet, ip: string, key: TsigKey | undefined): boolean {
  return [...fleet.nodesAt(ip), ...fleet.primariesAt(ip), ...fleet.peersAt(ip)].some((who) => holdsKey(who.key, key))
}
