/** Turns the config's plain values into the fleet that lib uses. */
import type { Config } from '../config/config.js'
import { nameToWire } from '../lib/dns/name.js'
import { TsigKey } from '../lib/dns/tsig-record.js'
import type { SealKeys } from '../lib/state/seals.js'
import { Fleet, type FleetNode, type FleetZone, type Primary } from '../lib/fleet/fleet.js'
import { isSameNode, isSameRemote, isSameZone } from '../lib/fleet/same.js'

/** Zones, nodes and primaries without a change since `before` are the same objects, so that `diff` finds the others. */
export function fleetOfConfig(config: Config, before?: Fleet): Fleet {
  const keys = new Map(Array.from(config.keys, ([id, key]) => [id, new TsigKey(key.name, key.algorithm, key.secret, id)]))
  const keyOf = (id: string | undefined): TsigKey | undefined => (id === undefined ? undefined : keys.get(id))
  const primaries = new Map<string, Primary>(
    Array.from(config.primaries.values(), ({ id, address, key }) => [
      id,
      kept(before?.primaries.get(id), { id, address, key: keyOf(key) }, isSameRemote),
    ]),
  )
  const nodes = Array.from(
    config.nodes.values(),
    ({ id, cloud, site, paths, key }): FleetNode =>
      kept(
        before?.nodes.get(id),
        { id, cloud, site, paths: paths.map((address) => ({ id, address, key: keyOf(key) })), key: keyOf(key) },
        isSameNode,
      ),
  )
  const nodesOf = new Map<string, FleetNode[]>()
  const nodesIn = (clouds: readonly string[]): FleetNode[] => {
    const known = nodesOf.get(clouds.join(' '))
    if (known !== undefined) return known
    const made = nodes.filter(({ cloud }) => clouds.includes(cloud))
    nodesOf.set(clouds.join(' '), made)
    return made
  }
  const zones = Array.from(config.zones.values(), (zone): FleetZone => {
    const known = before?.zones.get(zone.name)
    return kept(
      known,
      {
        name: zone.name,
        apex: known?.apex ?? nameToWire(zone.name),
        primaries: zone.primaries.map((id) => primaries.get(id)!),
        clouds: zone.clouds,
        nodes: nodesIn(zone.clouds),
        refresh: zone.refresh,
        limits: zone.limits,
        checks: zone.checks,
      },
      isSameZone,
    )
  })
  const peers = [...config.hubs.values()]
    .filter(({ id }) => id !== config.hub)
    .map(({ id, address, key }): Primary => ({ id, address, key: keyOf(key) }))
  return new Fleet(
    zones,
    nodes,
    primaries.values(),
    Array.from(config.clouds.values(), ({ id, addresses }) => ({ id, addresses })),
    peers,
  )
}

const kept = <T>(before: T | undefined, now: T, isSame: (a: T, b: T) => boolean): T =>
  before !== undefined && isSame(before, now) ? before : now

/** The keys that seal decisions in Redis: each hub's key under `hubs`. */
export function sealKeysOf({ hub, hubs, keys }: Config): SealKeys {
  const known = [...hubs.values()].flatMap(({ id, key: name }): [string, TsigKey][] => {
    const key = keys.get(name)
    return key === undefined ? [] : [[id, new TsigKey(key.name, key.algorithm, key.secret, name)]]
  })
  return { hub, keys: new Map(known) }
}
