/** Opens the zone store of this process, and reports damage. */
import type { Config } from '../../config/config.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { usableMemory } from '../../lib/runtime/memory.js'
import type { StoreOptions } from '../../lib/store/store-options.js'
import { ZoneStore } from '../../lib/store/zone-store.js'

/** Reads what is known of resting zones; opens no zone. Rejects with StoreError. */
export async function openStore(
  { config, fleet }: { config: Config; fleet: Fleet },
  mode: StoreOptions['mode'],
  log: Logger,
): Promise<ZoneStore> {
  const { dataDir, hub, transfer } = config
  const store = ZoneStore.open({
    dataDir,
    hub,
    mode,
    // Each process of the transfer server has warm contents of its own.
    warmOctets: usableMemory() / (mode === 'read' ? transfer.processes : 1) / 4,
    onDamage: ({ zone, reason, setAside }) =>
      log.error({ zone, op: 'store', reason, setAside }, 'zone was damaged on disk and set aside; its next transfer is an AXFR'),
    onUnreadable: (zone, { message: err }) =>
      log.error({ zone, op: 'store', err }, 'zone cannot be read now; each use tries again'),
  })
  await store.loadRows((zone) => fleet.zones.has(zone))
  return store
}
