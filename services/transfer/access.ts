/**
 * Maps the source address, TSIG key and certificate of a request to nodes or primaries (docs/contract.md). Decides nothing about
 * versions.
 */
import type { TsigKey } from '../../lib/dns/tsig-record.js'
import type { Fleet, FleetNode, FleetZone, Primary } from '../../lib/fleet/fleet.js'
import { type ClientProof, holdsKey } from '../../lib/fleet/remote.js'
import type { Peer } from '../../lib/transport/channel.js'

/**
 * Why a peer that must come over TLS does not get what it asks for; undefined when it may. A peer without that setting may come
 * either way.
 */
function objectionTo(proof: ClientProof | undefined, { tls }: Pick<Peer, 'tls'>): string | undefined {
  if (proof === undefined) return undefined
  return tls === undefined ? 'in the clear, and only TLS is allowed' : tls.objectionTo(proof)
}

const carries = (node: FleetNode, zone: FleetZone): boolean =>
  zone.clouds.includes(node.cloud) && (zone.onlyNode ?? node.id) === node.id

/**
 * The nodes that this caller can be: at this address, with this key and certificate, serving the zone. Several nodes may share an
 * address and differ only by key or certificate; without both they are indistinguishable, and each of them is a candidate.
 */
export function nodesAsking(fleet: Fleet, peer: Peer, key: TsigKey | undefined, zone: FleetZone): FleetNode[] {
  return fleet
    .nodesAt(peer.ip)
    .filter((node) => holdsKey(node, key) && carries(node, zone) && objectionTo(node.tls, peer) === undefined)
}

/** The peer hub that this caller is. A caller that may be a node counts as a node. */
export const peerAsking = (fleet: Fleet, peer: Peer, key: TsigKey | undefined): Primary | undefined =>
  fleet.peersAt(peer.ip).find((hub) => holdsKey(hub, key) && objectionTo(hub.tls, peer) === undefined)

/** Peers that this caller would be if it came as its `tls` setting requires, and why it may not. */
export function barredByTls(
  fleet: Fleet,
  peer: Peer,
  key: TsigKey | undefined,
  zone: FleetZone,
): { nodes: FleetNode[]; why: string } | undefined {
  const nodes = fleet.nodesAt(peer.ip).filter((node) => holdsKey(node, key) && carries(node, zone))
  const hub = fleet.peersAt(peer.ip).find((each) => holdsKey(each, key))
  const objection = [...nodes, ...(hub === undefined ? [] : [hub])]
    .map(({ tls }) => objectionTo(tls, peer))
    .find((why) => why !== undefined)
  if (objection === undefined) return undefined
  const who = [...nodes, ...(hub === undefined ? [] : [hub])].map(({ id }) => id)
  return { nodes, why: `a request of ${who.slice(0, 5).join(' or ')} for ${zone.name} came ${objection}` }
}

/**
 * The primaries of the zone that this sender can be. NSD and BIND 9.18 send NOTIFY only in the clear: it is accepted from a primary
 * with TLS as well, since it only makes the hub ask, over TLS.
 */
export function primariesNotifying(fleet: Fleet, ip: string, key: TsigKey | undefined, zone: FleetZone): Primary[] {
  const here = new Set(fleet.primariesAt(ip).map((primary) => primary.id))
  return zone.primaries.filter((primary) => here.has(primary.id) && holdsKey(primary, key))
}

/** True when a known peer has this address and key: decides between NOTAUTH and REFUSED for an unknown zone. */
export function isAcquainted(fleet: Fleet, ip: string, key: TsigKey | undefined): boolean {
  return [...fleet.nodesAt(ip), ...fleet.primariesAt(ip), ...fleet.peersAt(ip)].some((who) => holdsKey(who, key))
}
