/** Opens the zone store of this process. */
import type { Config } from '../config/config.js'
import type { Fleet } from '../lib/fleet/fleet.js'
import type { Logger } from '../lib/runtime/logger.js'
import { usableMemory } from '../lib/runtime/memory.js'
import { ZoneStore } from '../lib/store/zone-store.js'

/** Reads what is known of resting zones; opens no zone. Rejects with StoreError. */
export async function openStore({ dataDir, hub }: Config, fleet: Fleet, isWriter: boolean, log: Logger): Promise<ZoneStore> {
  const store = ZoneStore.open({
    dataDir,
    hub,
    mode: isWriter ? 'write' : 'read',
    warmOctets: usableMemory() / 4,
    onDamage: ({ zone, reason, setAside }) =>
      log.error({ zone, op: 'store', reason, setAside }, 'zone was damaged on disk and set aside; its next transfer is an AXFR'),
  })
  await store.loadRows((zone) => fleet.zones.has(zone))
  return store
}
