/** Pairs of zone and node, named by what they have in common: an order for a million pairs is a few words. */
import type { ZoneName } from '../dns/name.js'
import type { Fleet, FleetNode, FleetZone } from './fleet.js'

/** A pair is selected when every list that is given has it; without a list, all are. */
export interface PairSelection {
  zones?: readonly ZoneName[] | undefined
  /** Groups of members of catalogs. */
  groups?: readonly string[] | undefined
  nodes?: readonly string[] | undefined
  clouds?: readonly string[] | undefined
}

/** Several have no pair in common. */
export type PairSelections = PairSelection | readonly PairSelection[]

export const listOfSelections = (selections: PairSelections): readonly PairSelection[] =>
  'length' in selections ? selections : [selections]

export interface SelectedZone {
  zone: FleetZone
  /** At least one. */
  nodes: readonly FleetNode[]
}

/** The zones with selected nodes, each with these; undefined for a zone without one, so that a caller can pause. */
export function* selectPairs(selections: PairSelections, fleet: Pick<Fleet, 'zones'>): Generator<SelectedZone | undefined> {
  for (const selection of listOfSelections(selections)) yield* selectOne(selection, fleet)
}

function* selectOne(
  { zones, groups, nodes, clouds }: PairSelection,
  fleet: Pick<Fleet, 'zones'>,
): Generator<SelectedZone | undefined> {
  const [inGroups, ids, inClouds] = [groups && new Set(groups), nodes && new Set(nodes), clouds && new Set(clouds)]
  const isSelected = ({ id, cloud }: FleetNode): boolean => ids?.has(id) !== false && inClouds?.has(cloud) !== false
  // Zones with the same clouds share their list of nodes.
  const known = new Map<readonly FleetNode[], readonly FleetNode[]>()
  const of = (zone: FleetZone): readonly FleetNode[] => {
    if (inGroups !== undefined && (zone.group === undefined || !inGroups.has(zone.group))) return []
    const found = known.get(zone.nodes) ?? zone.nodes.filter(isSelected)
    known.set(zone.nodes, found)
    return found
  }
  const named = zones === undefined ? fleet.zones.values() : zonesNamed(zones, fleet)
  for (const zone of named) {
    const chosen = of(zone)
    yield chosen.length > 0 ? { zone, nodes: chosen } : undefined
  }
}

function* zonesNamed(names: readonly ZoneName[], { zones }: Pick<Fleet, 'zones'>): Generator<FleetZone> {
  for (const name of new Set(names)) {
    const zone = zones.get(name)
    if (zone !== undefined) yield zone
  }
}
