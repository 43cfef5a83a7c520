/** Turns the config's plain values into the fleet that lib uses. */
import type { Config, ZoneConfig } from '../config/config.js'
import type { ZoneName } from '../lib/dns/name.js'
import { TsigKey } from '../lib/dns/tsig-record.js'
import type { SealKeys } from '../lib/state/seals.js'
import { Fleet, type FleetNode, type FleetZone, type Primary, ZoneOfFleet, type ZoneRules } from '../lib/fleet/fleet.js'
import { isSameNode, isSameRemote, isSameRules } from '../lib/fleet/same.js'

/** Well below a millisecond of work. */
const ZONES_PER_STEP = 500

/** Zones, nodes and primaries without a change since `before` are the same objects, so that `diff` finds the others. */
export function fleetOfConfig(config: Config, before?: Fleet): Fleet {
  const steps = fleetInSteps(config, before)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** As `fleetOfConfig`, in steps of a few zones each. */
export function* fleetInSteps(config: Config, before?: Fleet): Generator<undefined, Fleet> {
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
  const rulesOf = rulesFor(primaries, nodes)
  const zones = new Map<ZoneName, FleetZone>()
  const isSame = comparedOnce(isSameRules)
  let areAllKept = before !== undefined && before.zones.size === config.zones.size
  for (const [name, settings] of config.zones) {
    const known = before?.zones.get(name)
    const rules = rulesOf(settings)
    const isKept = known instanceof ZoneOfFleet && isSame(known.rules, rules)
    const zone = isKept ? known : new ZoneOfFleet(known?.name ?? name, rules)
    areAllKept &&= isKept
    zones.set(zone.name, zone)
    if (zones.size % ZONES_PER_STEP === 0) yield
  }
  const peers = [...config.hubs.values()]
    .filter(({ id }) => id !== config.hub)
    .map(({ id, address, key }): Primary => ({ id, address, key: keyOf(key) }))
  return new Fleet(
    areAllKept ? before!.zones : zones,
    nodes,
    primaries.values(),
    Array.from(config.clouds.values(), ({ id, addresses }) => ({ id, addresses })),
    peers,
  )
}

/** The rules of zones with these settings: one object for each of the settings, and one list of nodes for the same clouds. */
function rulesFor(primaries: ReadonlyMap<string, Primary>, nodes: readonly FleetNode[]): (settings: ZoneConfig) => ZoneRules {
  const nodesOf = new Map<string, FleetNode[]>()
  const nodesIn = (clouds: readonly string[]): FleetNode[] => {
    const known = nodesOf.get(clouds.join(' '))
    if (known !== undefined) return known
    const made = nodes.filter(({ cloud }) => clouds.includes(cloud))
    nodesOf.set(clouds.join(' '), made)
    return made
  }
  const rules = new Map<ZoneConfig, ZoneRules>()
  return (settings) => {
    let known = rules.get(settings)
    if (known === undefined) {
      known = {
        primaries: settings.primaries.map((id) => primaries.get(id)!),
        clouds: settings.clouds,
        nodes: nodesIn(settings.clouds),
        refresh: settings.refresh,
        limits: settings.limits,
        checks: settings.checks,
      }
      rules.set(settings, known)
    }
    return known
  }
}

/** The rules of a hundred thousand zones are few pairs. */
function comparedOnce(isSame: (a: ZoneRules, b: ZoneRules) => boolean): typeof isSame {
  const results = new Map<ZoneRules, Map<ZoneRules, boolean>>()
  return (a, b) => {
    const known = results.get(a) ?? new Map<ZoneRules, boolean>()
    results.set(a, known)
    const result = known.get(b) ?? isSame(a, b)
    known.set(b, result)
    return result
  }
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
