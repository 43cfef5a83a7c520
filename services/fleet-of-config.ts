/** The config's plain values → the fleet that lib works with. */
import type { Config } from '../config/config.js'
import { nameToWire, type ZoneName } from '../lib/dns/name.js'
import { TsigKey } from '../lib/dns/tsig-record.js'
import type { SealKeys } from '../lib/state/seals.js'
import { splitPair } from '../lib/state/tables.js'
import { Fleet, type FleetNode, type FleetZone, type Primary } from '../lib/fleet/fleet.js'

export function fleetOfConfig(config: Config): Fleet {
  const keys = new Map(Array.from(config.keys, ([id, key]) => [id, new TsigKey(key.name, key.algorithm, key.secret, id)]))
  const keyOf = (id: string | undefined): TsigKey | undefined => (id === undefined ? undefined : keys.get(id))
  const primaries = new Map<string, Primary>(
    Array.from(config.primaries.values(), ({ id, address, key }) => [id, { id, address, key: keyOf(key) }]),
  )
  const nodes = Array.from(
    config.nodes.values(),
    ({ id, cloud, site, paths, key }): FleetNode => ({
      id,
      cloud,
      site,
      paths: paths.map((address) => ({ id, address, key: keyOf(key) })),
      key: keyOf(key),
    }),
  )
  const zones = Array.from(
    config.zones.values(),
    (zone): FleetZone => ({
      name: zone.name,
      apex: nameToWire(zone.name),
      primaries: zone.primaries.map((id) => primaries.get(id)!),
      clouds: zone.clouds,
      nodes: nodes.filter((node) => zone.clouds.includes(node.cloud)),
      refresh: zone.refresh,
      limits: zone.limits,
      checks: zone.checks,
    }),
  )
  const peers = [...config.hubs.values()]
    .filter(({ id }) => id !== config.hub)
    .map(({ id, address, key }): Primary => ({ id, address, key: keyOf(key) }))
  return new Fleet(zones, nodes, primaries.values(), [...config.clouds.keys()], peers)
}

/** Whether zone and node of the key of a node's cell, `zone node`, are in the fleet. */
export function hasPair({ zones, nodes }: Fleet, key: string): boolean {
  const [zone, node] = splitPair(key)
  return zones.has(zone as ZoneName) && nodes.has(node)
}

/** What decisions in Redis are sealed with: each hub's key under `hubs`. */
export function sealKeysOf({ hub, hubs, keys }: Config): SealKeys {
  const known = [...hubs.values()].flatMap(({ id, key: name }): [string, TsigKey][] => {
    const key = keys.get(name)
    return key === undefined ? [] : [[id, new TsigKey(key.name, key.algorithm, key.secret, name)]]
  })
  return { hub, keys: new Map(known) }
}
