/** Prepares a reload: the next config, its fleet, and the zones that differ; read and compared in slices. */
import type { Config } from '../config/config.js'
import type { Fleet, FleetDiff } from '../lib/fleet/fleet.js'
import { pause, withRests } from '../lib/runtime/turns.js'
import type { ZoneStore } from '../lib/store/zone-store.js'
import { expectFixed } from './fixed-settings.js'
import { fleetInSteps } from './fleet-of-config.js'
import { loadAside } from './load-aside.js'

export interface NextFleet {
  next: Config
  fingerprint: string
  fleet: Fleet
  diff: FleetDiff
}

/**
 * Reads the config file again. Rejects with ConfigError, with FixedSettingError for a setting that is fixed at the start, and
 * with StoreError for a new zone that cannot be opened; then nothing has changed.
 */
export async function nextFleet(config: Config, before: Fleet, store: ZoneStore): Promise<NextFleet> {
  const { config: next, fingerprint } = await loadAside(config.file, (name) => before.zones.get(name)?.name)
  expectFixed(config, next)
  const fleet = await withRests(fleetInSteps(next, before))
  const diff = await withRests(fleet.diffInSteps(before))
  for (const { name } of diff.added) {
    if (!store.isResting(name)) store.zone(name)
    await pause()
  }
  return { next, fingerprint, fleet, diff }
}
