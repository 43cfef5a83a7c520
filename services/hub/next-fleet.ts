/** Prepares a reload: the next config, its fleet, and the zones that differ; read and compared in slices. */
import { expectFixed } from './fixed-settings.js'
import type { NextFleet } from '../fleet/fleet-keeper.js'
import type { FleetSource } from '../fleet/fleet-source.js'
import { openZones } from '../fleet/open-zones.js'
import { loadAside } from './load-aside.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

/**
 * Reads the config file again. Rejects with ConfigError, with FixedSettingError for a setting that is fixed at the start, and
 * with StoreError for a new zone that cannot be opened; then nothing has changed.
 */
export async function nextFleet(source: FleetSource, store: ZoneStore): Promise<NextFleet & { fingerprint: string }> {
  const { zones } = source.fleet
  const { config, fingerprint } = await loadAside(source.config.file, (name) => zones.get(name)?.name)
  expectFixed(source.config, config)
  const prepared = await source.prepare(config)
  await openZones(
    prepared.diff.added.map(({ name }) => name),
    store,
  )
  return { ...prepared, fingerprint }
}
