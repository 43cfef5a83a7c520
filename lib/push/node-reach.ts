/** Questions about nodes after a reload: how they are reached, and which zones they carry. */
import { endpointText } from '../dns/endpoint.js'
import type { ZoneName } from '../dns/name.js'
import type { Fleet, FleetNode } from '../fleet/fleet.js'

/** Reached in the same way: a delivery under way may go on. */
export const isSameReach = (a: FleetNode, b: FleetNode): boolean =>
  a.cloud === b.cloud &&
  pathsText(a) === pathsText(b) &&
  (a.key === undefined ? b.key === undefined : b.key !== undefined && a.key.equals(b.key))

const pathsText = ({ paths }: FleetNode): string => paths.map(({ address }) => endpointText(address)).join(' ')

export const fleetHas = (fleet: Fleet, zone: ZoneName, node: FleetNode | undefined): boolean =>
  node !== undefined && (fleet.zones.get(zone)?.nodes.includes(node) ?? false)
