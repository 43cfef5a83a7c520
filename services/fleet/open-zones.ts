/** Opens the zones that come into the fleet, so that one that cannot be opened is found before anything is changed. */
import type { ZoneName } from '../../lib/dns/name.js'
import { pause } from '../../lib/runtime/turns.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

/** A zone at rest was opened before, and stays closed, as one without anything does. In slices. Rejects with StoreError. */
export async function openZones(names: Iterable<ZoneName>, store: ZoneStore): Promise<void> {
  for (const name of names) {
    if (!store.isResting(name) && !store.isBlank(name)) store.zone(name)
    await pause()
  }
}
