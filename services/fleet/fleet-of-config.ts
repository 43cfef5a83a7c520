/** Turns the config's plain values into the fleet that lib uses. */
import { createHmac } from 'node:crypto'
import type { Config } from '../../config/config.js'
import type { Member } from '../../lib/catalog/membership.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { TsigKey } from '../../lib/dns/tsig-record.js'
import { dataDirSecret, type SealKeys } from '../../lib/state/seals.js'
import { Fleet, type FleetZone } from '../../lib/fleet/fleet.js'
import { ZoneMaker } from './zone-maker.js'

/** Well below a millisecond of work. */
const ZONES_PER_STEP = 500

/** Zones, nodes and primaries without a change since `before` are the same objects, so that `diff` finds the others. */
export function fleetOfConfig(config: Config, before?: Fleet, maker = new ZoneMaker(config, before)): Fleet {
  const steps = fleetInSteps(config, before, maker)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** As `fleetOfConfig`, in steps of a few zones each, and with the members of catalogs. */
export function* fleetInSteps(
  config: Config,
  before?: Fleet,
  maker = new ZoneMaker(config, before),
  members: Iterable<Member> = [],
): Generator<undefined, Fleet> {
  const zones = new Map<ZoneName, FleetZone>()
  let areAllKept = before !== undefined
  for (const zone of maker.zones(members, before)) {
    areAllKept &&= before!.zones.get(zone.name) === zone
    zones.set(zone.name, zone)
    if (zones.size % ZONES_PER_STEP === 0) yield
  }
  return new Fleet(
    areAllKept && before!.zones.size === zones.size ? before!.zones : zones,
    maker.nodes.values(),
    maker.primaries.values(),
    Array.from(config.clouds.values(), ({ id, addresses }) => ({ id, addresses })),
    maker.peers,
  )
}

/** The keys that seal decisions in Redis: each hub's key under `hubs`. */
export function sealKeysOf({ hub, hubs, keys }: Config): SealKeys {
  const keyOf = (name: string): TsigKey[] => {
    const key = keys.get(name)
    return key === undefined ? [] : [new TsigKey(key.name, key.algorithm, key.secret, name)]
  }
  return { hub, keys: new Map([...hubs.values()].map(({ id, key, oldKeys }) => [id, [key, ...oldKeys].flatMap(keyOf)])) }
}

/** The secret that seals what the processes of this hub share: of its directory, or of the key that its machines have. */
export async function sealSecretOf({ hub, dataDir, workers, keys }: Config): Promise<Buffer> {
  const key = workers.key === undefined ? undefined : keys.get(workers.key)
  if (key === undefined) return await dataDirSecret(dataDir)
  return createHmac('sha256', key.secret).update(`zonecast hub ${hub}`).digest()
}
