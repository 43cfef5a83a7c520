/** Resolves the zone list: the settings of each zone, shared by all zones that have the same. */
import type { ZoneName } from '../lib/dns/name.js'
import { checkBounds } from './bounds.js'
import { checkSettingsFor, type ZoneChecks } from './checks-schema.js'
import type { Config, ZoneConfig } from './config.js'
import type { Report } from './report.js'
import type { RawConfig } from './schema.js'

/** The zone list: where the entries of the raw config are in it, and the zones of the others, which have no settings. */
export interface ZoneList {
  positions: readonly number[]
  plain: readonly (ZoneName | undefined)[]
}

type RawZone = Omit<RawConfig['zones'][number], 'name'>

const PLAIN: RawZone = { limits: {} }

/** Adds the zones to the config, in file order. Returns the index of each in the file's list. */
export function resolveZones(
  raw: RawConfig,
  { positions, plain }: ZoneList,
  config: Config,
  report: Report,
): Map<ZoneName, number> {
  const indexes = new Map<ZoneName, number>()
  const entries = raw.zones.map((zone, i) => ({ zone, index: positions[i] ?? i }))
  const checksOf = checkSettingsFor(raw.checks, [
    ...plain.filter((name) => name !== undefined),
    ...raw.zones.map(({ name }) => name as ZoneName),
  ])
  const settings = new SharedSettings(config)
  const add = (name: ZoneName, zone: RawZone, index: number): void => {
    if (indexes.has(name))
      report('CONFIG_DUPLICATE', ['zones', index, 'name'], `zone ${name} is here twice: remove one of the two`)
    else {
      indexes.set(name, index)
      if (zone.refresh !== undefined) {
        const { minMs, maxMs } = boundsOf(zone, config)
        checkBounds(minMs, maxMs, ['zones', index, 'refresh'], report)
      }
      config.zones.set(name, settings.of(zone, checksOf(name)))
    }
  }
  let next = 0
  for (let index = 0; index < plain.length; index++) {
    const name = plain[index]
    if (name !== undefined) add(name, PLAIN, index)
    else if (next < entries.length) {
      const { zone } = entries[next++]!
      add(zone.name as ZoneName, zone, index)
    }
  }
  for (const { zone, index } of entries.slice(next)) add(zone.name as ZoneName, zone, index)
  return indexes
}

const boundsOf = ({ refresh }: RawZone, { defaults }: Config): ZoneConfig['refresh'] => ({
  minMs: refresh?.min ?? defaults.refresh.minMs,
  maxMs: refresh?.max ?? defaults.refresh.maxMs,
})

/** One object for all zones with the same settings. */
class SharedSettings {
  readonly #config: Config
  readonly #plain = new Map<ZoneChecks, ZoneConfig>()
  readonly #others = new Map<string, Map<ZoneChecks, ZoneConfig>>()

  constructor(config: Config) {
    this.#config = config
  }

  of(zone: RawZone, checks: ZoneChecks): ZoneConfig {
    const { primaries, clouds, refresh, limits } = zone
    const known = zone === PLAIN ? this.#plain : this.#like(JSON.stringify([primaries, clouds, refresh, limits]))
    let settings = known.get(checks)
    if (settings === undefined) {
      settings = {
        primaries: primaries ?? [...this.#config.primaries.keys()],
        clouds: clouds ?? [...this.#config.clouds.keys()],
        refresh: boundsOf(zone, this.#config),
        limits: Object.fromEntries(Object.entries(limits).filter(([, most]) => most !== undefined)),
        checks,
      }
      known.set(checks, settings)
    }
    return settings
  }

  #like(text: string): Map<ZoneChecks, ZoneConfig> {
    const known = this.#others.get(text) ?? new Map<ZoneChecks, ZoneConfig>()
    this.#others.set(text, known)
    return known
  }
}
